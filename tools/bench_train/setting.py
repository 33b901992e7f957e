"""What all ways to train have in common: the network, the images, the settings, the precision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

import specnet
from specnet.jobs import make_job
from specnet.settings.data import Synthetic
from specnet.training.engine import initialization
from specnet.training.engine.setup import Setup, set_up
from specnet.training.job import Options, Precision, Silent

HERE = Path(__file__).parent
Images = tuple[Tensor, Tensor]
"""Pixels, uint8 N×H×W×C, and labels, int64 N."""


@dataclass(frozen=True)
class Setting:
    """One network, its data and its precision; `border` and `mirror` say how its images are augmented."""

    setup: Setup
    precision: Precision
    border: int
    mirror: bool

    @property
    def images(self) -> Images:
        return self.setup.data.train.pixels, self.setup.data.train.labels

    @property
    def batch(self) -> int:
        return self.setup.job.training.batch.size

    @property
    def mean_and_scale(self) -> tuple[Tensor, Tensor]:
        """Of each channel."""
        return self.setup.normalizer.shift[0, 0], self.setup.normalizer.scale[0, 0]

    def without_augmentation(self) -> Setting:
        """The same with its images as they are."""
        job = replace(self.setup.job, training=self.setup.job.training.model_copy(update={"augment": ()}))
        return replace(self, setup=replace(self.setup, job=job), border=0, mirror=False)

    def module(self) -> nn.Module:
        """The network as one writes it by hand, N×C×H×W; with our weights, for max pooling's time depends on them."""
        module, training = MODULES[self.setup.job.name](), self.setup.job.training
        initialization.initialize_weights(module, training.init, {}, training.seed.value, None)
        return module

    def optimizer(self, module: nn.Module, fused: bool) -> torch.optim.Optimizer:
        chosen = self.setup.job.training.optimizer
        return torch.optim.SGD(module.parameters(), lr=chosen.lr, momentum=chosen.momentum, fused=fused or None)


def setting(spec: str, precision: Precision, data_dir: Path | None, images: int, folder: Path) -> Setting:
    """The setting that a spec of this folder describes; without data, it has so many random images of that shape."""
    job = make_job(specnet.check(HERE / spec))
    if data_dir is None:
        data = Synthetic(images=images)
        job = replace(job, training=job.training.model_copy(update={"data": data}))
    options = Options(precision=precision, data_dir=data_dir)
    steps = {type(step).__name__: step for step in job.training.augment}
    border = steps["Crop"].pad if "Crop" in steps else 0
    return Setting(set_up(job, options, folder, Silent()), precision, border, "Flip" in steps)


def _a() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Flatten(), nn.Linear(1600, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10)),
    )


def _c() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Flatten(), nn.Linear(576, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def _trivial() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


MODULES = {"A": _a, "C": _c, "Trivial": _trivial}
