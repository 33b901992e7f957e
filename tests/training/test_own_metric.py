"""A metric of the user's chooses the best epoch, and one that fails stops the run with nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from torch import Tensor

import specnet
from specnet.cli.dispatch import main
from specnet.training import Callback, CannotRun, TrainingError

SPEC = """net Halves
input 8x8x1
fc 2
train {
  epochs 3
  batch 16
  optimizer sgd lr=0.01
}
"""

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 2, 60)
IMAGES = RANDOM.integers(0, 256, (60, 8, 8), dtype=np.uint8)
PAIR = (IMAGES, LABELS)


def f1(outputs: Tensor, targets: Tensor) -> float:
    return float(f1_score(targets, outputs.argmax(1), zero_division=0.0))


def margin(outputs: Tensor, targets: Tensor) -> Tensor:
    """A tensor of one element is a number, too."""
    return outputs[torch.arange(len(targets)), targets].mean()


def train(folder: Path, metric: Any, callback: Callback | None = None) -> specnet.Run:  # type: ignore[name-defined]
    return specnet.train(SPEC, callback=callback, data=PAIR, validation=PAIR, metric=metric, run=folder)


def read_lines(run: Path) -> list[dict[str, Any]]:
    """Read the lines of metrics.jsonl."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("metric", "is_larger"), [(f1, True), (specnet.Metric(margin, False), False)])
def test_the_best_epoch_is_that_of_the_metric(tmp_path: Path, metric: Any, is_larger: bool) -> None:
    finished = train(tmp_path / "run", metric)
    name = "f1" if is_larger else "margin"
    values = [line[f"validation_{name}"] for line in read_lines(tmp_path / "run")]
    best = (max if is_larger else min)(values)
    summary = finished.summary
    assert (summary["best_epoch"], summary[f"validation_{name}"]) == (values.index(best) + 1, best)
    assert summary["metric"] == {
        "name": name,
        "title": name,
        "larger_is_better": is_larger,
        "is_share": False,
        "unit": "",
    }
    assert name in repr(finished)
    results = specnet.evaluate(finished.folder, data=PAIR, metric=metric)
    assert results.scores[name] == pytest.approx(best)
    assert 0 <= results.scores["accuracy"] <= 1


def test_the_values_are_those_of_the_whole_part(tmp_path: Path) -> None:
    seen: list[int] = []

    def count(outputs: Tensor, targets: Tensor) -> float:
        assert outputs.shape == (len(targets), 2) and targets.dtype == torch.int64
        seen.append(len(targets))
        return 1

    train(tmp_path / "run", count)
    assert set(seen) == {60}


class Notes(Callback):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def on_note(self, text: str) -> None:
        self.texts.append(text)


@pytest.mark.parametrize("value", [lambda: 1 / 0, lambda: float("nan"), lambda: torch.tensor(np.inf), lambda: 10**400])
def test_a_metric_that_is_not_defined_is_never_the_best(tmp_path: Path, value: Callable[[], Any]) -> None:
    calls = iter([value, lambda: 0.5, lambda: 0.4, lambda: 0.5])
    notes = Notes()
    summary = train(tmp_path / "run", specnet.Metric(lambda outputs, targets: next(calls)()), notes).summary
    assert (summary["best_epoch"], summary["validation_metric"]) == (2, 0.5)
    assert read_lines(tmp_path / "run")[0]["validation_metric"] is None
    assert [text for text in notes.texts if "not defined" in text] == [
        "warning: metric is not defined on the validation part after epoch 1, so that this epoch cannot be the best"
    ]


def fail_in_epoch_2(broken: Callable[[], Any]) -> Callable[[Tensor, Tensor], Any]:
    calls = iter([lambda: 0.5, broken])

    def unlucky(outputs: Tensor, targets: Tensor) -> Any:
        return next(calls)()

    return unlucky


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda: [][3], "the metric `unlucky` raised IndexError: list index out of range; the run is stopped"),
        (lambda: "high", "the metric `unlucky` returned 'high', and not a number; the run is stopped"),
        (lambda: "0.5", "the metric `unlucky` returned '0.5', and not a number"),
        (lambda: None, "the metric `unlucky` returned None, and not a number"),
        (lambda: torch.ones(3), "returned an object of the class Tensor, and not a number"),
    ],
)
def test_a_metric_that_fails_loses_nothing(tmp_path: Path, broken: Callable[[], Any], message: str) -> None:
    """The run goes on from the end of the epoch, and ends as one whose metric never failed."""
    with pytest.raises(TrainingError) as caught:
        train(tmp_path / "run", fail_in_epoch_2(broken))
    told = "\n".join(map(str, caught.value.args))
    assert message in told
    assert f'to resume: specnet.resume("{tmp_path / "run"}", data=…, validation=…, metric=…)' in told

    def unlucky(outputs: Tensor, targets: Tensor) -> float:
        return 0.6

    resumed = specnet.resume(tmp_path / "run", data=PAIR, validation=PAIR, metric=unlucky)
    whole = train(tmp_path / "whole", specnet.Metric(lambda outputs, targets: 0.6, name="unlucky"))
    assert (resumed.summary["epochs"], resumed.summary["best_epoch"]) == (3, 2)
    one, other = (read_lines(finished.folder) for finished in (resumed, whole))
    assert [line["train_loss"] for line in one] == [line["train_loss"] for line in other]


def test_resumed_without_the_metric(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    spec = SPEC.replace("train {", "train {\n  data digits\n  split validation=0.1").replace("fc 2", "fc 10")
    specnet.train(spec, metric=f1_of_ten, run=run)
    with pytest.raises(CannotRun, match="the best epoch of the run is chosen by f1_of_ten, and not by margin"):
        specnet.resume(run, metric=margin)
    assert main(["runs", str(tmp_path), "--format", "json"]) == 0
    assert "f1_of_ten" in capsys.readouterr().out
    assert main(["evaluate", str(run)]) == 0


def f1_of_ten(outputs: Tensor, targets: Tensor) -> float:
    return float(f1_score(targets, outputs.argmax(1), average="macro"))


def test_names_of_metrics() -> None:
    assert specnet.Metric(f1).name == "f1"
    assert specnet.Metric(lambda outputs, targets: 0).name == "metric"
    assert specnet.Metric(f1, name="dice").name == "dice"
    with pytest.raises(ValueError, match="a metric's name is a word such as f1, and not loss; it cannot be 'loss'"):
        specnet.Metric(f1, name="loss")
    with pytest.raises(TypeError, match=r"a metric is a function of the outputs and targets .*, not 'f1'"):
        specnet.Metric("f1")  # type: ignore[arg-type]


@pytest.mark.parametrize("line", ["", "split validation=0.2"])
def test_a_metric_without_a_validation_part_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    specnet.train(SPEC.replace("epochs 3", f"epochs 1\n{line}"), data=PAIR, metric=f1, run=tmp_path / "run")
    warning = "warning: the metric f1 chooses no epoch, as there is no validation part; `validation=` hands one over"
    assert (warning in capsys.readouterr().err) is (not line)
