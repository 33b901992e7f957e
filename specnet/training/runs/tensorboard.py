"""TensorBoard's event files of a run: the metrics of each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.option_names import name_option
from specnet.training.errors import CannotRun, Interrupted
from specnet.training.job import Callback, Metrics, Plan, Progress
from specnet.training.runs.run_folder import flatten_metrics

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

FOLDER = "tensorboard"

PARTS = ("train", "validation", "test")
"""The parts of the data, whose curves of a quantity belong in one diagram."""


class TensorBoardCallback(Callback):
    """A callback that writes the metrics of each epoch, and passes all events on to another."""

    def __init__(self, callback: Callback, writer: SummaryWriter) -> None:
        self._callback, self._writer = callback, writer

    def on_note(self, text: str) -> None:
        self._callback.on_note(text)

    def on_train_begin(self, plan: Plan) -> None:
        self._callback.on_train_begin(plan)

    def on_progress(self, progress: Progress) -> None:
        self._callback.on_progress(progress)

    def on_epoch_end(self, metrics: Metrics) -> None:
        for name, value in flatten_metrics(metrics).items():
            if name != "epoch":
                self._writer.add_scalar(_title(name), value, metrics["epoch"])
        self._writer.flush()
        self._callback.on_epoch_end(metrics)

    def on_interrupt(self, interrupted: Interrupted) -> None:
        self._callback.on_interrupt(interrupted)


def _title(name: str) -> str:
    """Return `loss/train` for train_loss: TensorBoard groups names by the part before the slash."""
    part, _, quantity = name.partition("_")
    return f"{quantity}/{part}" if part in PARTS else name


@contextmanager
def open_tensorboard(callback: Callback, folder: Path, done: int) -> Iterator[Callback]:
    """Yield a callback that also writes to a run's folder, after `done` epochs; raises CannotRun."""
    try:
        from torch.utils.tensorboard.writer import SummaryWriter
    except ImportError:
        raise CannotRun(
            f"{name_option('tensorboard', True)} needs TensorBoard: pip install 'specnet[tensorboard]'"
        ) from None
    with SummaryWriter(str(folder / FOLDER), purge_step=done + 1) as writer:
        yield TensorBoardCallback(callback, writer)
