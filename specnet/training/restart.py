"""Finding the run again that these ranks were training when one of them died and torchrun started them all anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from specnet.training.errors import TrainingError
from specnet.training.job import Job, Options
from specnet.training.ranks import launch_id, restarts
from specnet.training.recorded import Recorded, recorded
from specnet.training.run_folder import CONFIG, ENVIRONMENT, RUNS


def begun_before(job: Job, options: Options) -> Recorded | None:
    """The newest run of this job that the same launch has begun; None where this is its first start."""
    if not restarts():
        return None
    return next((begun for begun in _runs(options) if _is_ours(begun, job)), None)


def _runs(options: Options) -> Iterator[Recorded]:
    """The runs that there are where ours would be, newest first."""
    found = [options.run / CONFIG] if options.run else RUNS.glob(f"*/{CONFIG}")
    there = [path for path in found if path.is_file()]
    for path in sorted(there, key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            yield recorded(path.parent)
        except TrainingError:
            continue


def _is_ours(begun: Recorded, job: Job) -> bool:
    is_same = begun.digest == job.digest and begun.training == job.training
    return is_same and _launch(begun.folder) == launch_id()


def _launch(folder: Path) -> str | None:
    try:
        launch: str | None = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8")).get("launch")
    except (OSError, ValueError):
        return None
    return launch
