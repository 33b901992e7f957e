"""Load a data set: read it, bring it to the network's size, and set its validation part aside."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from specnet.settings.data import Data
from specnet.settings.split import Split
from specnet.training.data.images import DataRequest, DataSet, Images, resize_and_crop, split_off
from specnet.training.data.placement import load_into_memory
from specnet.training.data.sets import (
    READERS,
)
from specnet.training.errors import DataProblem


def _split_range(split: Split, there: int) -> tuple[int, int]:
    """Return the first place and the end of the validation part in the stratified order."""
    if split.folds and split.fold:
        return (split.fold - 1) * there // split.folds, split.fold * there // split.folds
    wanted = split.validation
    return 0, wanted if isinstance(wanted, int) else max(1, round((wanted or 0) * there))


def apply_split(data: DataSet, split: Split | None) -> DataSet:
    """Split the validation part off the training images; raises DataProblem if there are too few.

    A validation part of the set itself then replaces a missing test part.
    """
    if split is None:
        return data
    there = len(data.train)
    start, end = _split_range(split, there)
    if end - start >= there:
        raise DataProblem(f"`split` sets {end - start} images aside for validation, and there are {there} to train on")
    if end == start:
        raise DataProblem(f"`split folds={split.folds}` leaves a fold empty: there are {there} images to train on")
    train, validation = split_off(data.train, start, end)
    return replace(data, train=train, validation=validation, test=data.test or data.validation)


def load(data: Data, split: Split | None, request: DataRequest) -> DataSet:
    """Load a data set with all images in the requested size; raises DataProblem, CannotRun."""
    found = READERS[type(data)](data, request)
    _check_labels(data, found)
    fitting = found.map(lambda part: _resize_part(part, request.shape[:2]))
    return load_into_memory(apply_split(fitting, split), request.note)


def _resize_part(part: Images, size: tuple[int, int]) -> Images:
    """Return the images in the requested size, which those of a folder have already."""
    return Images(resize_and_crop(part.pixels, size), part.labels) if isinstance(part.pixels, Tensor) else part


def _check_labels(data: Data, found: DataSet) -> None:
    """Raise DataProblem where labels and classes do not agree."""
    if data.classes is not None and len(found.classes) != data.classes:
        raise DataProblem(f"the spec says {data.classes} classes, and the data has {len(found.classes)}")
    for name, part in found.parts().items():
        if not len(part):
            raise DataProblem(f"the {name} part of the data is empty")
        odd = ((part.labels < 0) | (part.labels >= len(found.classes))).nonzero().ravel().tolist()
        if odd:
            raise DataProblem(
                f"{len(odd):,} of {len(part):,} labels of the {name} part are not from 0 to {len(found.classes) - 1}, "
                f"as {len(found.classes)} classes have them: the first is {part.labels[odd[0]]}, of image {odd[0]:,}"
            )
