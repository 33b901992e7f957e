"""A run on data that a program hands over: it is trained, resumed, measured, and refused without that data."""

from __future__ import annotations

import io
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

import specnet
from specnet.cli.dispatch import main
from specnet.training import Callback, CannotRun, DataProblem, Metrics, TrainingError, Unsuitable

SPEC = """net Halves
input 8x8x1
fc 2
train {
  epochs 2
  batch 16
  optimizer sgd lr=0.01
}
"""

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 2, 60)
IMAGES = RANDOM.integers(0, 100, (60, 8, 8), dtype=np.uint8)
IMAGES[LABELS == 1, :4] += 150
PAIR = (IMAGES, LABELS)
FLOATS = (IMAGES.astype(np.float32) / 100 - 0.7, LABELS)


class Stop(Exception):
    """Ends a run in its middle."""


class StopAfterOne(Callback):
    def on_epoch_end(self, metrics: Metrics) -> None:
        raise Stop


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with pytest.raises(Stop):
        specnet.train(SPEC, callback=StopAfterOne(), data=PAIR, validation=PAIR, run=tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return specnet.train(SPEC, data=PAIR, validation=PAIR, run=tmp_path_factory.mktemp("runs") / "run").folder


def read_config(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "config.json").read_text())
    return found


def test_the_data_takes_the_place_of_the_spec_s(tmp_path: Path) -> None:
    """A network for ten digits is trained on two classes of its own size, and the digits are not read."""
    spec = SPEC.replace("train {", "train {\n  data cifar10")
    finished = specnet.train(spec, data=PAIR, validation=PAIR, run=tmp_path / "run")
    assert finished.summary["validation_accuracy"] > 0.9
    config = read_config(tmp_path / "run")
    assert config["training"]["data"] == {"choice": "python", "classes": None}
    assert config["given"]["arguments"] == ["data", "validation"]
    assert config["given"]["digest"].startswith("sha256:")


def test_a_spec_without_a_train_section(tmp_path: Path) -> None:
    finished = specnet.train("input 8x8x1\nfc 2\n", {"epochs": 1}, data=PAIR, run=tmp_path / "run")
    assert finished.summary["epochs"] == 1


def test_resumed_with_the_same_data(run: Path, tmp_path: Path) -> None:
    """It ends as the run that nothing stopped."""
    whole = specnet.train(SPEC, data=PAIR, validation=PAIR, run=tmp_path / "whole")
    resumed = specnet.resume(run, data=PAIR, validation=PAIR)
    one, other = whole.module.state_dict(), resumed.module.state_dict()
    assert all(one[name].equal(other[name]) for name in one)


def test_resumed_with_the_same_data_in_another_form(run: Path) -> None:
    tensors = TensorDataset(torch.from_numpy(IMAGES)[:, None] / 255, torch.from_numpy(LABELS))
    assert specnet.resume(run, data=tensors, validation=PAIR).summary["epochs"] == 2


def test_resumed_without_the_data(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = f'specnet.resume("{run}", data=…, validation=…)'
    with pytest.raises(CannotRun) as caught:
        specnet.resume(run)
    assert f"`{call}` goes on with it" in str(caught.value)
    assert main(["train", "--resume", str(run)]) == 2
    assert call in capsys.readouterr().err


@pytest.mark.parametrize(
    "parts",
    [
        {"data": (IMAGES[::-1], LABELS[::-1]), "validation": PAIR},
        {"data": PAIR},
        {"data": PAIR, "validation": PAIR, "test": PAIR},
    ],
)
def test_resumed_with_other_data(run: Path, parts: dict[str, Any]) -> None:
    with pytest.raises(DataProblem, match=r"the data is not that of the run: its digest is [0-9a-f]{12}, and the run"):
        specnet.resume(run, **parts)


def test_a_run_that_reads_its_own_data_takes_no_other(tmp_path: Path) -> None:
    specnet.train("input 8x8x1\nfc 10\n", {"epochs": 1, "data": "digits"}, run=tmp_path / "run")
    with pytest.raises(CannotRun, match="reads its own data, as its spec says, and takes no other"):
        specnet.resume(tmp_path / "run", data=PAIR)


def test_measured_on_data(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = specnet.evaluate(finished, data=PAIR)
    assert metrics.images == 60
    assert metrics.accuracy == json.loads((finished / "summary.json").read_text())["validation_accuracy"]
    with pytest.raises(CannotRun, match=r'`specnet\.evaluate\(".*run", data=…\)` measures it on such'):
        specnet.evaluate(finished)
    assert main(["evaluate", str(finished)]) == 2
    assert "data=…" in capsys.readouterr().err


def test_measured_on_other_classes(finished: Path) -> None:
    with pytest.raises(TrainingError, match="labels of the data are not from 0 to 1"):
        specnet.evaluate(finished, data=(IMAGES, LABELS + 5))


def test_floats_are_standardised_and_need_no_scale(tmp_path: Path) -> None:
    spec = SPEC.replace("train {", "train {\n  augment crop pad=2 -> flip -> rotate 10")
    loaded = specnet.load_run(specnet.train(spec, data=FLOATS, run=tmp_path / "run").folder)
    inputs = loaded.normalization(torch.from_numpy(FLOATS[0])[..., None])
    assert abs(inputs.mean()) < 1e-5 and abs(inputs.std() - 1) < 1e-3
    with pytest.raises(Unsuitable, match="trained on numbers other than pixels of 0 to 255"):
        specnet.predict(loaded, "cat.png")


@pytest.mark.parametrize(
    ("line", "value"),
    [("normalize", "scale"), ("normalize", "symmetric"), ("normalize", "mean_image"), ("augment", "noise")],
)
def test_settings_that_count_on_bytes_are_refused_with_floats(tmp_path: Path, line: str, value: str) -> None:
    spec = SPEC.replace("train {", f"train {{\n  {line} {value}")
    with pytest.raises(Unsuitable, match=f"`{line} {value}` counts on pixels of 0 to 255"):
        specnet.train(spec, data=FLOATS, run=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_parts_without_data_to_train_on() -> None:
    with pytest.raises(TypeError, match="`validation` and `test` go with `data`"):
        specnet.train(SPEC, validation=PAIR)


def test_without_a_callback_warnings_and_epochs_are_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An image that both parts have is warned of; a resumed run speaks too, and an empty callback does not."""
    parts = {"data": PAIR, "validation": PAIR}
    specnet.train(SPEC, run=tmp_path / "run", **parts)
    out, err = capsys.readouterr()
    assert not out
    assert "warning: 60 of 60 images of the validation part are in the train part too" in err
    assert re.findall(r"^epoch (\S+)  loss \S+  train \S+%  validation \S+%", err, re.MULTILINE) == ["1/2", "2/2"]
    specnet.resume(tmp_path / "run", epochs=3, **parts)
    assert "\nepoch 3/3  loss " in capsys.readouterr().err
    specnet.train(SPEC, callback=specnet.Callback(), run=tmp_path / "silent", **parts)
    assert capsys.readouterr() == ("", "")


def test_what_nobody_reads_does_not_stop_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, stream in (("closed", None), ("full", FullStream())):
        monkeypatch.setattr(sys, "stderr", stream)
        assert specnet.train(SPEC, data=PAIR, run=tmp_path / name).summary["epochs"] == 2


class FullStream(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


class InterruptAfterOne(Callback):
    def on_epoch_end(self, metrics: Metrics) -> None:
        if metrics["epoch"] == 1:
            signal.raise_signal(signal.SIGINT)


def test_an_interruption_says_the_call_that_goes_on(tmp_path: Path) -> None:
    parts = {"data": PAIR, "validation": PAIR}
    with pytest.raises(specnet.Interrupted) as caught:
        specnet.train(SPEC, callback=InterruptAfterOne(), run=tmp_path / "run", **parts)
    call = f'specnet.resume("{tmp_path / "run"}", data=…, validation=…)'
    assert str(caught.value) == f"interrupted; everything is saved in {tmp_path / 'run'}\nto resume: {call}"
    assert specnet.resume(tmp_path / "run", **parts).summary["epochs"] == 2


def test_an_interruption_of_a_run_on_its_own_data(tmp_path: Path) -> None:
    settings = {"epochs": 2, "data": "digits"}
    with pytest.raises(specnet.Interrupted, match=r'to resume: specnet\.resume\(".*run"\)$'):
        specnet.train("input 8x8x1\nfc 10\n", settings, InterruptAfterOne(), run=tmp_path / "run")
