"""The exceptions raised by training, each with the exit code of the command.

TrainingError
├── DataProblem     1    images or labels
│   └── PluginFailure    code of a plugin
├── Unsuitable      1    network, data and settings
├── BadRun          1    the folder of a run
├── CannotRun       2    device, folder, space, options
├── NotFinite       3    the loss
├── OutOfMemory     4
├── RankLost        1    another process
├── DataLost        1    images, in the middle of a run
└── Interrupted  128+n   a signal
"""

from __future__ import annotations

from pathlib import Path

from specnet.errors import SpecNetError


class TrainingError(SpecNetError):
    """The base of all; the message tells the user what was expected, what was found, and what to do."""

    exit_code: int = 1


class DataProblem(TrainingError):
    """The images or labels are missing, damaged, or not as the spec says."""


class PluginFailure(DataProblem):
    """What a plugin has implemented fails, or returns what it should not; the message names it and the line."""


class Unsuitable(TrainingError):
    """The network, its data and its settings do not fit each other."""


class BadRun(TrainingError):
    """A run's folder is damaged, or its files belong to different runs."""


class CannotRun(TrainingError):
    """A request cannot be met here: a device, a folder, disk space, the value of an option."""

    exit_code = 2


class NotFinite(TrainingError):
    """The loss is not finite; the last good weights stay in the run's folder."""

    exit_code = 3


class OutOfMemory(TrainingError):
    """A step does not fit into memory."""

    exit_code = 4


class RankLost(TrainingError):
    """Another of the processes that train together has died; `folder` is the run's, if there is one yet."""

    def __init__(self, folder: Path | None) -> None:
        fact = "another process of this training has died"
        if folder is None:
            super().__init__(fact)
        else:
            super().__init__(
                f"{fact}; the last checkpoint is saved in {folder}", f"to resume: specnet train --resume {folder}"
            )


class DataLost(TrainingError):
    """Images of a run can no longer be read, or a metric of the user's fails; `saved` says what is in its `folder`.

    `resume` is what goes on with the run.
    """

    def __init__(self, problem: DataProblem, folder: Path, saved: str, resume: str) -> None:
        super().__init__(
            f"{problem.args[0]}; the run is stopped, and {saved} is saved in {folder}",
            *problem.args[1:],
            f"to resume: {resume}",
        )
        self.folder = folder


class Interrupted(TrainingError):
    """A signal has stopped the run; `saved` says what is in `folder`, and `resume` what goes on with it."""

    def __init__(self, folder: Path, signal: int, resume: str, saved: str = "everything") -> None:
        super().__init__(f"interrupted; {saved} is saved in {folder}", f"to resume: {resume}")
        self.folder = folder
        self.exit_code = 128 + signal
