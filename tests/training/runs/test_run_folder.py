"""What a run leaves behind, and that nothing that was there is lost."""

from __future__ import annotations

import csv
import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from small_jobs import Notebook, job, training
from small_sets import write_image

from specnet.settings import from_record
from specnet.settings.data import Folder, Synthetic
from specnet.settings.epochs import Epochs
from specnet.settings.evaluate import Evaluate
from specnet.settings.split import Split
from specnet.training import CannotRun, Options, preflight, train

MEASURED = {"epoch", "train_loss", "train_accuracy", "learning_rate", "images_per_second", "seconds"}


@pytest.mark.usefixtures("drawn_figures")
def test_a_run_s_folder(tmp_path: Path) -> None:
    settings, callback, folder = training(), Notebook(), tmp_path / "deep/run"
    run = train(job(settings), Options(run=folder), callback)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "spec.net",
        "config.json",
        "environment.json",
        "metrics.jsonl",
        "metrics.csv",
        "confusion.png",
        "model.safetensors",
        "checkpoint",
        "curves.png",
        "summary.json",
    }
    assert (folder / "spec.net").read_text() == "net Small\n"
    config = json.loads((folder / "config.json").read_text())
    assert from_record(config["training"]) == settings
    assert config["classes"] == list("0123456789")
    assert config["options"]["precision"] in ("fp32", "bf16")
    assert json.loads((folder / "environment.json").read_text())["threads"] == torch.get_num_threads()
    with Image.open(folder / "curves.png") as curves:
        assert curves.width > 500
    assert json.loads((folder / "summary.json").read_text()) == run.summary
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert metrics == callback.epochs
    with (folder / "metrics.csv").open() as file:
        assert [float(row["train_loss"]) for row in csv.DictReader(file)] == [line["train_loss"] for line in metrics]
    assert [set(line) for line in metrics] == [MEASURED | {"validation_loss", "validation_accuracy"}] * 2


def test_the_summary(tmp_path: Path) -> None:
    run = train(job(), Options(run=tmp_path / "run"))
    summary = run.summary
    assert summary.keys() == {
        "network",
        "metric",
        "test_accuracy",
        "validation_accuracy",
        "best_epoch",
        "epochs",
        "images",
        "seconds",
        "images_per_second",
        "parameters",
        "digest",
        "measured",
    }
    expected = {"name": "accuracy", "title": "accuracy", "larger_is_better": True, "is_share": True, "unit": ""}
    assert summary["metric"] == expected
    assert 0 < summary["test_accuracy"] < 1
    assert summary["parameters"] == sum(parameter.numel() for parameter in run.module.parameters())
    assert summary["epochs"] == 2
    assert summary["images"] == {"train": 1238, "validation": 200, "test": 359}
    measured = summary["measured"]
    assert (measured["part"], measured["accuracy"]) == ("test", summary["test_accuracy"])
    assert set(measured["per_class_accuracy"]) == set("0123456789")
    assert sum(map(sum, measured["confusion"])) == measured["images"] == 359


def test_without_a_test_set_the_validation_part_is_measured(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for number in range(4):
            write_image(tmp_path / "set" / name / f"{number}.png", 20 * number)
    settings = training(data=Folder(path="set"), split=Split(validation=2))
    summary = train(job(settings), Options(run=tmp_path / "run", data_dir=tmp_path)).summary
    assert (summary["test_accuracy"], summary["measured"]["part"]) == (None, "validation")
    settings = training(data=Folder(path="set"), split=None)
    summary = train(job(settings), Options(run=tmp_path / "other", data_dir=tmp_path)).summary
    assert summary["measured"] is None
    assert not (tmp_path / "other/confusion.png").exists()


def test_weights_can_be_used_on_their_own(tmp_path: Path) -> None:
    run = train(job(), Options(run=tmp_path / "run"))
    path = tmp_path / "run/model.safetensors"
    with safe_open(path, "pt") as file:
        labels = file.metadata()
    assert labels["spec"] == "net Small\n"
    assert labels["digest"] == "sha256:small"
    assert json.loads(labels["classes"]) == list("0123456789")
    assert json.loads(labels["normalize"]).keys() == {"shift", "scale"}
    weights = load_file(path)
    assert all(weights[name].equal(value) for name, value in run.module.state_dict().items())


def test_without_a_validation_part_the_last_weights_count(tmp_path: Path) -> None:
    callback = Notebook()
    run = train(job(training(split=None)), Options(run=tmp_path / "run"), callback)
    assert run.summary["validation_accuracy"] is None
    assert run.summary["best_epoch"] == 2
    assert all(set(line) == MEASURED for line in callback.epochs)


def test_watching_the_test_set_chooses_nothing(tmp_path: Path) -> None:
    settings = training(epochs=Epochs(count=4))
    watched = settings.model_copy(update={"evaluate": Evaluate(test=True)})
    callback = Notebook()
    runs = [train(job(t), Options(run=tmp_path / name), callback) for name, t in (("a", settings), ("b", watched))]
    assert "test_accuracy" in callback.epochs[-1]
    assert runs[0].summary["test_accuracy"] == runs[1].summary["test_accuracy"]
    assert runs[0].summary["best_epoch"] == runs[1].summary["best_epoch"]


def test_a_folder_with_a_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    train(job(), Options(run=tmp_path / "run"))
    before = (tmp_path / "run/model.safetensors").read_bytes()
    with pytest.raises(CannotRun, match="already holds a run; `specnet train --resume"):
        train(job(), Options(run=tmp_path / "run"))
    assert (tmp_path / "run/model.safetensors").read_bytes() == before


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    train(job(), Options(run=tmp_path))


def test_the_default_folder_is_a_new_one_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = {train(job(training(epochs=Epochs(count=0.1))), Options()).folder for _ in range(3)}
    assert len(folders) == 3
    assert all(str(folder).startswith("runs/Small-") for folder in folders)


@pytest.mark.parametrize("below", [".", "run"])
def test_a_file_in_the_way(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotRun, match="file"):
        train(job(), Options(run=tmp_path / "file" / below))


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """The last checkpoint stays whole, and no temporary file is left."""
    monkeypatch.setattr("specnet.training.engine.loop.EPOCH_SAVE_INTERVAL", 0.0)
    written, sync = list[int](), os.fsync

    def fsync(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 20:
            raise OSError(error, os.strerror(error))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(CannotRun, match=f"cannot be written: {os.strerror(error).lower()}"):
        train(job(training(epochs=Epochs(count=20))), Options(run=tmp_path / "run"))
    assert not list((tmp_path / "run").rglob("*.tmp"))
    assert list((tmp_path / "run/checkpoint").glob("*.json"))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(tiny_disk: Path) -> None:
    (tiny_disk / "ballast").write_bytes(bytes(70_000))
    with pytest.raises(CannotRun, match=r"a run of Small needs [\d.]+ KiB of disk, and .*disk has 28\.0 KiB left"):
        train(job(), Options(run=tiny_disk / "run"))
    assert not (tiny_disk / "run").exists()


def test_a_disk_that_fills_up_on_the_way(tiny_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "OTHER_FILES", -(2**20))
    (tiny_disk / "ballast").write_bytes(bytes(70_000))
    with pytest.raises(CannotRun, match="no space left on device"):
        train(job(), Options(run=tiny_disk / "run"))
    assert not list(tiny_disk.rglob("*.tmp"))


def test_top5_where_it_means_something(tmp_path: Path) -> None:
    """… with eleven classes or more."""
    for classes, has in ((10, False), (12, True)):
        callback = Notebook()
        settings = training(data=Synthetic(classes=classes, images=2000))
        train(job(settings, outputs=(classes,)), Options(run=tmp_path / f"{classes}"), callback)
        assert ("validation_top5_accuracy" in callback.epochs[0]) == has
        if has:
            assert callback.epochs[-1]["validation_top5_accuracy"] >= callback.epochs[-1]["validation_accuracy"]
