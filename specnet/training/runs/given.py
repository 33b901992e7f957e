"""Runs on data that a program has handed over: refuse to go on without it, or with other data."""

from __future__ import annotations

from specnet.training.data.digest import compute_digest
from specnet.training.data.images import DataSet
from specnet.training.errors import CannotRun, DataProblem
from specnet.training.job import GivenData
from specnet.training.runs.records import GivenRecord
from specnet.training.runs.run_config import RunConfig


def refuse_missing_data(config: RunConfig, given: GivenData | None) -> None:
    """Raise CannotRun where a run on handed-over data is resumed without any, or another run with some."""
    if config.given and not given:
        arguments = ", ".join(f"{name}=…" for name in config.given.arguments)
        call = f'specnet.resume("{config.folder}", {arguments})'
        raise CannotRun(f"the run trains on data that a Python program handed over; `{call}` goes on with it")
    if given and not config.given:
        raise CannotRun(f"the run in {config.folder} reads its own data, as its spec says, and takes no other")


def refuse_other_data(recorded: GivenRecord | None, data: DataSet) -> None:
    """Raise DataProblem where the data is not that which a run was started with."""
    if recorded and (digest := compute_digest(data)) != recorded.digest:
        one, other = (_shorten(each) for each in (recorded.digest, digest))
        raise DataProblem(f"the data is not that of the run: its digest is {other}, and the run was started with {one}")


def _shorten(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
