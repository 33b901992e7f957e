"""A lengthened run ends as one that was started with as many epochs, where its schedule does not span the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_jobs import Notebook, job, training
from test_resume import Stopping, same_weights, step

import specnet
from specnet.settings import Training
from specnet.settings.average import Ema, Lookahead
from specnet.settings.epochs import Epochs
from specnet.settings.optimizer import Adam, Sgd
from specnet.settings.schedule import Constant, Cosine, OneCycle, Plateau, Step, Triangle
from specnet.settings.stop import Stop
from specnet.training import CannotRun, Options, Run, read_run_config, resume, train
from specnet.training.engine import loop
from specnet.training.errors import Interrupted
from specnet.training.runs.run_index import RunStatus, list_runs
from specnet.training.tasks.classify import ClassificationMetrics

TIMES = {"seconds", "images_per_second"}


@pytest.fixture(autouse=True)
def _draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "REPORT_INTERVAL", 0.0)
    monkeypatch.setattr("specnet.training.run.write_curves", lambda *arguments: None)
    monkeypatch.setattr(ClassificationMetrics, "draw", lambda *arguments: {})


def lengthen(folder: Path, epochs: float, callback: Notebook | None = None) -> Run:
    config = read_run_config(folder)
    return resume(config, job(config.training), config.options, callback, epochs)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in TIMES} for line in lines]


def longer(settings: Training, epochs: float) -> Training:
    return settings.model_copy(update={"epochs": Epochs(count=epochs)})


@pytest.mark.parametrize(
    "recipe",
    [
        {"optimizer": Sgd(lr=0.1, momentum=0.9), "schedule": Constant(warmup=1.5)},
        {"optimizer": Adam(), "schedule": Step(every=1, decay=0.5), "average": Ema(decay=0.9)},
        {"schedule": Plateau(patience=1), "average": Lookahead(every=2), "split": None},
    ],
)
@pytest.mark.parametrize("is_finished", [True, False])
def test_it_ends_as_one_that_was_started_with_as_many_epochs(
    tmp_path: Path, recipe: dict[str, Any], is_finished: bool
) -> None:
    settings = training(**recipe)
    train(job(longer(settings, 4)), Options(run=tmp_path / "whole"))
    if is_finished:
        train(job(settings), Options(run=tmp_path / "run"))
    else:
        with pytest.raises(Interrupted):
            train(job(settings), Options(run=tmp_path / "run"), Stopping(step(4)))
    notebook = Notebook()
    run = lengthen(tmp_path / "run", 4, notebook)
    assert run.summary["epochs"] == 4
    assert same_weights(tmp_path / "run", tmp_path / "whole")
    assert read_metrics(tmp_path / "run") == read_metrics(tmp_path / "whole")
    assert "does not depend on the length of the run" in "\n".join(notebook.notes)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Cosine(), "the learning rate jumps from 0 to 0.05, which a run of 4 epochs has there"),
        (Cosine(end=0.5), "jumps from 0.05 to 0.075"),
        (OneCycle(warmup=0.5), "jumps from 4e-07 to 0.1"),
        (Triangle(peak=0.25, end=0.4), "jumps from 0.04 to 0.08"),
        (Cosine(end=0.999999), "follows the course of 4 epochs from here on"),
    ],
)
def test_what_more_epochs_mean_for_the_learning_rate(tmp_path: Path, schedule: Any, said: str) -> None:
    notebook = Notebook()
    train(job(training(schedule=schedule)), Options(run=tmp_path / "run"))
    lengthen(tmp_path / "run", 4, notebook)
    notes = "\n".join(notebook.notes)
    assert "lengthened from 2 to 4 epochs at epoch 2: `schedule " in notes
    assert said in notes
    expected = [0.1 * 0.5 * 1.0, 0.0]  # of a cosine over 4 epochs, at epochs 2 and 4
    if schedule == Cosine():
        rates = [line["learning_rate"] for line in read_metrics(tmp_path / "run")]
        assert rates[1] < expected[0] > rates[2] > rates[3] > expected[1]


def test_the_history_of_a_run_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(job(training()), Options(run=folder, overrides={"epochs": "2"}))
    lengthen(folder, 3)
    with pytest.raises(Interrupted):
        resume(config := read_run_config(folder), job(config.training), config.options, Stopping(step(17)), epochs=4.5)
    (entry,) = list_runs(folder, pytest.fail)
    assert (entry.status, entry.epochs, entry.planned, entry.overrides) == (
        RunStatus.INTERRUPTED,
        3,
        4.5,
        {"epochs": "4.5"},
    )
    config = read_run_config(folder)
    resume(config, job(config.training), config.options)
    record = json.loads((folder / "config.json").read_text())
    assert record["lengthened"] == [{"from": 2.0, "to": 3, "at": 2}, {"from": 3.0, "to": 4.5, "at": 3}]
    assert len(read_metrics(folder)) == 5


def test_the_average_that_spans_the_run_is_mentioned(tmp_path: Path) -> None:
    notebook = Notebook()
    train(job(training(average=Lookahead(rise=2))), Options(run=tmp_path / "run"))
    lengthen(tmp_path / "run", 3, notebook)
    assert "the shares of `average lookahead` depend on the length of the run" in "\n".join(notebook.notes)


def test_a_slip_of_the_keys_can_be_taken_back(tmp_path: Path) -> None:
    """A run that is planned for far too many epochs goes on to fewer."""
    planned = training(epochs=Epochs(count=2))
    train(job(planned), Options(run=tmp_path / "run"))
    lengthen(tmp_path / "run", 3)
    config = json.loads((tmp_path / "run/config.json").read_text())
    config["training"]["epochs"]["count"] = 99_999
    (tmp_path / "run/config.json").write_text(json.dumps(config))
    notebook = Notebook()
    assert lengthen(tmp_path / "run", 4, notebook).summary["epochs"] == 4
    assert "shortened from 99999 to 4 epochs at epoch 3" in "\n".join(notebook.notes)


@pytest.mark.parametrize(
    ("settings", "epochs", "said"),
    [
        ({}, 2, "has done 2 of 2 epochs; it can go on to any other number above 2 and up to 1,000,000, not to 2"),
        ({}, 1, "not to 1"),
        ({}, float("nan"), "not to nan"),
        ({}, float("inf"), "not to inf"),
        ({"epochs": Epochs(count=1.5)}, 3, "has ended within epoch 2, at 1.5, and goes on from whole epochs alone"),
        ({"optimizer": Sgd(lr=1e-9), "stop": Stop(patience=1)}, 5, "`stop patience=1` has ended"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, settings: dict[str, Any], epochs: float, said: str) -> None:
    folder = tmp_path / "run"
    train(job(training(**settings)), Options(run=folder))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(CannotRun, match=said):
        lengthen(folder, epochs)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


SPEC = """
input 8x8x1
fc 10
train { data digits
schedule cosine
epochs 1 }
"""


def test_from_python(tmp_path: Path) -> None:
    specnet.train(SPEC, run=tmp_path / "run")
    notebook = Notebook()
    run = specnet.resume(tmp_path / "run", epochs=2, callback=notebook)
    assert run.summary["epochs"] == 2
    assert "jumps from 0 to 0.0005" in "\n".join(notebook.notes)
    assert specnet.load_run(tmp_path / "run").job.training.epochs.count == 2
    with pytest.raises(TypeError, match="`epochs` is a number of epochs, not 'three'"):
        specnet.resume(tmp_path / "run", epochs="three")  # type: ignore[arg-type]
