"""The runs in a folder: what each one is, how far it is, and how good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from specnet.settings import Training
from specnet.settings.seed import Seed
from specnet.training import lock
from specnet.training.errors import BadRun, TrainingError
from specnet.training.job import Metrics
from specnet.training.recorded import recorded
from specnet.training.run_folder import CONFIG, ENVIRONMENT, FAILURE, SUMMARY
from specnet.training.trained import read_json, read_metrics

Recipe = tuple[str, Training, Path | None]
"""A network's digest, how it is trained but for chance, and the weights that it began with."""

Chance = tuple[int, int | None]
"""The seed, and the fold that was set aside."""


class Condition(StrEnum):
    """Where a run is."""

    FINISHED = "finished"
    RUNNING = "running"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Entry:
    """A run; what it has not measured yet is None. `metrics` are the lines of metrics.jsonl."""

    folder: Path
    network: str
    begun: datetime
    condition: Condition
    epochs: int
    planned: float
    validation_accuracy: float | None
    test_accuracy: float | None
    parameters: int
    images_per_second: float | None
    metrics: tuple[Metrics, ...]
    recipe: Recipe
    chance: Chance


def entries(folder: Path, note: Callable[[str], None]) -> list[Entry]:
    """The runs in a folder, or the one that it is itself, oldest first; `note` is told of what is passed over."""
    found = list(_readable([folder] if (folder / CONFIG).is_file() else sorted(_folders(folder)), note))
    return sorted(found, key=lambda entry: entry.begun)


def repeated(found: Sequence[Entry]) -> list[list[Entry]]:
    """The finished runs of one recipe with other seeds, or other folds set aside: two at least, the last of each."""
    finished = [entry for entry in found if entry.condition is Condition.FINISHED]
    recipes: list[Recipe] = []
    for entry in finished:
        if entry.recipe not in recipes:
            recipes.append(entry.recipe)
    groups = ({entry.chance: entry for entry in finished if entry.recipe == recipe} for recipe in recipes)
    return [list(group.values()) for group in groups if len(group) > 1]


def _but_for_chance(training: Training) -> Training:
    split = training.split and training.split.model_copy(update={"fold": None})
    return training.model_copy(update={"seed": Seed(), "split": split})


def _folders(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _readable(folders: list[Path], note: Callable[[str], None]) -> Iterator[Entry]:
    for folder in folders:
        try:
            yield _entry(folder)
        except TrainingError as error:
            note(f"passed over: {error}")


def _entry(folder: Path) -> Entry:
    """A run; raises TrainingError."""
    begun, metrics, environment = recorded(folder), read_metrics(folder), read_json(folder / ENVIRONMENT)
    summary = read_json(folder / SUMMARY) if (folder / SUMMARY).exists() else {}
    last = metrics[-1] if metrics else {}
    try:
        return Entry(
            folder=folder,
            network=begun.name,
            begun=datetime.fromisoformat(environment["begun"]),
            condition=_condition(folder),
            epochs=len(metrics),
            planned=begun.training.epochs.count,
            validation_accuracy=_best(metrics) if not summary else summary["validation_accuracy"],
            test_accuracy=summary.get("test_accuracy"),
            parameters=begun.parameters,
            images_per_second=last.get("images_per_second"),
            metrics=metrics,
            recipe=(begun.digest, _but_for_chance(begun.training), begun.options.weights),
            chance=(begun.training.seed.value, begun.training.split.fold if begun.training.split else None),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadRun(f"{folder} is damaged or from another version: {error}") from None


def _best(metrics: tuple[Metrics, ...]) -> float | None:
    return max((line["validation_accuracy"] for line in metrics if "validation_accuracy" in line), default=None)


def _condition(folder: Path) -> Condition:
    if lock.is_held(folder):
        return Condition.RUNNING
    if (folder / SUMMARY).exists():
        return Condition.FINISHED
    return Condition.FAILED if (folder / FAILURE).exists() else Condition.INTERRUPTED
