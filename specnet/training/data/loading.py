"""Load a data set: read, resize and split it, and place its pixels on the device, in memory or on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from math import ceil
from typing import cast

import torch
from torch import Tensor

from specnet.byte_sizes import format_bytes
from specnet.printable import format_amount
from specnet.settings.data import Data, Published
from specnet.settings.split import Split
from specnet.suggest import did_you_mean, find_closest_word
from specnet.training.data.given import read_own
from specnet.training.data.images import (
    DataRequest,
    DataSet,
    Epoch,
    Findings,
    Images,
    MappedPixels,
    StoredPixels,
    add_partners,
    count_enlarged,
    fitted_to,
    resize_and_crop,
    split_off,
)
from specnet.training.data.sets import READERS
from specnet.training.errors import DataProblem
from specnet.training.resources import CPU, DATA_SHARE, fits_in_memory

MAX_AHEAD = 8
"""The largest number of batches that are gathered ahead."""


def load_into_memory(data: DataSet, note: Callable[[str], None]) -> DataSet:
    """Load decoded pixels into memory if all of them fit; `note` reports that they do not. Streams stay as they are."""
    stored = [part.pixels for part in data.parts().values() if isinstance(part.pixels, MappedPixels)]
    size = sum(pixels.nbytes for pixels in stored)
    if fits_in_memory(size, CPU):
        return data.map(_load_part)
    note(
        f"the images take {format_bytes(size)}, more than {DATA_SHARE:.0%} of the memory that is free; "
        f"batches are read as they are needed, {_describe_readers(stored[0].workers)}"
    )
    return data


def _load_part(part: Images) -> Images:
    return replace(part, pixels=part.pixels[:]) if isinstance(part.pixels, MappedPixels) else part


def _describe_readers(workers: int) -> str:
    return f"by {format_amount(workers, 'thread')} ahead of the training" if workers else "between the steps"


def place_on_device(data: DataSet, place: torch.device, workers: int) -> DataSet:
    """Put all targets on the device, and the pixels where they fit; `workers` threads read the others."""
    size = sum(part.pixels.nbytes for part in data.parts().values() if isinstance(part.pixels, Tensor))
    is_small = place.type == "cpu" or fits_in_memory(size, place)
    return data.map(lambda part: _place_part(part, place, is_small, workers))


def _place_part(images: Images, place: torch.device, is_small: bool, workers: int) -> Images:
    targets = images.targets.to(place)
    if isinstance(images.pixels, StoredPixels):
        return replace(images, targets=targets)
    if is_small:
        return replace(images, pixels=images.pixels.to(place), targets=targets)
    return replace(images, pixels=MappedPixels(images.pixels, torch.arange(len(targets)), workers), targets=targets)


class BatchReader:
    """Reads batches ahead of time: batch `number` has the images `index(number)`, int64 on the CPU, empty at the end.

    Random crops are those of `epoch(number)`, if it is one of training. A batch does not depend on the order in which
    batches are read.
    """

    def __init__(
        self,
        pixels: StoredPixels,
        index: Callable[[int], Tensor],
        place: torch.device,
        epoch: Callable[[int], Epoch | None] = lambda number: None,
    ) -> None:
        self._pixels, self._index, self._place, self._epoch = pixels, index, place, epoch
        self._threads = ThreadPoolExecutor(pixels.workers, "gather") if pixels.workers else None
        self._ahead = min(pixels.workers, MAX_AHEAD)
        self._pending: dict[int, Future[Tensor]] = {}

    def batch(self, number: int) -> Tensor:
        """Return uint8 B×H×W×C on the device, and start to gather the next batches."""
        if self._threads is None:
            return self._send(self._gather(self._index(number), self._epoch(number)))
        wanted = range(number, number + self._ahead + 1)
        for other in self._pending.keys() - set(wanted):
            self._pending.pop(other).cancel()
        for each in wanted:
            if each not in self._pending and len(index := self._index(each)):
                self._pending[each] = self._threads.submit(self._gather, index, self._epoch(each))
        return self._send(self._pending.pop(number).result())

    def _gather(self, index: Tensor, epoch: Epoch | None) -> Tensor:
        return self._pixels.gather(index, self._place.type == "cuda", epoch)

    def _send(self, batch: Tensor) -> Tensor:
        return batch.to(self._place, non_blocking=True)


def iterate_batches(
    images: Images, size: int, own: Callable[[int], slice] = slice, partners: Tensor | None = None
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield pixels, targets and indices (int64, on the CPU) of all images in batches, on the device of the targets.

    They are those at the places that `own` selects for the size of a batch. Where images have `partners` (int64 N, on
    the CPU), these follow in the pixels and targets of a batch.
    """

    def places(number: int) -> Tensor:
        batch = torch.arange(len(images))[number * size :][:size]
        return batch[own(len(batch))]

    def pairs(number: int) -> Tensor:
        return add_partners(places(number), partners)

    device = images.targets.device
    stream = BatchReader(images.pixels, pairs, device) if isinstance(images.pixels, StoredPixels) else None
    for number in range(ceil(len(images) / size)):
        index = places(number)
        if partners is None:  # a view, without a copy
            some: slice | Tensor = slice(int(index[0]), int(index[-1]) + 1)
        else:
            some = add_partners(index, partners).to(device)
        yield stream.batch(number) if stream else images.pixels[some], images.targets[some], index


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
        images = format_amount(there, "image")
        raise DataProblem(f"`split` sets {end - start:,} of {images} aside for validation, and leaves none to train on")
    if end == start:
        raise DataProblem(f"`split folds={split.folds}` leaves a fold empty: it splits {format_amount(there, 'image')}")
    train, validation = split_off(data.train, start, end)
    return replace(data, train=train, validation=validation, test=data.test or data.validation)


def load(data: Data, split: Split | None, request: DataRequest) -> DataSet:
    """Load a data set with all images in the requested size; raises DataProblem, CannotRun."""
    found = READERS.get(type(data), read_own)(data, request)
    _check_labels(data, found, request)
    chosen = _keep_classes(found, data.chosen) if isinstance(data, Published) and data.chosen else found
    fitting = _fit_to(chosen, request.shape[:2])
    return load_into_memory(apply_split(fitting, split), request.note)


def _keep_classes(found: DataSet, names: Sequence[str]) -> DataSet:
    """Return the images of the classes of these names, which keep their order; raises DataProblem for one not there."""
    for name in names:
        if name not in found.classes:
            hint = did_you_mean(find_closest_word(name, found.classes))
            raise DataProblem(f"`only` names the class {name}, and there are {', '.join(found.classes)}{hint}")
    kept = [label for label, name in enumerate(found.classes) if name in names]
    renumbered = torch.full((len(found.classes),), -1)
    renumbered[kept] = torch.arange(len(kept))

    def keep(part: Images) -> Images:
        of_kept = part.take(renumbered[part.labels] >= 0)
        return replace(of_kept, targets=renumbered[of_kept.labels])

    return replace(found.map(keep), classes=tuple(found.classes[label] for label in kept))


def _fit_to(found: DataSet, size: tuple[int, int]) -> DataSet:
    """Return the set in the requested size; a set that is neither a folder nor a stream gets its findings here."""
    if isinstance(found.train.pixels, StoredPixels):
        return found
    before = cast(tuple[int, int], tuple(found.train.pixels.shape[1:3]))
    images = sum(map(len, found.parts().values()))
    changes = {} if before == size else {fitted_to(size): images}
    fitting = found.map(lambda part: _resize_part(part, size))
    return replace(
        fitting, findings=found.findings or Findings(before, before, changes, count_enlarged({before: images}, size))
    )


def _resize_part(part: Images, size: tuple[int, int]) -> Images:
    """Return the images in the requested size, which those of a folder have already."""
    return replace(part, pixels=resize_and_crop(part.pixels, size)) if isinstance(part.pixels, Tensor) else part


def _check_labels(data: Data, found: DataSet, request: DataRequest) -> None:
    """Raise DataProblem where labels and classes do not agree."""
    if data.classes is not None and len(found.classes) != data.classes:
        raise DataProblem(
            f"the spec says {format_amount(data.classes, 'class')}, and the data has {len(found.classes)}"
        )
    for name, part in found.parts().items():
        if not len(part):
            raise DataProblem(f"the {name} part of the data is empty")
        if not part.has_labels:
            continue
        odd = ((part.labels < 0) | (part.labels >= len(found.classes))).nonzero().ravel().tolist()
        if odd:
            is_measured = request.classes is not None and len(found.parts()) == 1  # other images, which are no part
            where = "the data" if is_measured else f"the {name} part"
            raise DataProblem(
                f"{len(odd):,} of {len(part):,} labels of {where} are not from 0 to {len(found.classes) - 1}, "
                f"as {len(found.classes)} classes have them: the first is {part.labels[odd[0]]}, of "
                f"{part.name_file(odd[0]) or f'image {odd[0]:,}'}"
            )
