"""Everything that `train` may raise, in one tree; each knows the exit code that the command ends with."""

from __future__ import annotations

from pathlib import Path

from specnet.errors import SpecNetError


class TrainingError(SpecNetError):
    """The message is for the user: what was expected, what arrived, what to do."""

    exit_code: int = 1


class DataProblem(TrainingError):
    """The images or labels are missing, damaged, or not what the spec says."""


class Unsuitable(TrainingError):
    """The network, its data and its settings do not go together."""


class BadRun(TrainingError):
    """A run's folder is damaged, or what lies in it does not belong together."""


class CannotRun(TrainingError):
    """What was asked for is not to be had here: a device, a folder, space, an option's value."""

    exit_code = 2


class NotFinite(TrainingError):
    """The loss is no longer a number; the last good weights stay in the run's folder."""

    exit_code = 3


class OutOfMemory(TrainingError):
    """A step does not fit into memory."""

    exit_code = 4


class RankLost(TrainingError):
    """Another of the processes that train together has died; `folder` is the run's, if it has come that far."""

    def __init__(self, folder: Path | None) -> None:
        kept = f"; what the last checkpoint holds is saved in {folder}\nto resume: specnet train --resume {folder}"
        super().__init__(f"another process of this training has died{kept if folder else ''}")


class Interrupted(TrainingError):
    """Stopped by a signal; `saved` says what is in `folder`."""

    def __init__(self, folder: Path, signal: int, saved: str = "everything") -> None:
        super().__init__(f"interrupted; {saved} is saved in {folder}")
        self.folder = folder
        self.exit_code = 128 + signal
