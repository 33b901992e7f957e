"""What a run keeps of itself on disk as it goes: the weights that count, and checkpoints."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import NoReturn

from specnet.training.engine.state import State, Tensors
from specnet.training.errors import NotFinite
from specnet.training.runs.checkpoint import Checkpoint, save_checkpoint
from specnet.training.runs.run_folder import RunFolder


class CheckpointWriter:
    """Holds the weights that count until they are written, which is always before a checkpoint that tells of them.

    A checkpoint is copied by the training thread, and written by one of its own. What goes wrong there, CannotRun, is
    raised by the next method that is called.
    """

    def __init__(self, folder: RunFolder, state: State) -> None:
        self._folder, self._state = folder, state
        self._unwritten: Tensors | None = None
        self._saved_at = state.ranks.now()
        self._remembered: tuple[int, Checkpoint] | None = None
        self._saving = Lock()
        self._writer = ThreadPoolExecutor(1, "checkpoints")
        self._writing: Future[None] | None = None

    def keep(self) -> None:
        """From now on the weights of this moment are those that count; raises NotFinite."""
        self._refuse_nan()
        self._unwritten = self._state.weights()

    def save(self) -> None:
        """Write all that a resumed run needs; raises NotFinite rather than replace a good checkpoint by a bad one."""
        self._finish_writing()
        self._begin_to_save()
        self._finish_writing()

    def save_if_older(self, seconds: float) -> None:
        """Begin to save where the last checkpoint is older than so many seconds, and is written."""
        ranks = self._state.ranks
        if ranks.now() - self._saved_at > seconds and ranks.from_first(self._is_written):
            self._finish_writing()
            self._begin_to_save()

    def remember(self) -> None:
        """Keep this moment in memory, to be saved if what comes next takes too long to wait for.

        No rank among several leaves by itself, so none needs it there.
        """
        if self._state.ranks.is_alone:
            self._remembered = (self._state.step, self._state.pack())

    def save_remembered(self) -> str:
        """Save the moment remembered, from another thread, and say what is saved then."""
        remembered = self._remembered
        if remembered is None:
            return "what the last checkpoint holds"
        self._write(self._unwritten, *remembered)
        return f"all up to step {remembered[0]}"

    def give_up(self, what: str) -> NoReturn:
        """Raises NotFinite when the weights that were good are on the disk."""
        self._finish_writing()
        self._write_kept(self._unwritten)
        best = self._state.best
        kept = f"the weights of epoch {best.epoch} are kept" if best else "it has no good weights yet"
        raise NotFinite(f"{what} is not finite; {kept}, and a smaller learning rate may help")

    def _begin_to_save(self) -> None:
        self._refuse_nan()
        self._writing = self._writer.submit(self._write, self._unwritten, self._state.step, self._state.pack())
        self._saved_at = self._state.ranks.now()

    def _is_written(self) -> bool:
        return self._writing is None or self._writing.done()

    def _finish_writing(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            writing.result()

    def _write(self, kept: Tensors | None, step: int, moment: Checkpoint) -> None:
        with self._saving:
            self._write_kept(kept)
            if self._state.ranks.is_first:
                save_checkpoint(self._folder.checkpoint, step, moment)
            if self._remembered and self._remembered[0] <= step:
                self._remembered = None

    def _write_kept(self, kept: Tensors | None) -> None:
        """Bring the weights that count to the disk, unless they are there."""
        if kept is not None:
            if self._state.ranks.is_first:
                self._folder.write_model(kept)
            if self._unwritten is kept:
                self._unwritten = None

    def _refuse_nan(self) -> None:
        if not self._state.is_finite():
            self.give_up(f"a weight after step {self._state.step}")
