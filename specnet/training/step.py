"""One step of training, and how many of them a run has."""

from __future__ import annotations

from math import ceil

from torch.autograd import backward

from specnet.settings import Training
from specnet.training.batches import Batches
from specnet.training.device import Device
from specnet.training.evaluation import Network
from specnet.training.loss import Loss
from specnet.training.state import State


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
        self.total = batches.steps(training.epochs.count)
        self.epochs = ceil(self.total / batches.per_epoch)

    def end(self, epoch: int) -> int:
        """The number of steps when an epoch (from 1) is over; the last one may be shorter."""
        return min(epoch * self._batches.per_epoch, self.total)

    def learning_rate(self, step: int) -> float:
        """That of a step (from 0)."""
        epoch, epochs = step / self._batches.per_epoch, self.total / self._batches.per_epoch
        return self._training.optimizer.lr * self._training.schedule.factor(epoch, epochs)

    def take(self, state: State) -> None:
        """The next step. It does not wait for the device."""
        for group in state.optimizer.param_groups:
            group["lr"] = self.learning_rate(state.step)
        share = self._batches.share(state.step)
        images, labels = self._batches.batch(state.step)
        with self._device.autocast():
            outputs = self._network(images).float()
        loss = self._loss(outputs, labels)
        backward(share.weighted(loss))
        state.optimizer.step()
        state.optimizer.zero_grad()
        state.count(loss, outputs, labels, share)
