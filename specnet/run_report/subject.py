"""What a report is about: a run with all that its folder tells, and its data, if they are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specnet.compiler import Checked
from specnet.runs import restore_job
from specnet.training import BadRun, EvaluationOptions, LoadedRun, RunConfig, TrainingError, read_run_config
from specnet.training.data.images import Images
from specnet.training.evaluate import PARTS, read_data
from specnet.training.runs.records import EnvironmentRecord, read_record
from specnet.training.runs.run_folder import ENVIRONMENT
from specnet.training.runs.run_index import RunEntry, list_runs

Note = Callable[[str], None]

CPU_WORK = 2.5e11
"""The multiply-accumulates on a CPU up to which all images are looked through: some seconds on two cores."""

LEAST_IMAGES, ROUND = 200, 100
"""The images that are looked through in any case, and to a multiple of how many their number is rounded."""


@dataclass(frozen=True)
class Subject:
    """A run and its data.

    `parts` are the parts of the data, or None where they cannot be read, and `absence` says why. `environment` is empty
    and `entry` None where environment.json cannot be read.
    """

    run: LoadedRun
    config: RunConfig
    checked: Checked
    entry: RunEntry | None
    environment: Mapping[str, Any]
    parts: Mapping[str, Images] | None
    absence: str
    device: str
    seed: int
    note: Note = field(repr=False)

    @property
    def unseen(self) -> str | None:
        """The part that tells how good the network is; None where the data are not there, or are all trained on."""
        return next((name for name in PARTS if name != "train" and name in (self.parts or {})), None)

    @property
    def most(self) -> int | None:
        """The number of images that can be looked through in seconds; None for all."""
        macs = self.config.macs
        if self.run.place.type != "cpu" or not macs:
            return None
        return max(LEAST_IMAGES, int(CPU_WORK / macs) // ROUND * ROUND)


def gather(run: LoadedRun, data_dir: Path | None, device: str, seed: int, note: Note) -> Subject:
    """Read what a report needs; raises TrainingError where the folder or the device is not there, SpecError."""
    config = read_run_config(run.folder)
    checked, _ = restore_job(config)
    placed = run.on_device(device)
    entry = next(iter(list_runs(run.folder, note)), None)
    parts, absence = _read_parts(placed, data_dir, note)
    return Subject(placed, config, checked, entry, _read_environment(run.folder), parts, absence, device, seed, note)


def _read_parts(run: LoadedRun, data_dir: Path | None, note: Note) -> tuple[Mapping[str, Images] | None, str]:
    """Return the parts of a run's data and "", or None and why they cannot be read."""
    try:
        return read_data(run, EvaluationOptions(data_dir=data_dir), note).parts(), ""
    except TrainingError as error:
        return None, str(error.args[0])


def _read_environment(folder: Path) -> Mapping[str, Any]:
    try:
        return read_record(folder / ENVIRONMENT, EnvironmentRecord).model_dump(mode="json")
    except BadRun:
        return {}
