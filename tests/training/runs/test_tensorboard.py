"""TensorBoard's files, read back by TensorBoard."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from small_jobs import Notebook, job

from specnet.training import CannotRun, Interrupted, Options, read_run_config, resume, train

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def curves(folder: Path) -> dict[str, list[float]]:
    """The values of each curve, epoch by epoch."""
    found = accumulators.EventAccumulator(str(folder / "tensorboard")).Reload()
    return {tag: [event.value for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_what_is_measured_is_a_curve(tmp_path: Path) -> None:
    callback = Notebook()
    train(job(), Options(run=tmp_path / "run", tensorboard=True), callback)
    found = curves(tmp_path / "run")
    assert found["loss/train"] == pytest.approx([metrics["train_loss"] for metrics in callback.epochs])
    assert found["accuracy/validation"] == pytest.approx([m["validation_accuracy"] for m in callback.epochs])
    assert len(found["learning_rate"]) == 2


class Stopping(Notebook):
    """Stops the run when the first epoch is written down."""

    def on_epoch_end(self, metrics: Any) -> None:
        super().on_epoch_end(metrics)
        if len(self.epochs) == 1:
            import signal

            signal.raise_signal(signal.SIGINT)


def test_a_resumed_run_goes_on_with_its_curves(tmp_path: Path) -> None:
    options = Options(run=tmp_path / "run", tensorboard=True)
    with pytest.raises(Interrupted):
        train(job(), options, Stopping())
    begun = read_run_config(tmp_path / "run")
    assert begun.options.tensorboard
    resume(begun, job(begun.training), begun.options)
    assert len(curves(tmp_path / "run")["loss/train"]) == 2


def test_without_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if "tensorboard" in name and not name.startswith("specnet"):
            raise ModuleNotFoundError(name)
        return plain(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CannotRun, match="needs TensorBoard: pip install 'specnet"):
        train(job(), Options(run=tmp_path / "run", tensorboard=True))
