"""List the runs in a folder: their networks, their status and their results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from specnet.file_access import describe_reason
from specnet.settings import Training
from specnet.settings.seed import Seed
from specnet.settings.task import Metric
from specnet.training.distributed import count_restarts, get_launch_id
from specnet.training.errors import BadRun, TrainingError
from specnet.training.files import is_locked
from specnet.training.job import Job, Metrics, Options, read_metric
from specnet.training.runs.records import EnvironmentRecord, read_record
from specnet.training.runs.run_config import RunConfig, read_run_config
from specnet.training.runs.run_folder import CONFIG, ENVIRONMENT, FAILURE, RUNS, SUMMARY, read_metrics, read_summary

Recipe = tuple[str, Training, Path | None]
"""A network's digest, its settings apart from chance, and the weights that it started from."""

DEEPEST = 3
"""How many levels below a folder in `runs` the folders of runs are looked for."""

Chance = tuple[int, int | None]
"""The seed, and the fold that was set aside."""


class RunStatus(StrEnum):
    """The status of a run."""

    FINISHED = "finished"
    RUNNING = "running"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class RunEntry:
    """A run; results that it does not have yet are None, `validation` and `test` are those of its task's metric.

    `overrides` are its values of `--set` by name, `metrics` the lines of metrics.jsonl.
    """

    folder: Path
    network: str
    begun: datetime
    status: RunStatus
    epochs: int
    planned: float
    metric: Metric
    validation: float | None
    test: float | None
    parameters: int
    macs: int | None
    overrides: Mapping[str, str]
    images_per_second: float | None
    metrics: tuple[Metrics, ...]
    recipe: Recipe
    chance: Chance
    training: Training
    weights: Path | None
    freeze: tuple[str, ...]
    seconds: float | None
    best_epoch: int | None
    images: Mapping[str, int]
    """The numbers of images of each part, by its name; empty until the run is finished."""


def list_runs(folder: Path, note: Callable[[str], None]) -> list[RunEntry]:
    """Return the runs in a folder and in folders within it, such as sweeps, oldest first; or the folder itself.

    `note` reports damaged ones, and folders of something else directly in the folder.
    """
    return sorted(read_runs(_find_places(folder), note), key=lambda entry: entry.begun)


def _find_places(folder: Path) -> Iterator[Path]:
    """Yield the folders of runs, and those directly in the folder that hold none."""
    if _holds_run(folder):
        yield folder
        return
    for place in sorted(_list_visible(folder)):
        yield from ([] if _holds_run(place) else _find_inner(place)) or [place]


def _holds_run(folder: Path) -> bool:
    """Whether a folder holds a run, or cannot be entered, of which reading the run tells the reason."""
    try:
        return (folder / CONFIG).is_file()
    except OSError:
        return True


def _find_inner(folder: Path) -> list[Path]:
    """Return the folders of runs in a folder that is none, such as a sweep's, some levels below it."""
    return sorted(config.parent for level in range(1, DEEPEST + 1) for config in folder.glob(f"{'*/' * level}{CONFIG}"))


def find_repeated_runs(found: Sequence[RunEntry]) -> list[list[RunEntry]]:
    """Group the finished runs that differ in seed or fold alone: at least two of a recipe, the last for each seed."""
    finished = [entry for entry in found if entry.status is RunStatus.FINISHED]
    recipes: list[Recipe] = []
    for entry in finished:
        if entry.recipe not in recipes:
            recipes.append(entry.recipe)
    groups = ({entry.chance: entry for entry in finished if entry.recipe == recipe} for recipe in recipes)
    return [list(group.values()) for group in groups if len(group) > 1]


def find_differences(found: Sequence[RunEntry]) -> list[dict[str, str]]:
    """Return for each run its overrides by name, without those that all runs have alike."""
    names = dict.fromkeys(name for entry in found for name in entry.overrides)
    different = [name for name in names if len({entry.overrides.get(name) for entry in found}) > 1]
    return [{name: entry.overrides[name] for name in different if name in entry.overrides} for entry in found]


def _without_chance(training: Training) -> Training:
    split = training.split and training.split.model_copy(update={"fold": None})
    return training.model_copy(update={"seed": Seed(), "split": split})


def _list_visible(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if not path.name.startswith("."))


def read_runs(places: Iterable[Path], note: Callable[[str], None]) -> Iterator[RunEntry]:
    """Read the runs among files and folders; one that cannot be read is noted, and hides no other."""
    for place in places:
        try:
            if place.is_dir():
                yield _read_entry(place)
        except TrainingError as error:
            note(f"passed over: {error}")
        except OSError as error:
            note(f"passed over: {error.filename or place} cannot be read: {describe_reason(error)}")


def _read_entry(folder: Path) -> RunEntry:
    """Read a run; raises TrainingError."""
    config, metrics, summary = read_run_config(folder), read_metrics(folder), read_summary(folder)
    last = metrics[-1] if metrics else {}
    metric = read_metric(summary) if summary else config.own_metric or config.training.task.metric
    return RunEntry(
        folder=folder,
        network=config.name,
        begun=read_record(folder / ENVIRONMENT, EnvironmentRecord).begun,
        status=_find_status(folder),
        epochs=len(metrics),
        planned=config.training.epochs.count,
        metric=metric,
        validation=summary.get(f"validation_{metric.name}") if summary else _find_best(metrics, metric),
        test=summary.get(f"test_{metric.name}"),
        parameters=config.parameters,
        macs=config.macs,
        overrides=config.options.overrides,
        images_per_second=last.get("images_per_second"),
        metrics=metrics,
        recipe=(config.digest, _without_chance(config.training), config.options.weights),
        chance=(config.training.seed.value, config.training.split.fold if config.training.split else None),
        training=config.training,
        weights=config.options.weights,
        freeze=config.options.freeze,
        seconds=last.get("seconds"),
        best_epoch=summary.get("best_epoch"),
        images=summary.get("images", {}),
    )


def _find_best(metrics: tuple[Metrics, ...], metric: Metric) -> float | None:
    """Return the best validation of all epochs; None where there is none."""
    best = None
    for line in metrics:
        score = line.get(f"validation_{metric.name}")
        best = score if metric.is_better(score, best) else best
    return best


def _find_status(folder: Path) -> RunStatus:
    if is_locked(folder):
        return RunStatus.RUNNING
    if (folder / SUMMARY).exists():
        return RunStatus.FINISHED
    return RunStatus.FAILED if (folder / FAILURE).exists() else RunStatus.INTERRUPTED


def find_restarted_run(job: Job, options: Options) -> RunConfig | None:
    """Return the newest run of the job that this launch of torchrun has started; None on its first start."""
    if not count_restarts():
        return None
    return next((config for config in _newest_runs(options) if _is_of_job(config, job)), None)


def _newest_runs(options: Options) -> Iterator[RunConfig]:
    """Yield the runs in the place where the options put this one, newest first."""
    found = [options.run / CONFIG] if options.run else RUNS.glob(f"*/{CONFIG}")
    for path in sorted(found, key=_get_time, reverse=True):
        try:
            yield read_run_config(path.parent)
        except (TrainingError, OSError):
            continue


def _get_time(path: Path) -> float:
    """Return when a file was written; 0 where it is missing or the system does not say."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0


def _is_of_job(config: RunConfig, job: Job) -> bool:
    is_same = config.digest == job.digest and config.training == job.training
    return is_same and _launch_id_of(config.folder) == get_launch_id()


def _launch_id_of(folder: Path) -> str | None:
    try:
        return read_record(folder / ENVIRONMENT, EnvironmentRecord).launch
    except BadRun:
        return None
