"""Measuring a network that was trained: on its own test set, or on another set of the same classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from specnet.settings.data import CHOICES, Data, Folder
from specnet.training import views
from specnet.training.data import DataSet, Request, load, settled
from specnet.training.data.decoding import processors
from specnet.training.device import Device, choose
from specnet.training.errors import CannotRun, DataProblem
from specnet.training.evaluation import Evaluator
from specnet.training.loss import loss
from specnet.training.measures import Evaluation, Measures, measure
from specnet.training.memory import explained, smaller
from specnet.training.suitability import refuse_channels
from specnet.training.trained import Trained

PARTS = ("test", "validation", "train")
"""The parts of a set, the one that says most of a network first."""

SHOWN = 5
"""How many of the classes that differ a message names."""


@dataclass(frozen=True)
class Asked:
    """What to measure a run on: its own data, or `data`, a folder of images or the name of a set; and how."""

    data: str | None = None
    data_dir: Path | None = None
    device: str = "cpu"
    batch: int | None = None
    skip_bad: bool = False


def evaluate(run: Trained, asked: Asked, note: Callable[[str], None]) -> Evaluation:
    """How good a run is; raises TrainingError.

    What counts is the test part; without one the validation part, and of another set without either all there is.
    """
    found = _read(run, asked, note)
    part = next(name for name in PARTS if name in found.parts())
    if part == "train" and asked.data is None:
        raise DataProblem("the data of the run has no test part; `--data` names other images to measure it on")
    return Evaluation(part, _measure(run, asked, DataSet(found.classes, found.parts()[part])))


def _read(run: Trained, asked: Asked, note: Callable[[str], None]) -> DataSet:
    """The data to measure on; raises DataProblem where its classes are not those of the run."""
    if asked.data_dir and not asked.data_dir.is_dir():
        raise CannotRun(f"there is no data folder {asked.data_dir}")
    own = run.job.training
    place, is_skipping = asked.data_dir or run.options.data_dir, asked.skip_bad or run.options.skip_bad
    request = Request(run.input_shape, place, note, skip_bad=is_skipping)
    found = load(_named(asked.data, own.data), None, request) if asked.data else load(own.data, own.split, request)
    if found.classes != run.classes:
        raise DataProblem(_other_classes(run.classes, found.classes))
    refuse_channels(run.job, found.train.pixels.shape[3])
    return found


def _named(data: str, own: Data) -> Data:
    """A folder, resized as the run's own if that is one; or a set of which no more than the name is to be said."""
    if Path(data).is_dir():
        resize = own.resize if isinstance(own, Folder) else None
        return Folder(path=str(Path(data).absolute()), resize=resize)
    kind = CHOICES.get(data)
    if kind is None or kind is Folder:
        raise CannotRun(f"--data {data}: there is no such folder, and no data set of that name")
    return kind.model_validate({})


def _other_classes(expected: tuple[str, ...], there: tuple[str, ...]) -> str:
    missing, odd = set(expected) - set(there), set(there) - set(expected)
    sides = (("it lacks", missing), ("it has also", odd))
    what = "; ".join(f"{verb} {', '.join(sorted(names)[:SHOWN])}" for verb, names in sides if names)
    return f"the data has other classes than the run was trained on: {what or 'their order differs'}"


def _measure(run: Trained, asked: Asked, data: DataSet) -> Measures:
    device, size = _device(run, asked.device), asked.batch or run.job.training.batch.size
    criterion = loss(run.job.training.loss)
    network = views.averaged(run.model.to(device.place), run.job.training.evaluate)
    parts, normalizer = {"all": settled(data, device.place, processors()).train}, run.normalization.to(device.place)
    evaluator = Evaluator(network, parts, normalizer, criterion, device, size)
    with explained(partial(smaller, size)):
        return measure(evaluator.outputs("all", lambda done, total: None), criterion, run.classes)


def _device(run: Trained, name: str) -> Device:
    """In the precision of the training where the device is of the same kind: then its figures come out again."""
    is_same = name.partition(":")[0] == run.options.device.partition(":")[0]
    precision = run.options.precision if is_same else "auto"
    return choose(replace(run.options, device=name, precision=precision), run.model)
