"""A small network, the job of training it on digits, and a callback that records what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from specnet.settings import Training
from specnet.settings.batch import Batch
from specnet.settings.epochs import Epochs
from specnet.settings.optimizer import Sgd
from specnet.settings.split import Split
from specnet.training import Callback, Job, Metrics, Plan, Progress


def network(channels: int = 1, outputs: int = 10) -> nn.Module:
    """Return a network with everything that a resumed run must restore: running statistics, dropout, biases."""
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(64, outputs),
    )


def training(**settings: Any) -> Training:
    """Return settings for two epochs of digits with a validation split, unless overridden."""
    usual = {
        "split": Split(validation=200),
        "batch": Batch(size=256),
        "epochs": Epochs(count=2),
        "optimizer": Sgd(lr=0.1),
    }
    return Training(**{**usual, **settings})


def job(settings: Training | None = None, shape: tuple[int, ...] = (8, 8, 1), outputs: Sequence[int] = (10,)) -> Job:
    module = network(shape[-1], outputs[0])
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return Job(
        "Small", "net Small\n", "sha256:small", shape, tuple(outputs), parameters, module, settings or training()
    )


class Notebook(Callback):
    """A callback that records its calls."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.plans: list[Plan] = []
        self.progresses: list[Progress] = []
        self.epochs: list[Metrics] = []

    def on_note(self, text: str) -> None:
        self.notes.append(text)

    def on_train_begin(self, plan: Plan) -> None:
        self.plans.append(plan)

    def on_progress(self, progress: Progress) -> None:
        self.progresses.append(progress)

    def on_epoch_end(self, metrics: Metrics) -> None:
        self.epochs.append(metrics)
