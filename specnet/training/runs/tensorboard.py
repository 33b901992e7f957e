"""TensorBoard's files beside a run: what is measured in each epoch, as curves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.training.errors import CannotRun, Interrupted
from specnet.training.job import Metrics, Plan, Progress, Watcher
from specnet.training.runs.run_folder import flatten_metrics

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

FOLDER = "tensorboard"

QUANTITIES = ("loss", "accuracy", "top5_accuracy")
"""What is measured of several parts, whose curves belong in one diagram."""


class TensorBoardCallback:
    """A watcher that writes down each epoch, and passes on all that it is told."""

    def __init__(self, watcher: Watcher, writer: SummaryWriter) -> None:
        self._watcher, self._writer = watcher, writer

    def note(self, text: str) -> None:
        self._watcher.note(text)

    def begin(self, plan: Plan) -> None:
        self._watcher.begin(plan)

    def progress(self, progress: Progress) -> None:
        self._watcher.progress(progress)

    def epoch(self, metrics: Metrics) -> None:
        for name, value in flatten_metrics(metrics).items():
            if name != "epoch":
                self._writer.add_scalar(_title(name), value, metrics["epoch"])
        self._writer.flush()
        self._watcher.epoch(metrics)

    def leave(self, interrupted: Interrupted) -> None:
        self._watcher.leave(interrupted)


def _title(name: str) -> str:
    """`loss/train` for train_loss: TensorBoard shows in one group what begins with one word."""
    part, _, quantity = name.partition("_")
    return f"{quantity}/{part}" if quantity in QUANTITIES else name


@contextmanager
def open_tensorboard(watcher: Watcher, folder: Path, done: int) -> Iterator[Watcher]:
    """Within it, a watcher that also writes below a run's folder, after `done` epochs; raises CannotRun."""
    try:
        from torch.utils.tensorboard.writer import SummaryWriter
    except ImportError:
        raise CannotRun("--tensorboard needs TensorBoard: pip install 'specnet[tensorboard]'") from None
    with SummaryWriter(str(folder / FOLDER), purge_step=done + 1) as writer:
        yield TensorBoardCallback(watcher, writer)
