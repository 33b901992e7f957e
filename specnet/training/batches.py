"""The training images in batches: what a batch holds is a pure function of the seed and the number of the step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil

import torch
from torch import Tensor

from specnet.settings.augment import Augment
from specnet.training.augment import Sampler
from specnet.training.data import Images
from specnet.training.normalize import Normalizer
from specnet.training.randomness import drawing_for, generator, start_step
from specnet.training.ranks import ALONE, Ranks, Share


class Batches:
    """Shuffled by index, augmented and normalised on the device that trains."""

    def __init__(
        self,
        images: Images,
        augment: Sequence[Augment],
        normalizer: Normalizer,
        size: int,
        seed: int,
        ranks: Ranks = ALONE,
    ) -> None:
        self._ranks = ranks
        self._labels, self._normalizer, self._size, self._seed = images.labels, normalizer, size, seed
        self._sampler = Sampler(images.pixels, augment)
        self._order = lru_cache(maxsize=1)(self._shuffle)
        whole, left = divmod(len(images), size)
        self.per_epoch = whole + (left > 1 or not whole)
        """Steps in an epoch: a single image that is left over is left out, for it has no variance to normalise by."""

    def steps(self, epochs: float) -> int:
        """Steps in so many epochs; the last may be begun only."""
        return ceil(epochs * self.per_epoch - 1e-9)  # 1.1 · 50 is 55.000000000000007 in floating point

    def share(self, step: int) -> Share:
        """Which part of a step's batch this rank works on."""
        begin = step % self.per_epoch * self._size
        return self._ranks.share(min(self._size, len(self._labels) - begin))

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Images B×C×H×W and labels B of a step (from 0), of this rank's share of them.

        Sets what the rest of the step draws from.
        """
        device, rank, share = self._labels.device, self._ranks.number, self.share(step)
        start_step(device, self._seed, step)
        epoch, place = divmod(step, self.per_epoch)
        index = self._order(epoch)[place * self._size : (place + 1) * self._size][share.places]
        with drawing_for(share):
            pixels = self._sampler.batch(index)
        if rank:
            start_step(device, self._seed, step, rank)
        return self._normalizer(pixels), self._labels.index_select(0, index)

    def _shuffle(self, epoch: int) -> Tensor:
        order = torch.randperm(len(self._labels), generator=generator(self._seed, "order", epoch))
        return order.to(self._labels.device)
