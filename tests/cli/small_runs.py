"""A run of three colours to classify: its spec, and the images that it reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

SPEC = """net Tiny
use "blocks/body.net"
use "../shared/dense.net"
use "blocks/squeeze_excite.net"
let width = 4

input 8x8x3
body K=width
dense 24
fc 3

train {
  data  folder photos
  split validation=0.25
  batch 8
  epochs 30
  optimizer adam lr=0.01
}
"""

COLOURS = {"blue": (20, 30, 220), "green": (10, 200, 30), "red": (220, 20, 10)}

Call = Callable[..., tuple[int, str, str]]
"""Runs a command and returns its exit code, standard output and standard error."""


def paint(path: Path, colour: tuple[int, int, int], seed: int, size: tuple[int, int] = (12, 16)) -> None:
    """Write a noisy image of one colour, `size` high and wide."""
    noise = np.random.default_rng(seed).integers(-9, 10, (*size, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.array(colour) + noise).astype(np.uint8)).save(path)


def paint_set(folder: Path, colours: dict[str, tuple[int, int, int]], each: int) -> None:
    """Write a folder of images for each class, named for it."""
    for name, colour in colours.items():
        for number in range(each):
            paint(folder / name / f"{number}.png", colour, number)
