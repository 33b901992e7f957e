"""Baselines: how well simple classifiers do on pixels, or on the features that a trained network computes of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from torch import Tensor

from specnet.byte_sizes import format_bytes
from specnet.insight.classifiers import CLASSIFIERS
from specnet.insight.layers import compute_output
from specnet.option_names import name_option
from specnet.printable import format_amount
from specnet.settings.data import Data
from specnet.settings.normalize import Normalize
from specnet.settings.split import Split
from specnet.training import DataProblem, LoadedRun
from specnet.training.data.images import DataRequest, DataSet, Images, draw_stratified
from specnet.training.data.loading import load
from specnet.training.errors import CannotRun
from specnet.training.preflight import refuse_channels
from specnet.training.resources import CPU, fits_in_memory
from specnet.training.transforms.normalization import fit_normalizer

HELD_OUT = Split(validation=0.2)
"""The images to test on where a set has no part for that."""

SEEDS = 2**32
"""The number of seeds that scikit-learn knows."""

BATCH = 256
"""Images whose features are computed together."""

FEWEST = 10
"""The fewest images to fit a classifier to."""

Note = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """The data of a comparison: a set, how to split it, the size of its images, and how pixels are normalised.

    A set that is made at random is made from `seed`.
    """

    data: Data
    split: Split | None
    shape: tuple[int, int, int]
    normalize: Normalize
    seed: int = 0


@dataclass(frozen=True)
class Features:
    """What classifiers are fitted to and tested on: float32 N×D with labels N, and the names of the classes.

    `part` is the part of the set that is tested on.
    """

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    part: str


@dataclass(frozen=True)
class Result:
    """The accuracy of a classifier on new images, as a fraction, and the seconds that it took."""

    kind: str
    accuracy: float
    fit_seconds: float
    predict_seconds: float


def read_images(task: Task, request: DataRequest, limit: int) -> tuple[DataSet, str]:
    """Return at most `limit` images to fit to and as many to test on, and the name of the part with these.

    All classes keep their shares. Raises DataProblem, CannotRun.
    """
    data = load(task.data, task.split, request)
    part = next((name for name in ("test", "validation") if name in data.parts()), None)
    if part is None:
        request.note("the data has no images to test on: a fifth of each class is held out")
        data, part = load(task.data, HELD_OUT, request), "validation"
    train, test = (_take_share(data.parts()[name], limit) for name in ("train", part))
    _refuse_too_few(train, data.classes)
    whole = f"{len(data.train):,} to fit to and {len(data.parts()[part]):,} to test on"
    if len(train) < len(data.train) or len(test) < len(data.parts()[part]):
        request.note(
            f"of {whole}, {len(train):,} and {len(test):,} images are taken; {name_option('limit')} takes others"
        )
    return DataSet(data.classes, train, test=test), part


def _take_share(images: Images, limit: int) -> Images:
    return images.take(draw_stratified(images.labels, 0, limit)) if len(images) > limit else images


def _refuse_too_few(train: Images, classes: Sequence[str]) -> None:
    """Raise DataProblem for so few images that a classifier cannot learn all classes."""
    if len(classes) < 2:
        raise DataProblem(f"all images are of one class, {classes[0]}, which leaves nothing to tell apart")
    counts = train.labels.bincount(minlength=len(classes))
    if len(train) < FEWEST or not counts.all():
        missing = [name for name, count in zip(classes, counts.tolist(), strict=True) if not count]
        what = f", and none of {', '.join(missing[:5])}" if missing else ""
        least = f"at least {FEWEST}, with some of each class, are needed"
        raise DataProblem(f"{format_amount(len(train), 'image')} to fit to are too few{what}; {least}")


def compute_pixels(task: Task, data: DataSet, part: str) -> Features:
    """Return the normalised pixels of all images as features."""
    normalizer = fit_normalizer(task.normalize, data.train.pixels)
    return _make_features(data, part, lambda pixels: normalizer(pixels))


def compute_features(run: LoadedRun, layer: str, data: DataSet, part: str) -> Features:
    """Return the outputs of a layer for all images, each standardised over the images to fit to.

    Raises CannotRun for a layer that there is not, and where the memory does not suffice.
    """
    refuse_channels(run.job, data.train.pixels.shape[3])
    features = _make_features(data, part, lambda pixels: compute_output(run, pixels, layer))
    mean, deviation = features.train.mean(0), features.train.std(0)
    for values in (features.train, features.test):
        values -= mean
        values /= np.where(deviation > 0, deviation, 1)
    return features


def _make_features(data: DataSet, part: str, compute: Callable[[Tensor], Tensor]) -> Features:
    test = data.test or data.train
    train_values, test_values = (_compute_rows(images, compute) for images in (data.train, test))
    return Features(train_values, data.train.labels.numpy(), test_values, test.labels.numpy(), data.classes, part)


def _compute_rows(images: Images, compute: Callable[[Tensor], Tensor]) -> np.ndarray:
    """Return a row of values for each image, computed in batches; raises CannotRun, DataProblem."""
    rows: np.ndarray | None = None
    for start in range(0, len(images), BATCH):
        values = compute(images.pixels[start : start + BATCH]).flatten(1).cpu().numpy()
        if rows is None:
            rows = _allocate(len(images), values.shape[1])
        rows[start : start + len(values)] = values
    if rows is None or not np.isfinite(rows).all():
        raise DataProblem("the features are not finite numbers")
    return rows


def _allocate(images: int, features: int) -> np.ndarray:
    """Return empty rows; raises CannotRun if they do not fit into memory."""
    size = images * features * 4
    if not fits_in_memory(size, CPU):
        what = f"{images:,} images of {features:,} features take {format_bytes(size)}"
        raise CannotRun(f"{what}, more than the memory has free; {name_option('limit')} takes fewer images")
    return np.empty((images, features), np.float32)


def compare(features: Features, kinds: Sequence[str], seed: int, note: Note) -> Iterator[Result]:
    """Yield the result of each classifier, fitted and tested one after the other."""
    for kind in kinds:
        classifier = CLASSIFIERS[kind].build(seed % SEEDS)
        began = perf_counter()
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            classifier.fit(features.train, features.train_labels)
        fitted = perf_counter()
        predicted = classifier.predict(features.test)
        done = perf_counter()
        if any("onverge" in str(each.message) for each in raised):
            note(f"{kind} stopped before it converged")
        if (predicted == predicted[0]).all():
            note(f"{kind} takes all images for one class: {format_amount(len(features.train), 'image')} may be too few")
        yield Result(kind, float((predicted == features.test_labels).mean()), fitted - began, done - fitted)
