"""Measuring a network that was trained: on its own test set, or on another set of the same classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from specnet.settings.data import CHOICES, Data, Folder
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load
from specnet.training.data.placement import place_on_device
from specnet.training.data.sets import READERS
from specnet.training.device import Device, choose_device
from specnet.training.engine.evaluator import (
    ClassificationMetrics,
    Evaluation,
    Evaluator,
    average_views,
    compute_metrics,
)
from specnet.training.errors import CannotRun, DataProblem
from specnet.training.optim.losses import build_loss
from specnet.training.preflight import refuse_channels
from specnet.training.resources import advise_smaller_batch, count_processors, explain_out_of_memory
from specnet.training.runs.loaded_run import LoadedRun

PARTS = ("test", "validation", "train")
"""The parts of a set, the one that says most of a network first."""

SHOWN = 5
"""How many of the classes that differ a message names."""


@dataclass(frozen=True)
class EvaluationOptions:
    """What to measure a run on: its own data, or `data`, a folder of images or the name of a set; and how."""

    data: str | None = None
    data_dir: Path | None = None
    device: str = "cpu"
    batch: int | None = None
    skip_bad: bool = False


def evaluate(run: LoadedRun, asked: EvaluationOptions, note: Callable[[str], None]) -> Evaluation:
    """How good a run is; raises TrainingError.

    What counts is the test part; without one the validation part, and of another set without either all there is.
    """
    found = _read_data(run, asked, note)
    part = next(name for name in PARTS if name in found.parts())
    if part == "train" and asked.data is None:
        raise DataProblem("the data of the run has no test part; `--data` names other images to measure it on")
    return Evaluation(part, _evaluate_part(run, asked, DataSet(found.classes, found.parts()[part])))


def _read_data(run: LoadedRun, asked: EvaluationOptions, note: Callable[[str], None]) -> DataSet:
    """The data to measure on; raises DataProblem where its classes are not those of the run."""
    if asked.data_dir and not asked.data_dir.is_dir():
        raise CannotRun(f"there is no data folder {asked.data_dir}")
    own = run.job.training
    place, is_skipping = asked.data_dir or run.options.data_dir, asked.skip_bad or run.options.skip_bad
    request = DataRequest(run.input_shape, place, note, skip_bad=is_skipping)
    found = (
        load(_choose_data(asked.data, own.data), None, request) if asked.data else load(own.data, own.split, request)
    )
    if found.classes != run.classes:
        raise DataProblem(_describe_classes(run.classes, found.classes))
    refuse_channels(run.job, found.train.pixels.shape[3])
    return found


def _choose_data(data: str, own: Data) -> Data:
    """A folder, resized as the run's own if that is one; or a set of which no more than the name is to be said."""
    if Path(data).is_dir():
        resize = own.resize if isinstance(own, Folder) else None
        return Folder(path=str(Path(data).absolute()), resize=resize)
    kind = CHOICES.get(data)
    if kind not in READERS or kind is Folder:
        raise CannotRun(f"--data {data}: there is no such folder, and no data set of that name")
    return kind.model_validate({})


def _describe_classes(expected: tuple[str, ...], there: tuple[str, ...]) -> str:
    missing, odd = set(expected) - set(there), set(there) - set(expected)
    sides = (("it lacks", missing), ("it has also", odd))
    what = "; ".join(f"{verb} {', '.join(sorted(names)[:SHOWN])}" for verb, names in sides if names)
    return f"the data has other classes than the run was trained on: {what or 'their order differs'}"


def _evaluate_part(run: LoadedRun, asked: EvaluationOptions, data: DataSet) -> ClassificationMetrics:
    device, size = _choose_device(run, asked.device), asked.batch or run.job.training.batch.size
    criterion = build_loss(run.job.training.loss)
    network = average_views(run.model.to(device.place), run.job.training.evaluate)
    parts, normalizer = (
        {"all": place_on_device(data, device.place, count_processors()).train},
        run.normalization.to(device.place),
    )
    evaluator = Evaluator(network, parts, normalizer, criterion, device, size)
    with explain_out_of_memory(partial(advise_smaller_batch, size)):
        return compute_metrics(evaluator.outputs("all", lambda done, total: None), criterion, run.classes)


def _choose_device(run: LoadedRun, name: str) -> Device:
    """In the precision of the training where the device is of the same kind: then its figures come out again."""
    is_same = name.partition(":")[0] == run.options.device.partition(":")[0]
    precision = run.options.precision if is_same else "auto"
    return choose_device(replace(run.options, device=name, precision=precision), run.model)
