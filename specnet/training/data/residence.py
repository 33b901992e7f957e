"""Where the pixels of a set live while a network is trained: on the device, if they fit, or else where they are."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from specnet.training.capacity import free
from specnet.training.data.images import DataSet, Images, Stored
from specnet.training.space import shown

SHARE = 0.5
"""Of the memory that is free, what a set may take; the rest is for the network."""

CPU = torch.device("cpu")


def fits(size: int, place: torch.device) -> bool:
    """Whether so many bytes may live in the memory of a device."""
    return size <= SHARE * free(place)


def brought_in(data: DataSet, note: Callable[[str], None]) -> DataSet:
    """The set with its stored pixels in memory, if all of them fit; `note` is told if they do not."""
    stored = [part.pixels for part in data.parts().values() if isinstance(part.pixels, Stored)]
    size = sum(pixels.nbytes for pixels in stored)
    if fits(size, CPU):
        return data.each(lambda part: Images(part.pixels[:], part.labels))
    note(
        f"the images take {shown(size)}, more than {SHARE:.0%} of the memory that is free; "
        f"batches are read as they are needed, {_by_whom(stored[0].workers)}"
    )
    return data


def _by_whom(workers: int) -> str:
    return f"by {workers} threads ahead of the training" if workers else "between the steps"


def settled(data: DataSet, place: torch.device, workers: int) -> DataSet:
    """The set with all labels on the device, and the pixels too where they fit; the rest is read by `workers`."""
    size = sum(part.pixels.nbytes for part in data.parts().values() if isinstance(part.pixels, Tensor))
    is_small = place.type == "cpu" or fits(size, place)
    return data.each(lambda part: _settled(part, place, is_small, workers))


def _settled(images: Images, place: torch.device, is_small: bool, workers: int) -> Images:
    labels = images.labels.to(place)
    if isinstance(images.pixels, Stored):
        return Images(images.pixels, labels)
    if is_small:
        return Images(images.pixels.to(place), labels)
    return Images(Stored(images.pixels, torch.arange(len(labels)), workers), labels)
