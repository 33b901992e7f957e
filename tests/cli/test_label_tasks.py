"""Several classes and numbers from the first command to the last: train, resume, evaluate, predict, show, report."""

from __future__ import annotations

import csv
import io
import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_runs import Call

import specnet
from specnet.training import Callback, Interrupted, Progress
from specnet.training.engine import loop

SPEC = """net Small
input 12x12x1
conv K=8 F=3 P=1 -> bn -> relu -> pool max F=2
fc {outputs}
train {{
  task {task}
  data npz "small.npz"
  split validation=40
  optimizer adam lr=0.01
  batch 32
  epochs 6
}}
"""

TASKS = {"multilabel": (3, "map"), "regress": (2, "rmse")}
"""The outputs and the metric of each task."""

IMAGES = 160


def paint_squares(random: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return noisy images N×12×12 with squares in some of three corners, which of them, and their number and grey."""
    shown = random.random((images, 3)) < 0.5
    greys = random.integers(90, 240, images)
    pixels = random.integers(0, 30, (images, 12, 12))
    for corner, (top, left) in enumerate(((1, 1), (1, 7), (7, 1))):
        pixels[:, top : top + 4, left : left + 4] += (shown[:, corner] * greys)[:, None, None] // 2
    return pixels.astype(np.uint8), shown.astype(np.uint8), np.stack([shown.sum(1), greys * 10], 1).astype(np.float32)


def write_data(folder: Path, task: str) -> None:
    random, arrays = np.random.default_rng(0), dict[str, np.ndarray]()
    for part, images in (("train", IMAGES), ("test", 60)):
        pixels, shown, numbers = paint_squares(random, images)
        arrays |= {f"x_{part}": pixels, f"y_{part}": shown if task == "multilabel" else numbers}
    np.savez(folder / "small.npz", **arrays)


@pytest.fixture(scope="module", params=TASKS)
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return a task, and the folder with a finished run of it, its spec, its data and two of its images."""
    task: str = request.param
    home = tmp_path_factory.mktemp(task)
    write_data(home, task)
    (home / "small.net").write_text(SPEC.format(task=task, outputs=TASKS[task][0]))
    for number, pixels in enumerate(np.load(home / "small.npz")["x_test"][:2]):
        Image.fromarray(pixels).save(home / f"{number}.png")
    specnet.train(home / "small.net", run=home / "run")
    return task, home


def test_the_run_has_its_metric_and_learns(finished: tuple[str, Path], call: Call) -> None:
    task, home = finished
    metric = TASKS[task][1]
    summary = json.loads((home / "run/summary.json").read_text())
    lines = [json.loads(line) for line in (home / "run/metrics.jsonl").read_text().splitlines()]
    assert summary["metric"]["name"] == metric
    assert isinstance(summary[f"test_{metric}"], float)
    assert summary[f"validation_{metric}"] == lines[summary["best_epoch"] - 1][f"validation_{metric}"]
    scores = [line[f"validation_{metric}"] for line in lines]
    assert summary[f"validation_{metric}"] == (max if task == "multilabel" else min)(scores)
    assert scores[-1] > 0.9 if task == "multilabel" else scores[-1] < 0.8 * scores[0]
    assert metric in {"map": "mAP", "rmse": "RMSE"} and call("runs", home)[1].count("Small") == 1


def test_evaluate_repeats_the_results_of_the_training(finished: tuple[str, Path], call: Call) -> None:
    """… with the thresholds that were chosen in the end, or in the units of the data."""
    task, home = finished
    measured = json.loads((home / "run/summary.json").read_text())["measured"]
    code, out, _ = call("evaluate", home / "run", "--format", "json")
    assert code == 0
    assert {key: value for key, value in json.loads(out).items() if key in measured} == measured
    text = call("evaluate", home / "run")[1]
    assert ("threshold" if task == "multilabel" else "standard deviation") in text
    with safe_open(home / "run/model.safetensors", "pt") as file:
        fitted = json.loads(file.metadata()["fitted"])
    assert set(fitted) == ({"thresholds"} if task == "multilabel" else {"mean", "std"})


@pytest.mark.usefixtures("drawn_figures")
def test_predictions_as_text_json_csv_and_picture(finished: tuple[str, Path], call: Call) -> None:
    task, home = finished
    images = [home / "0.png", home / "1.png"]
    assert call("predict", home / "run", *images)[1].count("png") == 2
    found = json.loads(call("predict", home / "run", *images, "--format", "json")[1])["predictions"]
    assert set(found[0]) == {"image", *(("shown", "top") if task == "multilabel" else ("numbers",))}
    rows = list(csv.DictReader(io.StringIO(call("predict", home / "run", *images, "--format", "csv")[1])))
    assert {row["image"] for row in rows} == set(map(str, images))
    assert call("predict", home / "run", *images, "-o", home / "picture.png")[0] == 0
    assert (home / "picture.png").stat().st_size > 3000
    code, out, err = call("predict", home / "run", *images, "--class", "target 1")
    assert (code == 0 and out.count("\n") == 3) if task == "multilabel" else (code == 2 and "names none" in err)


def test_views_are_those_of_the_task(finished: tuple[str, Path], call: Call) -> None:
    task, home = finished
    for wrong in ([], ["--wrong"]):
        code, out, _ = call("show", home / "run", "predictions", "--count", "5", "--format", "json", *wrong)
        assert code == 0
        assert {"image", "file"} < set(json.loads(out)["predictions"][0])
    for view in ("confusion", "calibration"):
        code, _, err = call("show", home / "run", view)
        assert code == 1 and f"`task {task}`" in err
    code, _, err = call("evaluate", home / "run", "--calibrate")
    assert code == 1 and "a temperature calibrates a network that tells classes apart" in err


def test_baselines_need_one_class_of_an_image(finished: tuple[str, Path], call: Call) -> None:
    code, _, err = call("baseline", "knn", finished[1] / "small.net")
    assert code == 2 and "baselines tell one class of an image" in err


@pytest.mark.slow
def test_the_report_is_written(finished: tuple[str, Path], call: Call) -> None:
    task, home = finished
    code, _, _ = call("report", home / "run", "-o", home / "report.html")
    page = (home / "report.html").read_text(encoding="utf-8")
    assert code == 0
    assert ("mAP" if task == "multilabel" else "RMSE") in page


def test_what_is_exported_answers_in_the_units_of_the_data(finished: tuple[str, Path], call: Call) -> None:
    task, home = finished
    assert call("export", home / "run", "--to", "pt2", "-o", home / "net.pt2")[0] == 0
    pixels = torch.from_numpy(np.load(home / "small.npz")["x_test"][:2]).float()[:, None]
    outputs = torch.export.load(home / "net.pt2").module()(pixels).detach()
    answers = [each.answer for each in specnet.predict(home / "run", [home / "0.png", home / "1.png"], top=3)]
    if task == "regress":
        told = [list(answer.to_record()["numbers"].values()) for answer in answers]
        np.testing.assert_allclose(outputs, told, rtol=1e-4)
    else:
        chances = [{each.index: each.probability for each in answer.top} for answer in answers]
        told = [[each[place] for place in range(3)] for each in chances]
        np.testing.assert_allclose(outputs.sigmoid(), told, atol=1e-5)


class Stopping(Callback):
    """Interrupts the process at a progress."""

    def __init__(self, is_due: Callable[[Progress], bool]) -> None:
        self._is_due = is_due

    def on_progress(self, progress: Progress) -> None:
        if self._is_due(progress):
            signal.raise_signal(signal.SIGINT)


def read_metrics(run: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if "second" not in key} for line in lines]


def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_bits(
    finished: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, home = finished
    monkeypatch.setattr(loop, "REPORT_INTERVAL", 0.0)
    with pytest.raises(Interrupted):
        due = Stopping(lambda progress: progress.stage == "training" and (progress.epoch, progress.done) == (3, 2))
        specnet.train(home / "small.net", run=tmp_path / "run", callback=due)
    specnet.resume(tmp_path / "run")
    one, other = (load_file(run / "model.safetensors") for run in (home / "run", tmp_path / "run"))
    assert all(one[name].equal(other[name]) for name in one)
    assert read_metrics(home / "run") == read_metrics(tmp_path / "run")
    with safe_open(home / "run/model.safetensors", "pt") as a, safe_open(tmp_path / "run/model.safetensors", "pt") as b:
        assert a.metadata()["fitted"] == b.metadata()["fitted"]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(finished: tuple[str, Path], call: Call, tmp_path: Path) -> None:
    task, home = finished
    assert call("train", home / "small.net", "--run", tmp_path / "run", "--nproc", "2")[0] == 0
    metric = TASKS[task][1]
    alone, together = (json.loads((run / "summary.json").read_text()) for run in (home / "run", tmp_path / "run"))
    assert together[f"test_{metric}"] == pytest.approx(alone[f"test_{metric}"], rel=0.02)


@pytest.mark.parametrize(
    "damage", ['{"mean": [1, 2]}', '{"mean": [1], "std": "x"}', '{"thresholds": [0.5, 0.5, 0.5, 0.5]}', "{"]
)
def test_damaged_metadata_is_named(finished: tuple[str, Path], call: Call, tmp_path: Path, damage: str) -> None:
    task, home = finished
    run = Path(shutil.copytree(home / "run", tmp_path / "run"))
    with safe_open(run / "model.safetensors", "pt") as file:
        metadata = file.metadata()
    save_file(load_file(run / "model.safetensors"), run / "model.safetensors", {**metadata, "fitted": damage})
    code, _, err = call("evaluate", run)
    if task == "regress" or damage != '{"mean": [1, 2]}':
        assert code == 1 and "model.safetensors does not fit Small" in err
