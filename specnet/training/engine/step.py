"""Training steps and their batches of images, which are pure functions of the seed and the number of the step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from math import ceil

import torch
from torch import Tensor
from torch.autograd import backward
from torch.nn.utils import clip_grad_norm_

from specnet.settings import Training
from specnet.settings.augment import Augment
from specnet.settings.batch import Batch
from specnet.settings.loss import Target
from specnet.settings.schedule import compute_rate_factor
from specnet.training.data.images import Epoch, Images, StoredPixels, add_partners, balance_classes, shuffle_images
from specnet.training.data.loading import BatchReader
from specnet.training.data.streams.streamed_pixels import crop_while_decoding
from specnet.training.device import Device
from specnet.training.distributed import SINGLE_PROCESS, Network, Ranks, Share
from specnet.training.engine.state import State
from specnet.training.optim.losses import Loss
from specnet.training.optim.optimizers import LearningRates
from specnet.training.randomness import draw_for_share, make_generator, seed_step
from specnet.training.tasks.objective import Objective, PreparedBatch, compute_loss
from specnet.training.transforms.augmentation import Augmentation, Mixer, Sampler
from specnet.training.transforms.normalization import Normalizer


class Batches:
    """Batches of shuffled images, augmented and normalised on the device that trains, wherever the pixels are."""

    def __init__(
        self,
        images: Images,
        objective: Objective,
        augment: Sequence[Augment],
        normalizer: Normalizer,
        batch: Batch,
        seed: int,
        ranks: Ranks = SINGLE_PROCESS,
    ) -> None:
        self._ranks = ranks
        self._targets, self._normalizer, self._size, self._seed = images.targets, normalizer, batch.size, seed
        self._objective = objective
        pixels, augment = crop_while_decoding(images.pixels, augment)
        self._augmentation = Augmentation(augment, objective.setting.target is Target.MASK)
        self._shuffle = _choose_order(images, batch)
        self._source = (
            BatchReader(pixels, self._index_on_cpu, images.targets.device, self._epoch_of)
            if isinstance(pixels, StoredPixels)
            else Sampler(pixels, self._augmentation)
        )
        self._coins = self._toss_coins() if self._augmentation.alternates else None
        # a reader is an epoch ahead
        self._get_order = lru_cache(maxsize=2)(lambda epoch: self._shuffle(Epoch(seed, epoch)))
        self._order = lru_cache(maxsize=1)(lambda epoch: self._get_order(epoch).to(images.targets.device))
        labels = images.targets.cpu()
        self._get_partners = lru_cache(maxsize=2)(lambda epoch: objective.draw_partners(labels, seed, epoch))
        self._partners = lru_cache(maxsize=1)(lambda epoch: _place(self._get_partners(epoch), images.targets.device))
        whole, left = divmod(len(images), batch.size)
        self.per_epoch = whole + (not whole or (left > 1 and not batch.drop_last))
        """Steps in an epoch; a single remaining image is left out, as it has no variance to normalise by."""

    def steps(self, epochs: float) -> int:
        """Return the number of steps in a number of epochs, the last of which may be a part of one."""
        return ceil(epochs * self.per_epoch - 1e-9)  # 1.1 · 50 is 55.000000000000007 in floating point

    def share(self, step: int) -> Share:
        """Return this rank's share of a step's batch."""
        begin = step % self.per_epoch * self._size
        return self._ranks.share(min(self._size, len(self._targets) - begin))

    def batch(self, step: int) -> PreparedBatch:
        """Return inputs, each B×C×H×W, and targets B×… of this rank's share of a step (from 0).

        It seeds the generators for the rest of the step.
        """
        device, rank = self._targets.device, self._ranks.rank
        seed_step(device, self._seed, step)
        index = self._index_of(self._order, step)
        whole = add_partners(index, self._partners(step // self.per_epoch))
        with draw_for_share(self.share(step)):
            pixels = self._read(whole, len(index), step)
        if rank:
            seed_step(device, self._seed, step, rank)
        return self._objective.prepare(pixels, self._targets.index_select(0, whole), self._normalizer, None)

    def _read(self, whole: Tensor, size: int, step: int) -> Tensor:
        """Return the augmented pixels of an index; images and partners are augmented apart, `size` of each."""
        if isinstance(self._source, BatchReader):
            read = torch.split(self._source.batch(step), size)
            mirrored = (self._select_mirrored(index, step) for index in torch.split(whole, size))
            parts = [self._augmentation.augment_batch(*each) for each in zip(read, mirrored, strict=True)]
        else:
            draw = self._source.batch
            parts = [draw(index, self._select_mirrored(index, step)) for index in torch.split(whole, size)]
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _index_on_cpu(self, step: int) -> Tensor:
        """Return the indices of a step's images, and of their partners, on the CPU."""
        return add_partners(self._index_of(self._get_order, step), self._get_partners(step // self.per_epoch))

    def _index_of(self, order: Callable[[int], Tensor], step: int) -> Tensor:
        epoch, place = divmod(step, self.per_epoch)
        return order(epoch)[place * self._size : (place + 1) * self._size][self.share(step).places]

    def _toss_coins(self) -> Tensor:
        """Draw which images an alternating flip mirrors in the first epoch, bool N."""
        coins = torch.rand(len(self._targets), generator=make_generator(self._seed, "coins")) < 0.5
        return coins.to(self._targets.device)

    def _select_mirrored(self, index: Tensor, step: int) -> Tensor | None:
        """Return which images an alternating flip mirrors, bool B; the others are in every other epoch."""
        return None if self._coins is None else self._coins[index] ^ bool(step // self.per_epoch % 2)

    def _epoch_of(self, step: int) -> Epoch:
        return Epoch(self._seed, step // self.per_epoch)


def _place(partners: Tensor | None, device: torch.device) -> Tensor | None:
    return None if partners is None else partners.to(device)


def _choose_order(images: Images, batch: Batch) -> Callable[[Epoch], Tensor]:
    """Return the function from an epoch to the order of its images, int64 N."""
    if batch.balanced:
        return partial(balance_classes, images.labels.cpu())
    if isinstance(images.pixels, StoredPixels):
        return images.pixels.shuffle
    return partial(shuffle_images, len(images))


class Stepper:
    """Takes steps; the images, the learning rate and the random numbers of a step depend on its number alone."""

    def __init__(
        self,
        training: Training,
        batches: Batches,
        network: Network,
        loss: Loss,
        device: Device,
        objective: Objective,
        head_weights: Sequence[float] = (),
    ) -> None:
        self._training, self._batches = training, batches
        self._objective, self._head_weights = objective, head_weights
        self._network, self._loss, self._device = network, loss, device
        self._mixer = Mixer(training.augment)
        self.total = batches.steps(training.epochs.count)
        self.epochs = ceil(self.total / batches.per_epoch)

    def end(self, epoch: int) -> int:
        """Return the number of steps at the end of an epoch (from 1); the last epoch may be shorter."""
        return min(epoch * self._batches.per_epoch, self.total)

    def learning_rates(self, state: State, step: int) -> LearningRates:
        """Return the rates of a step (from 0): a pure function of its number and of the losses of earlier epochs."""
        epoch, epochs = step / self._batches.per_epoch, self.total / self._batches.per_epoch
        factor = compute_rate_factor(self._training.schedule, epoch, epochs, state.epoch_losses)
        return LearningRates(self._training.optimizer.lr, factor, epoch, state.optimizer.param_groups)

    def take(self, state: State) -> None:
        """Take the next step, without waiting for the device."""
        self.learning_rates(state, state.step).apply()
        share = self._batches.share(state.step)
        batch = self._batches.batch(state.step)
        images = len(batch.targets)
        for part in _split_batch(batch, share.count_parts(self._training.batch.accumulate)):
            loss, outputs = self._backpropagate(state, part, share.weight * len(part.targets) / images)
            if share.counted:
                state.count(loss, outputs, part.targets)
        self._update_weights(state)
        state.finish_step(share)
        if state.average:
            state.average.follow(state.step, self.total)

    def _update_weights(self, state: State) -> None:
        """Update the weights by their gradients."""
        optimizer, scaler, clip = state.optimizer, state.scaler, self._training.optimizer.clip
        if scaler and clip:
            scaler.unscale_(optimizer)
        if clip:
            clip_grad_norm_(state.parameters, clip)
        if scaler:
            scaler.step(optimizer)
            scaler.update()
        else:
            optimizer.step()
        for parameter in state.parameters:  # as zero_grad does, whose bookkeeping costs time beside a small network
            parameter.grad = None

    def _backpropagate(self, state: State, batch: PreparedBatch, weight: float) -> tuple[Tensor, Tensor]:
        """Add the gradients of a part of the step's images, times a weight; return its mean loss and its outputs."""
        inputs, targets = self._mixer(batch.inputs, batch.targets)
        with self._device.autocast():
            results = self._objective.forward(self._network, inputs)
        loss, outputs = compute_loss(partial(targets.loss, self._loss), results, self._head_weights)
        scaled = loss if weight == 1 else loss * weight
        backward(state.scaler.scale(scaled) if state.scaler else scaled)
        return loss, outputs


def _split_batch(batch: PreparedBatch, parts: int) -> Iterable[PreparedBatch]:
    """Split a batch into parts, without a cost for a single one."""
    if parts == 1:
        return (batch,)
    inputs = zip(*(each.tensor_split(parts) for each in batch.inputs), strict=True)
    return map(PreparedBatch, inputs, batch.targets.tensor_split(parts))
