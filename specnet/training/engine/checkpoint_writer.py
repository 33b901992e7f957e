"""Write checkpoints in a background thread, and the best weights."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import NoReturn

from specnet.printable import format_amount
from specnet.training.engine.state import State, Tensors
from specnet.training.errors import NotFinite
from specnet.training.runs.checkpoint import Checkpoint, save_checkpoint
from specnet.training.runs.run_folder import RunFolder


class CheckpointWriter:
    """Keeps the best weights until they are written, which is always before a checkpoint that refers to them.

    The training thread copies a checkpoint, and a background thread writes it. Its CannotRun is raised by the next
    method that is called.
    """

    def __init__(self, folder: RunFolder, state: State) -> None:
        self._folder, self._state = folder, state
        self._unwritten_weights: Tensors | None = None
        self._saved_at = state.ranks.now()
        self._snapshot: tuple[int, Checkpoint] | None = None
        self._saving = Lock()
        self._writer = ThreadPoolExecutor(1, "checkpoints")
        self._writing: Future[None] | None = None

    def keep_weights(self) -> None:
        """Keep the present weights as the best ones; raises NotFinite."""
        self._refuse_nan()
        self._unwritten_weights = self._state.weights()

    def save(self) -> None:
        """Write a checkpoint, and wait for it; raises NotFinite rather than replace a good checkpoint by a bad one."""
        self._finish_writing()
        self._start_saving()
        self._finish_writing()

    def save_if_older(self, seconds: float) -> None:
        """Start to write a checkpoint if the last one is written and older than a number of seconds."""
        ranks = self._state.ranks
        if ranks.now() - self._saved_at > seconds and ranks.from_first(self._is_idle):
            self._finish_writing()
            self._start_saving()

    def take_snapshot(self) -> None:
        """Keep the present state in memory, to be saved if the next step takes too long on an interruption.

        No rank among several stops by itself, so that none needs it.
        """
        if self._state.ranks.is_single:
            self._snapshot = (self._state.step, self._state.pack())

    def save_snapshot(self) -> str:
        """Save the snapshot, from another thread, and return what is saved, for a message."""
        snapshot = self._snapshot
        if snapshot is None:
            return "the last checkpoint"
        self._write(self._unwritten_weights, *snapshot)
        return f"all up to step {snapshot[0]}"

    def give_up(self, problem: str) -> NoReturn:
        """Raise NotFinite for a problem once the last good weights are on the disk."""
        self._finish_writing()
        self._write_weights(self._unwritten_weights)
        best = self._state.best
        kept = f"the weights of epoch {best.epoch} are kept" if best else "it has no good weights yet"
        raise NotFinite(f"{problem}; {kept}, and a smaller learning rate may help")

    def _start_saving(self) -> None:
        self._refuse_nan()
        self._writing = self._writer.submit(self._write, self._unwritten_weights, self._state.step, self._state.pack())
        self._saved_at = self._state.ranks.now()

    def _is_idle(self) -> bool:
        return self._writing is None or self._writing.done()

    def _finish_writing(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            writing.result()

    def _write(self, kept: Tensors | None, step: int, state: Checkpoint) -> None:
        with self._saving:
            self._write_weights(kept)
            if self._state.ranks.is_first:
                save_checkpoint(self._folder.checkpoint, step, state)
            if self._snapshot and self._snapshot[0] <= step:
                self._snapshot = None

    def _write_weights(self, kept: Tensors | None) -> None:
        """Write the best weights, unless they are written already."""
        if kept is not None:
            if self._state.ranks.is_first:
                self._folder.write_model(kept)
            if self._unwritten_weights is kept:
                self._unwritten_weights = None

    def _refuse_nan(self) -> None:
        if not self._state.is_finite():
            self.give_up(_describe_weights(self._state.list_bad_weights(), self._state.step))


def _describe_weights(names: Sequence[str], step: int) -> str:
    """Return what is wrong after a step; there are no names on a rank whose part of the weights is finite."""
    if len(names) < 2:
        return f"{''.join(f'`{name}`' for name in names) or 'a weight'} is not finite after step {step}"
    return f"`{names[0]}` and {format_amount(len(names) - 1, 'other weight')} are not finite after step {step}"
