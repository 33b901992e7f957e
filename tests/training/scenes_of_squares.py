"""Small scenes with masks, a bright and a dark square on grey, and the job of training a network on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from specnet.settings import Training
from specnet.settings.batch import Batch
from specnet.settings.data import Folder
from specnet.settings.epochs import Epochs
from specnet.settings.optimizer import Adam
from specnet.settings.split import Split
from specnet.settings.tasks.segment import Segment
from specnet.training import Job

NAMES = ("background", "bright", "dark")

SIZE = 16


def draw_scene(random: np.random.Generator, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """Return an image and its mask, uint8 H×W."""
    image, mask = random.normal(128, 10, (size, size)), np.zeros((size, size), np.uint8)
    for label, grey in ((1, 230), (2, 30)):
        top, left = random.integers(0, size - 5, 2)
        image[top : top + 5, left : left + 5], mask[top : top + 5, left : left + 5] = grey, label
    return image.clip(0, 255).astype(np.uint8), mask


def write_scenes(folder: Path, images: int, parts: tuple[str, ...] = ("train", "test"), size: int = SIZE) -> None:
    """Write PART/images/N.png and PART/masks/N.png; a fifth of the number in the other parts than the first."""
    random = np.random.default_rng(0)
    for part in parts:
        for number in range(images if part == parts[0] else images // 5):
            for name, array in zip(("images", "masks"), draw_scene(random, size), strict=True):
                path = folder / part / name / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(path)


def scene_network(channels: int = 1, classes: int = len(NAMES)) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, classes, 3, padding=1),
    )


def scene_job(epochs: float = 8, **settings: Any) -> Job:
    """Return a job of training on the folder `scenes` below the data folder; settings override the usual ones."""
    usual: dict[str, Any] = {
        "task": Segment(),
        "data": Folder(path="scenes", masks="masks", names=",".join(NAMES)),
        "split": Split(validation=0.2),
        "batch": Batch(size=16),
        "epochs": Epochs(count=epochs),
        "optimizer": Adam(lr=0.02),
    }
    training, module = Training(**{**usual, **settings}), scene_network()
    parameters = sum(parameter.numel() for parameter in module.parameters())
    shape, output = (SIZE, SIZE, 1), (SIZE, SIZE, len(NAMES))
    return Job("Squares", "net Squares\n", "sha256:squares", shape, output, parameters, module, training)
