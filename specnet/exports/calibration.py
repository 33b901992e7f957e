"""The images of a run to calibrate a smaller network on, and what it scores on others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from specnet.pictures.sixteen_bits import SixteenBitScale
from specnet.settings.task import Metric
from specnet.training.data.images import Images
from specnet.training.device import choose_device
from specnet.training.engine.evaluator import Evaluator
from specnet.training.evaluate import PARTS, EvaluationOptions, read_data
from specnet.training.job import Options
from specnet.training.optim.losses import build_loss
from specnet.training.randomness import make_generator
from specnet.training.runs.loaded_run import LoadedRun
from specnet.training.transforms.normalization import Normalizer

CALIBRATED = 256
"""The number of training images that the ranges of all values are found with."""

MEASURED = 10_000
"""The largest number of images to measure on, the first of their part."""

BATCH = 100
"""Images that are measured at a time, unless the file says how many."""


class CalibrationImages(NamedTuple):
    """Images to calibrate on, and others to measure on, which are a part of the data."""

    calibration: Images
    measured: Images
    part: str


class Measured(NamedTuple):
    """The metric of a task on so many images of a part."""

    metric: Metric
    score: float
    images: int
    part: str


def load_images(run: LoadedRun, data_dir: Path | None, note: Callable[[str], None]) -> CalibrationImages:
    """Return the images of a run's own data, as they are read in training; raises TrainingError."""
    data = read_data(run, EvaluationOptions(data_dir=data_dir), note)
    parts = data.parts()
    part = next(name for name in PARTS if name in parts)
    order = torch.randperm(len(data.train), generator=make_generator(run.job.training.seed.value, "calibration", 0))
    measured = parts[part].take(torch.arange(min(len(parts[part]), MEASURED)))
    return CalibrationImages(data.train.take(order[:CALIBRATED]), measured, part)


def take_calibration_images(run: LoadedRun, images: Images) -> np.ndarray[Any, Any]:
    """Return images as the exported network takes them, float32 N×C×H×W."""
    pixels = run.objective.get_pixels(images.pixels)
    return AsInFiles(run.scale)(pixels[:]).contiguous().numpy()


@dataclass(frozen=True)
class AsInFiles(Normalizer):
    """Leaves pixels as they are in an image file, of 16 bits where the run was trained on such."""

    scale: SixteenBitScale | None

    def __call__(self, pixels: Tensor) -> Tensor:
        values = pixels.float().permute(0, 3, 1, 2)
        if self.scale is None:
            return values
        return (self.scale.low + values * ((self.scale.high - self.scale.low) / 255)).round()

    def to(self, device: torch.device) -> AsInFiles:
        return self

    def to_record(self) -> dict[str, Any]:
        return {}

    def to_module(self) -> nn.Module:
        return nn.Identity()


def measure(run: LoadedRun, images: CalibrationImages, session: Any, batch: int | None) -> Measured:
    """Return what an ONNX model scores by the metric of the run's task."""
    device, objective = choose_device(Options(device="cpu", precision="fp32")), run.objective
    network = _SessionNetwork(session, objective.make_output_module(), batch)
    loss = build_loss(run.job.training.loss)
    parts = {"all": images.measured}
    evaluator = Evaluator(network, parts, AsInFiles(run.scale), loss, objective, device, batch or BATCH)
    score = evaluator.measure("all").scores[objective.metric.name]
    return Measured(objective.metric, float("nan") if score is None else score, len(images.measured), images.part)


class _SessionNetwork:
    """A session of onnxruntime as a network that returns what it does in training, not in the units of people.

    With a `batch`, it takes that many images alone; fewer are repeated.
    """

    def __init__(self, session: Any, units: nn.Module, batch: int | None) -> None:
        self.session, self.units, self.batch = session, units, batch

    def __call__(self, images: Tensor) -> Tensor:
        (name,) = (each.name for each in self.session.get_inputs())
        given = repeat_images(images.contiguous().numpy(), self.batch or len(images))
        outputs = torch.from_numpy(self.session.run(None, {name: given})[0])[: len(images)]
        shift: Tensor = self.units(torch.zeros_like(outputs))
        scale: Tensor = self.units(torch.ones_like(outputs)) - shift
        return (outputs - shift) / scale


def repeat_images(images: np.ndarray[Any, Any], batch: int) -> np.ndarray[Any, Any]:
    """Return N×… with the first images again at the end, so that N is a multiple of the batch."""
    count = -(-len(images) // batch) * batch
    return np.resize(images, (count, *images.shape[1:]))
