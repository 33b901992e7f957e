"""Train one run of a sweep: `python -m specnet.sweeps.worker SWEEP FOLDER PLUGIN…`, as a sweep starts it.

Each event is a line of JSON on standard output. When standard input ends, since the sweep stops or has died, the run is
saved and the process ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from specnet.api import SpecError
from specnet.errors import PluginError
from specnet.jobs import make_job
from specnet.option_names import naming_flags
from specnet.plugin_loading.loaded import load_named
from specnet.runs import check_snapshot, restore_job
from specnet.settings.tasks.classify import Classify
from specnet.sweeps.plan import Plan, read_plan
from specnet.training import (
    SPEC,
    Callback,
    Interrupted,
    Metrics,
    Progress,
    TrainingError,
    read_run_config,
    resume,
    train,
)
from specnet.training import Plan as TrainingPlan
from specnet.training.files import is_locked
from specnet.training.job import make_options
from specnet.training.runs.run_config import read_used_files
from specnet.training.runs.run_folder import CONFIG

REPORTED_EVERY = 0.5
"""Seconds between two reports of the progress."""

PATIENCE = 60.0
"""Seconds to wait for a process of an earlier sweep that still saves the same run."""


class Reporter(Callback):
    """Writes the events of the training to the process of the sweep, and notes to the log of the run."""

    def __init__(self) -> None:
        self._reported = 0.0
        self._metric = Classify.metric

    def on_note(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def on_train_begin(self, plan: TrainingPlan) -> None:
        self._metric = plan.metric
        report("begin", epochs=plan.epochs, images=dict(plan.images))

    def on_progress(self, progress: Progress) -> None:
        if progress.stage == "training" and time.monotonic() - self._reported > REPORTED_EVERY:
            self._reported = time.monotonic()
            share = progress.done / max(1, progress.total)
            report("progress", epoch=progress.epoch - 1 + share, seconds_left=progress.seconds_left)

    def on_epoch_end(self, metrics: Metrics) -> None:
        score = metrics.get(f"validation_{self._metric.name}")
        loss = f"loss {metrics['train_loss']:.4f}"
        report(
            "epoch", epoch=metrics["epoch"], score=loss if score is None else f"validation {self._metric.format(score)}"
        )

    def on_interrupt(self, interrupted: Interrupted) -> None:
        os._exit(interrupted.exit_code)


def report(event: str, **values: Any) -> None:
    """Write an event; nobody reads it where the process of the sweep has died."""
    with suppress(BrokenPipeError, ValueError):
        sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
        sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Train the run and return its exit code."""
    sweep, folder, *plugins = Path(arguments[0]), *arguments[1:]
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    try:
        with naming_flags():
            load_named(plugins)
            _train(sweep, read_plan(sweep), folder)
    except Interrupted as interrupted:
        return interrupted.exit_code
    except TrainingError as error:
        report("error", lines=[str(line) for line in error.args])
        return error.exit_code
    except PluginError as error:
        report("error", lines=[*error.args])
        return 2
    except SpecError as error:
        report("error", lines=["the spec of the sweep has errors", *error.args])
        return 1
    return 0


def _stop_with_parent() -> None:
    """Ask this process to save and stop when the sweep closes the other end of the pipe, or dies."""
    try:
        while os.read(sys.stdin.fileno(), 1):
            pass
    except (OSError, ValueError):  # there is no such pipe
        return
    os.kill(os.getpid(), signal.SIGTERM)


def _train(sweep: Path, plan: Plan, folder: str) -> None:
    """Go on with a run that has begun, or begin it."""
    place = sweep / folder
    _wait_for_lock(place)
    if (place / CONFIG).exists():
        config = read_run_config(place)
        resume(config, restore_job(config)[1], config.options, Reporter())
    else:
        _begin(sweep, plan, folder)


def _begin(sweep: Path, plan: Plan, folder: str) -> None:
    settings: Mapping[str, str] = plan.find_run(folder).settings
    (sweep / folder / SPEC).unlink(missing_ok=True)  # of a run that was killed before its configuration was written
    text = (sweep / SPEC).read_bytes().decode()
    job = make_job(check_snapshot(text, read_used_files(sweep, plan.used), settings))
    options = {**plan.options, "run": sweep / folder, "overrides": settings, "spec": plan.spec}
    train(job, make_options(options), Reporter())


def _wait_for_lock(place: Path) -> None:
    end = time.monotonic() + PATIENCE
    while is_locked(place) and time.monotonic() < end:
        time.sleep(0.2)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # what libraries warn their programmers of helps no user
    sys.exit(main(sys.argv[1:]))
