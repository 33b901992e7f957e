"""Batches of pixels that are not on the device: gathered by threads before they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from specnet.training.data.images import Images, Stored

AHEAD = 8
"""Batches that are gathered or wait at a time, at most."""


class Stream:
    """Batch `number` of a set holds the images that `index` tells (int64, on the CPU), none where it is at its end.

    Whichever numbers are asked for, and in whatever order: what a batch holds is the same.
    """

    def __init__(self, pixels: Stored, index: Callable[[int], Tensor], place: torch.device) -> None:
        self._pixels, self._index, self._place = pixels, index, place
        self._threads = ThreadPoolExecutor(pixels.workers, "gather") if pixels.workers else None
        self._ahead = min(pixels.workers, AHEAD)
        self._pending: dict[int, Future[Tensor]] = {}

    def batch(self, number: int) -> Tensor:
        """uint8 B×H×W×C on the device; the next ones are begun."""
        if self._threads is None:
            return self._sent(self._gathered(self._index(number)))
        wanted = range(number, number + self._ahead + 1)
        for other in self._pending.keys() - set(wanted):
            self._pending.pop(other).cancel()
        for each in wanted:
            if each not in self._pending and len(index := self._index(each)):
                self._pending[each] = self._threads.submit(self._gathered, index)
        return self._sent(self._pending.pop(number).result())

    def _gathered(self, index: Tensor) -> Tensor:
        return self._pixels.gather(index, pinned=self._place.type == "cuda")

    def _sent(self, batch: Tensor) -> Tensor:
        return batch.to(self._place, non_blocking=True)


def in_order(images: Images, size: int, own: Callable[[int], slice] = slice) -> Iterator[tuple[Tensor, Tensor]]:
    """Pixels and labels of all images in batches, on the device of the labels.

    The pixels are those of the places in a batch that `own` says, for so many images.
    """

    def places(number: int) -> Tensor:
        batch = torch.arange(len(images))[number * size :][:size]
        return batch[own(len(batch))]

    stream = Stream(images.pixels, places, images.labels.device) if isinstance(images.pixels, Stored) else None
    for number, start in enumerate(range(0, len(images), size)):
        labels = images.labels[start : start + size]
        yield stream.batch(number) if stream else images.pixels[start : start + size][own(len(labels))], labels
