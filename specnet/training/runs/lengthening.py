"""Lengthen a run: what is refused, what it means for the learning rate, and how the run records it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from pydantic_core import from_json

from specnet.file_access import read_bounded_file
from specnet.option_names import name_option
from specnet.printable import format_amount
from specnet.settings import Training, get_choice, to_record
from specnet.settings.epochs import MOST_EPOCHS, Epochs
from specnet.settings.schedule import compute_rate_factor
from specnet.training.errors import CannotRun
from specnet.training.files import write_atomically
from specnet.training.runs.checkpoint import Checkpoint
from specnet.training.runs.records import LARGEST
from specnet.training.runs.run_config import RunConfig
from specnet.training.runs.run_folder import CONFIG, SUMMARY


def lengthen(config: RunConfig, saved: Checkpoint | None, epochs: float) -> Training:
    """Return the settings of a run with another number of epochs than planned; raises CannotRun for one it cannot have.

    It may be less than planned, as after a slip of the keys, and is more than are done.
    """
    planned, done = config.training.epochs.count, count_done(saved)
    if not done < epochs <= MOST_EPOCHS or epochs == planned:
        fact = f"{config.folder} has done {done} of {format_amount(planned, 'epoch')}"
        raise CannotRun(
            f"{fact}; it can go on to any other number above {done} and up to {MOST_EPOCHS:,}, not to {epochs:g}"
        )
    if planned % 1 and done == ceil(planned):
        raise CannotRun(
            f"{config.folder} has ended within epoch {done}, at {planned:g}, and goes on from whole epochs alone; "
            f"{name_option('weights', config.folder)} starts a new run from its weights"
        )
    _refuse_stopped(config, saved)
    return config.training.model_copy(update={"epochs": Epochs(count=epochs)})


def count_done(saved: Checkpoint | None) -> int:
    """Return the number of epochs that are over."""
    return len(saved.facts["history"]) if saved else 0


def _refuse_stopped(config: RunConfig, saved: Checkpoint | None) -> None:
    """Raise CannotRun where `stop` has ended the run, as it would end a longer one at the same epoch."""
    stop, best = config.training.stop, saved and saved.facts["best"]
    if stop and best and count_done(saved) - best[0] >= stop.patience:
        raise CannotRun(
            f"`stop patience={stop.patience}` has ended {config.folder} after epoch {count_done(saved)}, "
            "and would end a longer run there, too; "
            f"{name_option('weights', config.folder)} starts a new run from its weights"
        )


def describe_lengthening(before: Training, after: Training, saved: Checkpoint | None) -> list[str]:
    """Return sentences about what more epochs mean for the learning rate and the average of the weights."""
    old, new, done = before.epochs.count, after.epochs.count, count_done(saved)
    change = "lengthened" if new > old else "shortened"
    lines = [f"{change} from {old:g} to {new:g} epochs at epoch {done}: {_describe_rate(before, after, saved)}"]
    if after.average and after.average.spans_run:
        word = get_choice("average", after.average)
        lines.append(
            f"the shares of `average {word}` depend on the length of the run: they are those of {new:g} epochs"
        )
    return lines


def _describe_rate(before: Training, after: Training, saved: Checkpoint | None) -> str:
    schedule, done = after.schedule, count_done(saved)
    word = get_choice("schedule", schedule)
    if not schedule.spans_run:
        return f"`schedule {word}` does not depend on the length of the run, and the learning rate goes on by it"
    losses = _list_losses(saved.facts["history"] if saved else ())
    rates = [
        training.optimizer.lr * compute_rate_factor(schedule, done, training.epochs.count, losses)
        for training in (before, after)
    ]
    course = f"`schedule {word}` spans the whole run"
    if f"{rates[0]:.3g}" == f"{rates[1]:.3g}":
        return f"{course}, and follows the course of {after.epochs.count:g} epochs from here on"
    change = f"the learning rate jumps from {rates[0]:.3g} to {rates[1]:.3g}"
    return f"{course}, so that {change}, which a run of {after.epochs.count:g} epochs has there"


def _list_losses(history: Sequence[Any]) -> list[float]:
    return [line.get("validation_loss", line["train_loss"]) for line in history]


def record_lengthening(config: RunConfig, training: Training, saved: Checkpoint | None) -> RunConfig:
    """Write the new settings into config.json, with a line in its history, and return the run's new configuration.

    A finished run is no longer finished. Raises CannotRun.
    """
    record = from_json(read_bounded_file(config.folder / CONFIG, LARGEST))
    before, after = config.training.epochs.count, training.epochs.count
    record["training"] = to_record(training)
    record.setdefault("lengthened", []).append({"from": before, "to": after, "at": count_done(saved)})
    overrides = dict(config.options.overrides)
    if "epochs" in overrides:
        overrides["epochs"] = f"{after:g}"
    record["options"]["overrides"] = overrides
    (config.folder / SUMMARY).unlink(missing_ok=True)
    write_atomically(config.folder / CONFIG, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return replace(config, training=training, options=replace(config.options, overrides=overrides))
