"""What a run keeps of itself on disk as it goes: the weights that count, and checkpoints."""

from __future__ import annotations

from threading import Lock
from typing import NoReturn

from specnet.training import checkpoint
from specnet.training.checkpoint import Checkpoint
from specnet.training.errors import NotFinite
from specnet.training.run_folder import RunFolder
from specnet.training.state import State, Weights


class Keeper:
    """Holds the weights that count until they are written, which is always before a checkpoint that tells of them."""

    def __init__(self, folder: RunFolder, state: State) -> None:
        self._folder, self._state = folder, state
        self._unwritten: Weights | None = None
        self._saved_at = state.ranks.now()
        self._remembered: tuple[int, Checkpoint] | None = None
        self._saving = Lock()

    def keep(self) -> None:
        """From now on the weights of this moment are those that count; raises NotFinite."""
        self._refuse_nan()
        self._unwritten = self._state.weights()

    def _write_kept(self) -> None:
        """Bring the weights that count to the disk, unless they are there."""
        if self._unwritten is not None and self._state.ranks.is_first:
            self._folder.write_model(self._unwritten)
        self._unwritten = None

    def save(self) -> None:
        """Write all that a resumed run needs; raises NotFinite rather than replace a good checkpoint by a bad one."""
        self._refuse_nan()
        with self._saving:
            self._write_kept()
            moment = self._state.pack()
            if self._state.ranks.is_first:
                checkpoint.save(self._folder.checkpoint, self._state.step, moment)
            self._remembered = None
        self._saved_at = self._state.ranks.now()

    def remember(self) -> None:
        """Keep this moment in memory, to be saved if what comes next takes too long to wait for.

        No rank among several leaves by itself, so none needs it there.
        """
        if self._state.ranks.is_alone:
            self._remembered = (self._state.step, self._state.pack())

    def save_remembered(self) -> str:
        """Save the moment remembered, from another thread, and say what is saved then."""
        with self._saving:
            if self._remembered is None:
                return "what the last checkpoint holds"
            step, moment = self._remembered
            self._write_kept()
            checkpoint.save(self._folder.checkpoint, step, moment)
            return f"all up to step {step}"

    def save_if_older(self, seconds: float) -> None:
        """Save where the last checkpoint is older than so many seconds."""
        if self._state.ranks.now() - self._saved_at > seconds:
            self.save()

    def give_up(self, what: str) -> NoReturn:
        """Raises NotFinite when the weights that were good are on the disk."""
        self._write_kept()
        best = self._state.best
        kept = f"the weights of epoch {best.epoch} are kept" if best else "it has no good weights yet"
        raise NotFinite(f"{what} is not finite; {kept}, and a smaller learning rate may help")

    def _refuse_nan(self) -> None:
        if not self._state.is_finite():
            self.give_up(f"a weight after step {self._state.step}")
