"""One step of training, and how many of them a run has."""

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
    """Takes steps; which images, which learning rate and which chance each one has depends on its number alone."""

    def __init__(self, training: Training, batches: Batches, network: Network, loss: Loss, device: Device) -> None:
        self._training, self._batches, self._network, self._loss, self._device = (
            training,
            batches,
            network,
            loss,
            device,
        )
        self._mixed = Mixer(training.augment)
        self.total = batches.steps(training.epochs.count)
        self.epochs = ceil(self.total / batches.per_epoch)

    def end(self, epoch: int) -> int:
        """The number of steps when an epoch (from 1) is over; the last one may be shorter."""
        return min(epoch * self._batches.per_epoch, self.total)

    def learning_rates(self, state: State, step: int) -> LearningRates:
        """Return the rates of a step (from 0): a pure function of its number and of the losses of earlier epochs."""
        epoch, epochs = step / self._batches.per_epoch, self.total / self._batches.per_epoch
        factor = rate_factor(self._training.schedule, epoch, epochs, state.watched)
        return LearningRates(self._training.optimizer.lr, factor, epoch, state.optimizer.param_groups)

    def take(self, state: State) -> None:
        """The next step. It does not wait for the device."""
        self.learning_rates(state, state.step).apply()
        share = self._batches.share(state.step)
        images, labels = self._batches.batch(state.step)
        for some, theirs in _split_batch(images, labels, share.parts(self._training.batch.accumulate)):
            loss, outputs = self._learn(state, some, theirs, share.weight * len(theirs) / len(labels))
            if share.counted:
                state.count(loss, outputs, theirs)
        self._descend(state)
        state.finish_step(share)
        if state.average:
            state.average.follow(state.step, self.total)

    def _descend(self, state: State) -> None:
        """Move the weights by the gradients that are there."""
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
        for parameter in state.parameters:  # what zero_grad does, whose bookkeeping is felt beside a small network
            parameter.grad = None

    def _learn(self, state: State, images: Tensor, labels: Tensor, weight: float) -> tuple[Tensor, Tensor]:
        """Add the gradients of a part of the step's images, times a weight; its mean loss, and the outputs."""
        images, targets = self._mixed(images, labels)
        with self._device.autocast():
            outputs = self._network(images).float()
        loss = targets.loss(self._loss, outputs)
        scaled = loss if weight == 1 else loss * weight
        backward(state.scaler.scale(scaled) if state.scaler else scaled)
        return loss, outputs


def _split_batch(images: Tensor, labels: Tensor, parts: int) -> Iterable[tuple[Tensor, Tensor]]:
    """A batch in parts; splitting into one would be felt beside a small network."""
    if parts == 1:
        return ((images, labels),)
    return zip(images.tensor_split(parts), labels.tensor_split(parts), strict=True)
