"""Encoded images by their numbers, in files or in shards, and the order in which an epoch reads them.

The order of an epoch over shards is random and yet local: they are shuffled, and images within windows of several, so
that a disk, or the folder of fetched shards, holds what is needed next. It depends on seed, epoch and shards alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import torch
from torch import Tensor

from specnet.file_access import describe_reason
from specnet.option_names import name_option
from specnet.training.data.images import Epoch, shuffle_images
from specnet.training.data.streams.shard_index import ShardIndex
from specnet.training.data.streams.shards import OpenShards, Shard
from specnet.training.errors import DataProblem
from specnet.training.randomness import make_generator

WINDOW = 2**31
"""Bytes of the shards whose images are shuffled together, as far as whole shards go."""

FEWEST = 2
"""Shards of a window, however large they are."""


SAMPLED_SHARDS, SAMPLED = 16, 4096
"""The most shards and images from which the mean and the standard deviation of all are estimated."""


class EncodedImages(ABC):
    """Encoded images by their numbers, from 0."""

    @abstractmethod
    def read(self, number: int) -> bytes:
        """Return an encoded image; raises DataProblem."""

    @abstractmethod
    def name_file(self, number: int) -> str:
        """Return the path of an image in its folder or shard."""

    @property
    @abstractmethod
    def remedy(self) -> str:
        """What helps where an image cannot be decoded, for messages."""

    @abstractmethod
    def describe(self, number: int) -> str:
        """Return the name of an image, and where it is."""

    def announce(self, numbers: Tensor, epoch: Epoch | None) -> None:  # noqa: B027, files are there
        """Begin to fetch what is read after some images, if any has to be fetched."""

    def shuffle(self, numbers: Tensor, epoch: Epoch) -> Tensor:
        """Return the order of images `numbers` (int64 N) in an epoch, int64 N."""
        return shuffle_images(len(numbers), epoch)

    def sample(self, numbers: Tensor) -> Tensor:
        """Return the places of a few thousand of the images `numbers` (int64 N), evenly spread, int64."""
        return _spread(torch.arange(len(numbers)), SAMPLED)


class FileImages(EncodedImages):
    """Image files below a folder."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder, self._names = folder, names

    def read(self, number: int) -> bytes:
        try:
            return (self._folder / self._names[number]).read_bytes()
        except OSError as error:
            raise DataProblem(f"{self.describe(number)} cannot be read: {describe_reason(error)}") from None

    def describe(self, number: int) -> str:
        return str(self._folder / self._names[number])

    def name_file(self, number: int) -> str:
        return self._names[number]

    @property
    def remedy(self) -> str:
        return "take it away, or put a whole one there"


class ShardImages(EncodedImages):
    """The encoded images of all shards of a part, numbered through; `shard` is int64 N on the CPU."""

    def __init__(self, shards: Sequence[Shard], indexes: Sequence[ShardIndex]) -> None:
        self.shards, self._indexes = shards, indexes
        self._files = OpenShards(shards)
        lengths = torch.tensor([len(index) for index in indexes])
        self._starts = lengths.cumsum(0) - lengths
        self.shard = torch.arange(len(shards)).repeat_interleave(lengths)
        self.order_shards = lru_cache(maxsize=4)(self._order_shards)
        self._are_remote = any(shard.is_remote for shard in shards)
        self._announced: list[int] = []

    def read(self, number: int) -> bytes:
        shard, place = self._locate(number)
        index = self._indexes[shard]
        return self._files.read(shard, int(index.offsets[place]), int(index.lengths[place]))

    def describe(self, number: int) -> str:
        shard, place = self._locate(number)
        return f"{self._indexes[shard].get_name(place)} in {self.shards[shard].name}"

    def name_file(self, number: int) -> str:
        shard, place = self._locate(number)
        return f"{Path(self.shards[shard].name).name}/{self._indexes[shard].get_name(place)}"

    @property
    def remedy(self) -> str:
        started = f"a new run with {name_option('skip_bad', True)}"
        return f"put a shard with a whole image there; {started} decodes every image once first, and leaves such out"

    def _locate(self, number: int) -> tuple[int, int]:
        shard = int(self.shard[number])
        return shard, number - int(self._starts[shard])

    @property
    def fingerprint(self) -> int:
        """A checksum over the places of all images in their shards."""
        checksum = 0
        for index in self._indexes:
            checksum = crc32(index.offsets.tobytes(), crc32(index.lengths.tobytes(), checksum))
        return checksum

    @property
    def window(self) -> int:
        """The number of shards of a window."""
        mean = sum(shard.size for shard in self.shards) / len(self.shards)
        return max(FEWEST, min(len(self.shards), round(WINDOW / max(1, mean))))

    def _order_shards(self, epoch: Epoch) -> Tensor:
        """Return the shards in the order of an epoch, int64."""
        return torch.randperm(len(self.shards), generator=make_generator(epoch.seed, "shards", epoch.number))

    def find_windows(self, epoch: Epoch) -> Tensor:
        """Return the window in which each shard is read in an epoch, int64."""
        order = self.order_shards(epoch)
        return torch.empty_like(order).scatter_(0, order, torch.arange(len(order)) // self.window)

    def announce(self, numbers: Tensor, epoch: Epoch | None) -> None:
        if not self._are_remote or not len(numbers):
            return
        shards = self.shard[numbers]
        upcoming = self._look_ahead(int(shards.max())) if epoch is None else self._look_ahead_in(epoch, shards)
        if upcoming != self._announced:
            self._announced = upcoming
            self._files.keep_open({*upcoming, *shards.tolist()})
            for shard in upcoming:
                self.shards[shard].fetch_ahead()

    def shuffle(self, numbers: Tensor, epoch: Epoch) -> Tensor:
        """Return the order of an epoch: images are shuffled within windows of shuffled shards."""
        mixed = shuffle_images(len(numbers), epoch)
        windows = self.find_windows(epoch)[self.shard[numbers[mixed]]]
        return mixed[windows.argsort(stable=True)]

    def sample(self, numbers: Tensor) -> Tensor:
        """Return images of a few shards, as each may have to be fetched."""
        shards = self.shard[numbers]
        chosen = _spread(torch.unique(shards), SAMPLED_SHARDS)
        return _spread(torch.isin(shards, chosen).nonzero().ravel(), SAMPLED)

    def _look_ahead(self, last: int) -> list[int]:
        """Return the shards behind the last one, where all are read in their order."""
        return list(range(last, min(len(self.shards), last + FEWEST + 1)))

    def _look_ahead_in(self, epoch: Epoch, shards: Tensor) -> list[int]:
        """Return the shards of the present window of an epoch, and of the next one, which may be in the next epoch."""
        order, window = self.order_shards(epoch), self.window
        begin = int(self.find_windows(epoch)[shards].max()) * window
        if begin + window >= len(order):
            order = torch.cat([order, self.order_shards(Epoch(epoch.seed, epoch.number + 1))])
        return list(dict.fromkeys(order[begin : begin + 2 * window].tolist()))


def _spread(values: Tensor, number: int) -> Tensor:
    """Return a number of values, evenly spread, or all of fewer."""
    if len(values) <= number:
        return values
    return values[torch.arange(number) * len(values) // number]
