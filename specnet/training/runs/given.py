"""Runs on data that a program or plugin has made, or by a program's metric: refuse others, or to go on without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specnet.option_names import choose_wording
from specnet.registry import find_registration, name_registered
from specnet.training.data.digest import compute_digest
from specnet.training.data.images import DataSet
from specnet.training.distributed import Ranks
from specnet.training.errors import CannotRun, DataProblem
from specnet.training.job import Job
from specnet.training.runs.run_config import RunConfig

SHOWN = 12
"""Hexadecimal digits of a digest in messages, and exchanged between ranks: a float64 holds them exactly."""


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


def digest_made_data(job: Job, data: DataSet) -> str | None:
    """Return the digest of data that a program or a plugin has made; None of what SpecNet reads from files itself."""
    is_made = job.given or find_registration(type(job.training.data))
    return compute_digest(data) if is_made else None


def refuse_unlike_data(digest: str | None, job: Job, ranks: Ranks) -> None:
    """Raise DataProblem on all ranks where they have data of different digests; a collective call if there is one."""
    if digest is None or ranks.is_single:
        return
    found = [f"{int(row[0]):0{SHOWN}x}" for row in ranks.gather((int(_shorten(digest), 16),))]
    if len(set(found)) > 1:
        owner = "the program" if job.given else name_registered(job.training.data)
        raise DataProblem(
            f"{owner} gives the processes different data, with the digests {', '.join(found)}; "
            "all need the same images; random ones come from a seed, as by `torch.Generator().manual_seed(0)`"
        )


def refuse_other_data(recorded: str | None, digest: str | None, *advice: str) -> None:
    """Raise DataProblem where data has another digest than that which a run was started with, if both are known."""
    if recorded and digest and digest != recorded:
        one, other = (_shorten(each) for each in (recorded, digest))
        fact = f"the data is not that of the run: its digest is {other}, and the run was started with {one}"
        raise DataProblem(fact, *advice)


def _shorten(digest: str) -> str:
    return digest.removeprefix("sha256:")[:SHOWN]
