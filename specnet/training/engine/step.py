"""A step of training, and the number of steps of a run."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from torch import Tensor
from torch.autograd import backward
from torch.nn.utils import clip_grad_norm_

from specnet.settings import Training
from specnet.settings.schedule import rate_factor
from specnet.training.device import Device
from specnet.training.distributed import Network
from specnet.training.engine.batches import Batches
from specnet.training.engine.state import State
from specnet.training.optim.losses import Loss
from specnet.training.optim.optimizers import LearningRates
from specnet.training.transforms.augmentation import Mixer


class Stepper:
    """Takes steps; the images, the learning rate and the random numbers of a step depend on its number alone."""

    def __init__(self, training: Training, batches: Batches, network: Network, loss: Loss, device: Device) -> None:
        self._training, self._batches, self._network, self._loss, self._device = (
            training,
            batches,
            network,
            loss,
            device,
        )
        self._mixer = Mixer(training.augment)
        self.total = batches.steps(training.epochs.count)
        self.epochs = ceil(self.total / batches.per_epoch)

    def end(self, epoch: int) -> int:
        """Return the number of steps at the end of an epoch (from 1); the last epoch may be shorter."""
        return min(epoch * self._batches.per_epoch, self.total)

    def learning_rates(self, state: State, step: int) -> LearningRates:
        """Return the rates of a step (from 0): a pure function of its number and of the losses of earlier epochs."""
        epoch, epochs = step / self._batches.per_epoch, self.total / self._batches.per_epoch
        factor = rate_factor(self._training.schedule, epoch, epochs, state.epoch_losses)
        return LearningRates(self._training.optimizer.lr, factor, epoch, state.optimizer.param_groups)

    def take(self, state: State) -> None:
        """Take the next step, without waiting for the device."""
        self.learning_rates(state, state.step).apply()
        share = self._batches.share(state.step)
        images, labels = self._batches.batch(state.step)
        for some, theirs in _split_batch(images, labels, share.count_parts(self._training.batch.accumulate)):
            loss, outputs = self._backpropagate(state, some, theirs, share.weight * len(theirs) / len(labels))
            if share.counted:
                state.count(loss, outputs, theirs)
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

    def _backpropagate(self, state: State, images: Tensor, labels: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Add the gradients of a part of the step's images, times a weight; return its mean loss and its outputs."""
        images, targets = self._mixer(images, labels)
        with self._device.autocast():
            outputs = self._network(images).float()
        loss = targets.loss(self._loss, outputs)
        scaled = loss if weight == 1 else loss * weight
        backward(state.scaler.scale(scaled) if state.scaler else scaled)
        return loss, outputs


def _split_batch(images: Tensor, labels: Tensor, parts: int) -> Iterable[tuple[Tensor, Tensor]]:
    """Split a batch into parts, without a cost for a single one."""
    if parts == 1:
        return ((images, labels),)
    return zip(images.tensor_split(parts), labels.tensor_split(parts), strict=True)
