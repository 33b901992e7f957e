"""What all loops of a comparison share: network, images, settings and precision."""

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
from specnet.training.job import Callback, Options, Precision

HERE = Path(__file__).parent
Images = tuple[Tensor, Tensor]
"""Pixels, uint8 N×H×W×C, and labels, int64 N."""


@dataclass(frozen=True)
class Workload:
    """A network, its data and its precision; images are padded by `border` and cropped, and flipped if `mirror`."""

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
        """Return the mean of each channel and the factor that scales it to unit variance."""
        return self.setup.normalizer.shift[0, 0], self.setup.normalizer.scale[0, 0]

    def without_augmentation(self) -> Workload:
        """Return the same workload with images that are not augmented."""
        job = replace(self.setup.job, training=self.setup.job.training.model_copy(update={"augment": ()}))
        return replace(self, setup=replace(self.setup, job=job), border=0, mirror=False)

    def make_module(self) -> nn.Module:
        """Return the network written by hand, for N×C×H×W, with SpecNet's initial weights.

        The time of max pooling depends on the weights.
        """
        module, training = MODULES[self.setup.job.name](), self.setup.job.training
        initialization.initialize_weights(module, training.init, {}, training.seed.value, None)
        return module

    def make_optimizer(self, module: nn.Module, fused: bool) -> torch.optim.Optimizer:
        chosen = self.setup.job.training.optimizer
        return torch.optim.SGD(module.parameters(), lr=chosen.lr, momentum=chosen.momentum, fused=fused or None)


def make_workload(spec: str, precision: Precision, data_dir: Path | None, images: int, folder: Path) -> Workload:
    """Return the workload that a spec in this folder describes, on so many random images where `data_dir` is None."""
    job = make_job(specnet.check(HERE / spec))
    if data_dir is None:
        data = Synthetic(images=images)
        job = replace(job, training=job.training.model_copy(update={"data": data}))
    options = Options(precision=precision, data_dir=data_dir)
    steps = {type(step).__name__: step for step in job.training.augment}
    border = steps["RandomCrop"].pad if "RandomCrop" in steps else 0
    return Workload(set_up(job, options, folder, Callback()), precision, border, "Flip" in steps)


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
