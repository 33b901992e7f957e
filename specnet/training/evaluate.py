"""Evaluate a run on its own test set, or on another set of the same classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from specnet.option_names import name_option
from specnet.pictures.sixteen_bits import FULL_SCALE
from specnet.registry import find_registration
from specnet.settings.data import CHOICES, Data, Folder, HuggingFace, ImageFiles, Python, WebDataset
from specnet.settings.loss import Target
from specnet.settings.split import Split
from specnet.training.data.download import expand_home
from specnet.training.data.images import DataRequest, DataSet, Images
from specnet.training.data.loading import load, place_on_device
from specnet.training.data.sets import READERS
from specnet.training.device import Device, choose_device
from specnet.training.engine.evaluator import Evaluation, Evaluator, average_views
from specnet.training.errors import CannotRun, DataProblem, Unsuitable
from specnet.training.job import GivenData, OwnMetric
from specnet.training.metrics.calibration import fit_temperature
from specnet.training.optim.losses import build_loss
from specnet.training.preflight import refuse_channels
from specnet.training.resources import advise_smaller_batch, count_processors, explain_out_of_memory
from specnet.training.runs.given import digest_made_data, refuse_other_data
from specnet.training.runs.loaded_run import LoadedRun
from specnet.training.tasks.results import Results

PARTS = ("test", "validation", "train")
"""The parts of a set, the most meaningful for an evaluation first."""

SHOWN = 5
"""Classes that differ, in one message."""


@dataclass(frozen=True)
class EvaluationOptions:
    """The data to evaluate a run on, its own or `data`, and the device.

    `data` is a folder or file of images, or the name of a set; `given` is data that a program hands over, and `metric`
    a metric of its own. With `calibrate`, a temperature is fitted to the run's own validation part first, kept in its
    folder, and applied.
    """

    data: str | None = None
    data_dir: Path | None = None
    device: str = "cpu"
    batch: int | None = None
    skip_bad: bool = False
    given: GivenData | None = None
    metric: OwnMetric | None = None
    calibrate: bool = False


def evaluate(run: LoadedRun, options: EvaluationOptions, note: Callable[[str], None]) -> Evaluation:
    """Evaluate a run; raises TrainingError.

    The part is the test part, or else the validation part; of another set without either, it is all images.
    """
    data_set = read_data(run, options, note)
    if options.calibrate:
        own = data_set if options.data is None else read_data(run, replace(options, data=None), note)
        run = _calibrate(run, options, own, note)
    part = next(name for name in PARTS if name in data_set.parts())
    if part == "train" and options.data is None and options.given is None:
        raise DataProblem(
            f"the data of the run has no test part; evaluate it with {name_option('data')} on other images"
        )
    return Evaluation(part, _evaluate_part(run, options, data_set.parts()[part]))


def read_data(run: LoadedRun, options: EvaluationOptions, note: Callable[[str], None]) -> DataSet:
    """Read a run's own data, or what the options name, prepared as in training.

    Raises CannotRun where it is not there, DataProblem where its classes are not those of the run.
    """
    if options.data_dir and not expand_home(options.data_dir).is_dir():
        raise CannotRun(f"there is no data folder {options.data_dir}")
    place, is_skipping = options.data_dir or run.options.data_dir, options.skip_bad or run.options.skip_bad
    scale = run.scale or FULL_SCALE
    request = DataRequest(
        run.input_shape,
        place,
        note,
        skip_bad=is_skipping,
        refuse=lambda classes, channels, explain, _: refuse_channels(run.job, channels, explain),
        classes=run.classes,
        scale=scale,
        target=run.job.training.task.target,
        spec_folder=run.options.spec and run.options.spec.parent,
        ignored=run.job.training.task.ignored,
        given=options.given,
        seed=run.job.training.seed.value,
    )
    data, split = _choose_source(run, options)
    data_set = load(data, split, request)
    if data_set.classes != run.classes:
        raise DataProblem(_describe_classes(run.classes, data_set.classes))
    if options.data is None and options.given is None:
        refuse_other_data(run.data_digest, digest_made_data(run.job, data_set), *_advise_name(run))
    refuse_channels(run.job, run.objective.get_pixels(data_set.train.pixels).shape[3])
    return data_set


def _advise_name(run: LoadedRun) -> Iterator[str]:
    """Yield what measures a run on what the data set of its plugin has become."""
    if registration := find_registration(type(run.job.training.data)):
        option = name_option("data", registration.word)
        yield f"`specnet evaluate {run.folder}` with {option} measures it on what that data set reads now"


def _choose_source(run: LoadedRun, options: EvaluationOptions) -> tuple[Data, Split | None]:
    """Return what to read, and how it is split; raises CannotRun where it is to come from Python, and does not."""
    own = run.job.training
    if options.given:
        return Python(), None
    if options.data:
        return choose_data(options.data, own.data), None
    if run.given:
        calls = [f"`specnet.{call}, data=…)`" for call in (f'evaluate("{run.folder}"', f'show("{run.folder}", VIEW')]
        raise CannotRun(
            "the run was trained on data that a Python program handed over; "
            f"{calls[0]} measures it on such, and {calls[1]} looks at it"
        )
    return own.data, own.split


def choose_data(data: str, own: Data | None = None) -> Data:
    """Return a folder or a file of images, read as a run's own data, or a data set by its name, with the run's classes.

    Raises CannotRun.
    """
    path = expand_home(data)
    if not path.exists():
        return _choose_by_name(data, own)
    kind = _find_kind(path, own)
    return kind.model_validate({**_copy_form(own, kind), "path": str(path.absolute())})


def _find_kind(path: Path, own: Data | None) -> type[Data]:
    """Return the kind of data that a path leads to; raises CannotRun for a file that is none.

    A folder is one of shards where the run's own data is in shards of the same ending.
    """
    if path.is_dir():
        is_own = isinstance(own, WebDataset | HuggingFace) and any(path.glob(f"*{end}") for end in own.endings)
        return type(own) if own and is_own else Folder
    for kind in CHOICES.values():
        if path.name.lower().endswith(kind.endings):
            return kind
    endings = ", ".join(ending for kind in CHOICES.values() for ending in kind.endings)
    raise CannotRun(f"{path} is no data; images are in a folder, or named or held by a file that ends in {endings}")


def _copy_form(own: Data | None, kind: type[Data]) -> dict[str, Any]:
    """Return how a run's own data is read, as far as a kind is read so; the number of classes is not part of that."""
    if not own:
        return {}
    shared = kind if type(own) is kind else ImageFiles if isinstance(own, ImageFiles) else Data
    return own.model_dump(include=set(shared.model_fields) - {"classes", *own.of_parts})


def _choose_by_name(data: str, own: Data | None) -> Data:
    kind = CHOICES.get(data)
    is_read = kind and (kind in READERS or find_registration(kind))
    if not kind or not is_read or "path" in kind.model_fields:
        raise CannotRun(f"`{data}`: there is no such folder or file, and no data set of that name")
    return own if isinstance(own, kind) else kind.model_validate({})


def _describe_classes(expected: tuple[str, ...], there: tuple[str, ...]) -> str:
    missing, odd = set(expected) - set(there), set(there) - set(expected)
    sides = (("it lacks", missing), ("it has also", odd))
    what = "; ".join(f"{verb} {', '.join(sorted(names)[:SHOWN])}" for verb, names in sides if names)
    return f"the data has other classes than the run was trained on: {what or 'their order differs'}"


def _calibrate(run: LoadedRun, options: EvaluationOptions, data: DataSet, note: Callable[[str], None]) -> LoadedRun:
    """Fit a temperature to the validation part, keep it in the run's folder, and return the run with it."""
    if run.job.training.task.target is not Target.CLASS:
        target = run.job.training.task.target
        raise Unsuitable(f"a temperature calibrates a network that tells classes apart, and images come with {target}")
    if data.validation is None:
        raise DataProblem("a temperature is fitted to the validation part, and the data of the run has none")
    if not run.summary:
        raise CannotRun(f"{run.folder} is not finished; a temperature is that of the best weights in the end")
    with explain_out_of_memory(partial(advise_smaller_batch, options.batch or run.job.training.batch.size)):
        outputs, targets = zip(*_make_evaluator(run, options, data.validation).outputs("all"), strict=True)
    temperature = fit_temperature(torch.cat(outputs), torch.cat(targets))
    calibrated = run.keep_temperature(temperature, len(data.validation))
    note(f"the temperature {temperature:.4g} suits the {len(data.validation):,} validation images best")
    return calibrated


def _evaluate_part(run: LoadedRun, options: EvaluationOptions, images: Images) -> Results:
    with explain_out_of_memory(partial(advise_smaller_batch, options.batch or run.job.training.batch.size)):
        return _make_evaluator(run, options, images).measure("all")


def _make_evaluator(run: LoadedRun, options: EvaluationOptions, images: Images) -> Evaluator:
    """Return an evaluator of images, which are its part `all`."""
    device, size = _choose_device(run, options.device), options.batch or run.job.training.batch.size
    loss = build_loss(run.job.training.loss)
    network = average_views(run.model.to(device.place), run.job.training.evaluate, run.job.training.task.is_map)
    parts = {"all": place_on_device(DataSet(run.classes, images), device.place, count_processors()).train}
    normalizer = run.normalization.to(device.place)
    objective = replace(run.objective, own=options.metric or run.job.own_metric)
    return Evaluator(network, parts, normalizer, loss, objective, device, size)


def _choose_device(run: LoadedRun, name: str) -> Device:
    """Choose the training's precision on a device of the same kind, which reproduces the training's metrics."""
    is_same = name.partition(":")[0] == run.options.device.partition(":")[0]
    precision = run.options.precision if is_same else "auto"
    return choose_device(replace(run.options, device=name, precision=precision))
