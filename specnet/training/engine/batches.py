"""The training images in batches; a batch is a pure function of the seed and the number of the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil

import torch
from torch import Tensor

from specnet.settings.augment import Augment
from specnet.settings.batch import Batch
from specnet.training.data.images import Images, StoredPixels
from specnet.training.data.placement import BatchReader
from specnet.training.distributed import SINGLE_PROCESS, Ranks, Share
from specnet.training.randomness import draw_for_share, make_generator, seed_step
from specnet.training.transforms.augmentation import Augmentation, Sampler
from specnet.training.transforms.normalization import Normalizer


class Batches:
    """Batches of shuffled images, augmented and normalised on the device that trains, wherever the pixels are."""

    def __init__(
        self,
        images: Images,
        augment: Sequence[Augment],
        normalizer: Normalizer,
        batch: Batch,
        seed: int,
        ranks: Ranks = SINGLE_PROCESS,
    ) -> None:
        self._ranks = ranks
        self._labels, self._normalizer, self._size, self._seed = images.labels, normalizer, batch.size, seed
        self._augmentation = Augmentation(augment)
        self._source = (
            BatchReader(images.pixels, self._index_on_cpu, images.labels.device)
            if isinstance(images.pixels, StoredPixels)
            else Sampler(images.pixels, self._augmentation)
        )
        self._coins = self._toss_coins() if self._augmentation.alternates else None
        self._get_order = lru_cache(maxsize=2)(self._shuffle)  # a reader is an epoch ahead
        self._order = lru_cache(maxsize=1)(lambda epoch: self._get_order(epoch).to(images.labels.device))
        whole, left = divmod(len(images), batch.size)
        self.per_epoch = whole + (not whole or (left > 1 and not batch.drop_last))
        """Steps in an epoch; a single remaining image is left out, as it has no variance to normalise by."""

    def steps(self, epochs: float) -> int:
        """Return the number of steps in a number of epochs, the last of which may be a part of one."""
        return ceil(epochs * self.per_epoch - 1e-9)  # 1.1 · 50 is 55.000000000000007 in floating point

    def share(self, step: int) -> Share:
        """Return this rank's share of a step's batch."""
        begin = step % self.per_epoch * self._size
        return self._ranks.share(min(self._size, len(self._labels) - begin))

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return images B×C×H×W and labels B of this rank's share of a step (from 0).

        It seeds the generators for the rest of the step.
        """
        device, rank = self._labels.device, self._ranks.rank
        seed_step(device, self._seed, step)
        index = self._index_of(self._order, step)
        mirrored = self._select_mirrored(index, step)
        with draw_for_share(self.share(step)):
            if isinstance(self._source, BatchReader):
                pixels = self._augmentation.augment_batch(self._source.batch(step), mirrored)
            else:
                pixels = self._source.batch(index, mirrored)
        if rank:
            seed_step(device, self._seed, step, rank)
        return self._normalizer(pixels), self._labels.index_select(0, index)

    def _index_on_cpu(self, step: int) -> Tensor:
        """Return the indices of a step's images, on the CPU."""
        return self._index_of(self._get_order, step)

    def _index_of(self, order: Callable[[int], Tensor], step: int) -> Tensor:
        epoch, place = divmod(step, self.per_epoch)
        return order(epoch)[place * self._size : (place + 1) * self._size][self.share(step).places]

    def _toss_coins(self) -> Tensor:
        """Draw which images an alternating flip mirrors in the first epoch, bool N."""
        coins = torch.rand(len(self._labels), generator=make_generator(self._seed, "coins")) < 0.5
        return coins.to(self._labels.device)

    def _select_mirrored(self, index: Tensor, step: int) -> Tensor | None:
        """Return which images an alternating flip mirrors, bool B; the others are in every other epoch."""
        return None if self._coins is None else self._coins[index] ^ bool(step // self.per_epoch % 2)

    def _shuffle(self, epoch: int) -> Tensor:
        return torch.randperm(len(self._labels), generator=make_generator(self._seed, "order", epoch))
