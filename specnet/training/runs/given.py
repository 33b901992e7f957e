"""Runs on the data, or by the metric, of a program: refuse to go on without them, or with others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specnet.option_names import choose_wording
from specnet.training.data.digest import compute_digest
from specnet.training.data.images import DataSet
from specnet.training.errors import CannotRun, DataProblem
from specnet.training.job import Job
from specnet.training.runs.run_config import RunConfig


def format_resumption(folder: Path, arguments: Sequence[str]) -> str:
    """Return the command that resumes a run, or for the user of Python, and where it needs arguments, the call."""
    call = f'specnet.resume("{folder}"{"".join(f", {name}=…" for name in arguments)})'
    return call if arguments else choose_wording(f"specnet train --resume {folder}", call)


def refuse_missing_arguments(config: RunConfig, job: Job) -> None:
    """Raise CannotRun where a run is resumed without the data or the metric of its own, or with others."""
    if (config.given and not job.given) or (config.own_metric and not job.own_metric):
        is_handed_over = config.own_metric and not config.training.metric
        arguments = [*(config.given.arguments if config.given else ()), *(["metric"] if is_handed_over else ())]
        call = format_resumption(config.folder, arguments)
        what = "data" if config.given else f"the metric {config.own_metric.name if config.own_metric else ''}"
        raise CannotRun(f"the run was started by a Python program with {what} of its own; `{call}` goes on with it")
    if job.given and not config.given:
        raise CannotRun(f"the run in {config.folder} reads its own data, as its spec says, and takes no other")
    if job.own_metric and job.own_metric.metric != config.own_metric:
        there = config.own_metric or config.training.task.metric
        raise CannotRun(f"the best epoch of the run is chosen by {there.name}, and not by {job.own_metric.name}")


def refuse_other_data(recorded: str | None, data: DataSet) -> None:
    """Raise DataProblem where the data has another digest than that which a run was started with, if it is known."""
    if recorded and (digest := compute_digest(data)) != recorded:
        one, other = (_shorten(each) for each in (recorded, digest))
        raise DataProblem(f"the data is not that of the run: its digest is {other}, and the run was started with {one}")


def _shorten(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
