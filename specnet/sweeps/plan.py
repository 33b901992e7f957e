"""The plan of a sweep, which its folder keeps as sweep.json, and how far each of its runs is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, Field, PositiveInt, field_validator

from specnet.training import BadRun, CannotRun
from specnet.training.files import write_json
from specnet.training.runs.records import PluginRecord, Record, read_record
from specnet.training.runs.run_folder import CONFIG, FAILURE, SUMMARY, read_summary

PLAN = "sweep.json"


class RunState(StrEnum):
    """How far a run of a sweep is."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    WAITING = "waiting"


class PlannedRun(Record):
    """A run: its folder within the sweep's, and all values that it is trained with."""

    folder: str
    settings: dict[str, str]

    @field_validator("folder")
    @classmethod
    def _check_folder(cls, folder: str) -> str:
        if folder != Path(folder).name or folder in ("", ".", ".."):
            raise ValueError("is the name of a folder within that of the sweep")
        return folder


class SampleRecord(Record):
    """How many variants were drawn at random, and the seed of that."""

    number: PositiveInt
    seed: int


class Plan(Record):
    """sweep.json: what is varied, how the runs are computed, and all runs in their order.

    `vary` holds the values of each name, or the text of a range; `threads` is the number of each process.
    """

    schema_version: int = Field(1, alias="schema")
    network: str
    spec: str | None
    used: tuple[str, ...]
    begun: AwareDatetime
    vary: dict[str, tuple[str, ...] | str]
    seeds: PositiveInt
    sample: SampleRecord | None
    jobs: PositiveInt
    threads: PositiveInt
    options: dict[str, Any]
    runs: tuple[PlannedRun, ...]
    plugins: tuple[PluginRecord, ...] = ()

    def find_run(self, folder: str) -> PlannedRun:
        """Return the run in a folder; raises BadRun."""
        for run in self.runs:
            if run.folder == folder:
                return run
        raise BadRun(f"{PLAN} has no run {folder}")


def write_plan(folder: Path, plan: Plan) -> None:
    """Write sweep.json; raises CannotRun."""
    write_json(folder / PLAN, plan.model_dump(mode="json", by_alias=True, exclude_unset=True))


def read_plan(folder: Path) -> Plan:
    """Read sweep.json; raises CannotRun where there is none, BadRun where it is damaged."""
    if not folder.is_dir():
        raise CannotRun(f"there is no sweep {folder}")
    if not (folder / PLAN).is_file():
        raise CannotRun(f"{folder} holds no sweep: there is no {folder / PLAN}")
    return read_record(folder / PLAN, Plan)


def find_state(folder: Path) -> RunState:
    """Return how far the run in a folder is; nothing may be going on there."""
    if (folder / SUMMARY).exists():
        return RunState.FINISHED if _can_be_read(folder) else RunState.FAILED
    if (folder / FAILURE).exists():
        return RunState.FAILED
    return RunState.INTERRUPTED if (folder / CONFIG).exists() else RunState.WAITING


def _can_be_read(folder: Path) -> bool:
    """Whether a finished run's summary is whole; one that is not would be missing from the results for ever."""
    try:
        return bool(read_summary(folder))
    except BadRun:
        return False


def find_states(folder: Path, plan: Plan) -> Mapping[str, RunState]:
    """Return how far each run of a sweep is, by the name of its folder."""
    return {run.folder: find_state(folder / run.folder) for run in plan.runs}
