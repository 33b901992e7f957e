"""The training images in batches: what a batch holds is a pure function of the seed and the number of the step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil

import torch
from torch import Tensor

from specnet.settings.augment import Augment
from specnet.settings.batch import Batch
from specnet.training.augment import Sampler
from specnet.training.data import Images
from specnet.training.normalize import Normalizer
from specnet.training.randomness import generator, start_step


class Batches:
    """Shuffled by index, augmented and normalised on the device that trains."""

    def __init__(
        self, images: Images, augment: Sequence[Augment], normalizer: Normalizer, batch: Batch, seed: int
    ) -> None:
        self._labels, self._normalizer, self._size, self._seed = images.labels, normalizer, batch.size, seed
        self._sampler = Sampler(images.pixels, augment, self._coins())
        self._order = lru_cache(maxsize=1)(self._shuffle)
        whole, left = divmod(len(images), batch.size)
        self.per_epoch = whole + (not whole or (left > 1 and not batch.drop_last))
        """Steps in an epoch: a single image that is left over is left out, for it has no variance to normalise by."""

    def steps(self, epochs: float) -> int:
        """Steps in so many epochs; the last may be begun only."""
        return ceil(epochs * self.per_epoch - 1e-9)  # 1.1 · 50 is 55.000000000000007 in floating point

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Images B×C×H×W and labels B of a step (from 0); sets what the rest of the step draws from."""
        start_step(self._labels.device, self._seed, step)
        epoch, place = divmod(step, self.per_epoch)
        index = self._order(epoch)[place * self._size : (place + 1) * self._size]
        return self._normalizer(self._sampler.batch(index, epoch)), self._labels.index_select(0, index)

    def _coins(self) -> Tensor:
        """bool N: which images an alternating flip mirrors in the first epoch."""
        coins = torch.rand(len(self._labels), generator=generator(self._seed, "coins")) < 0.5
        return coins.to(self._labels.device)

    def _shuffle(self, epoch: int) -> Tensor:
        order = torch.randperm(len(self._labels), generator=generator(self._seed, "order", epoch))
        return order.to(self._labels.device)
