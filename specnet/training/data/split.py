"""Setting images aside so that each class keeps its share."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from specnet.settings.split import Split
from specnet.training.data.images import DataSet, Images
from specnet.training.errors import DataProblem
from specnet.training.randomness import generator

FIXED = 0
"""The seed of every split: runs of different seeds are compared on the same images."""


def stratified(labels: Tensor, start: int, end: int) -> Tensor:
    """A mask over `labels`, true for `end` − `start` of them, drawn so that each class keeps its share.

    An image's place is its rank in its class, shuffled, over the class's size: the first places hold all classes alike.
    """
    shuffled = torch.randperm(len(labels), generator=generator(FIXED, "split"))
    places = torch.empty(len(labels), dtype=torch.float64)
    for label in set(labels.tolist()):
        members = shuffled[labels[shuffled] == label]
        places[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    mask = torch.zeros(len(labels), dtype=torch.bool)
    mask[places.argsort(stable=True)[start:end]] = True
    return mask


def cut(images: Images, start: int, end: int) -> tuple[Images, Images]:
    """The images that stay, and those of the places from `start` to `end` − 1, both in their old order."""
    aside = stratified(images.labels, start, end)
    return images.take(~aside), images.take(aside)


def _range(split: Split, there: int) -> tuple[int, int]:
    """From which to which place of the stratified order the images are set aside."""
    if split.folds and split.fold:
        return (split.fold - 1) * there // split.folds, split.fold * there // split.folds
    wanted = split.validation
    return 0, wanted if isinstance(wanted, int) else max(1, round((wanted or 0) * there))


def set_aside(data: DataSet, split: Split | None) -> DataSet:
    """Take the validation part from the training images; raises DataProblem if there are too few.

    A set's own validation part then stands in for a missing test.
    """
    if split is None:
        return data
    there = len(data.train)
    start, end = _range(split, there)
    if end - start >= there:
        raise DataProblem(f"`split` sets {end - start} images aside for validation, and there are {there} to train on")
    if end == start:
        raise DataProblem(f"`split folds={split.folds}` leaves a fold empty: there are {there} images to train on")
    train, validation = cut(data.train, start, end)
    return replace(data, train=train, validation=validation, test=data.test or data.validation)
