#!/usr/bin/env python3
"""Make scenes of handwritten digits: tools/scenes.py OUT --data-dir DIR [--images N] [--size 64] [--single] [--seed S].

DIR holds MNIST. OUT gets the folders train and test, whose digits are those of MNIST's two parts, and classes.txt, a
name on each line. Each part has images/*.png, grey; masks/*.png of the same names, whose palette has a colour for each
class: 0 is the background, and digit d is class d + 1; and labels.csv, a row for each image: its paths and those of its
mask, the digits that it shows, and how many. Digits do not overlap; background, contrast and noise vary.

With --single, a scene has one digit, turned by −45 to 45 degrees, and the table its angle (counterclockwise) and the
place of its centre (x from the left, y from the top, in pixels).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from specnet.settings.data import Mnist
from specnet.training.data.images import DataRequest, Images
from specnet.training.data.loading import load

CLASSES = ("background", *"0123456789")

PALETTE = (
    *((0, 0, 0), (230, 25, 75), (60, 180, 75), (255, 225, 25), (0, 130, 200), (245, 130, 48)),
    *((145, 30, 180), (70, 240, 240), (240, 50, 230), (210, 245, 60), (250, 190, 212)),
)
"""The colour of each class in the masks, red, green and blue."""

MOST_DIGITS, TRIES = 4, 20
"""Digits of a scene, and places that are tried for each of them."""

SIDES = (0.35, 0.6)
"""The side of a digit's square in MNIST, with its margins, as a share of the scene's."""

STEEPEST = 45
"""The largest angle of a single digit, in degrees."""

INK = 110
"""The grey of MNIST from which a pixel belongs to the digit."""


@dataclass(frozen=True)
class Digit:
    """A digit in a scene: its class in MNIST, its greys h×w from 0 to 255, its top left corner, and its angle."""

    label: int
    greys: np.ndarray
    top: int
    left: int
    angle: float

    @property
    def window(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + len(self.greys)), slice(self.left, self.left + self.greys.shape[1])


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--images", type=int, default=2000, help="of the training part; a fifth more are the test part")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--single", action="store_true", help="one digit in each scene, turned")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def draw_digit(source: Images, size: int, is_single: bool, random: np.random.Generator) -> Digit:
    """Draw a digit of a random size, cut to its ink, and its place."""
    number = int(random.integers(len(source)))
    image = Image.fromarray(source.pixels[number : number + 1][0, :, :, 0].numpy())
    angle = round(float(random.uniform(-STEEPEST, STEEPEST)), 1) if is_single else 0.0
    side = round(size * random.uniform(*SIDES))
    turned = image.resize((side, side), Image.Resampling.BICUBIC).rotate(
        angle, Image.Resampling.BICUBIC, expand=is_single
    )
    box = turned.point(lambda grey: 255 * (grey >= INK)).getbbox() or (0, 0, *turned.size)
    greys = np.asarray(turned.crop(box))[:size, :size]
    top, left = (int(random.integers(size - length + 1)) for length in greys.shape)
    return Digit(int(source.labels[number]), greys, top, left, angle)


def place_digits(source: Images, size: int, is_single: bool, random: np.random.Generator) -> list[Digit]:
    """Draw the digits of a scene, of which no two windows overlap."""
    taken, placed = np.zeros((size, size), bool), list[Digit]()
    for _ in range(1 if is_single else int(random.integers(1, MOST_DIGITS + 1))):
        for _ in range(TRIES):
            digit = draw_digit(source, size, is_single, random)
            if not taken[digit.window].any():
                taken[digit.window] = True
                placed.append(digit)
                break
    return placed


def paint(digits: Sequence[Digit], size: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a scene and its mask, uint8 H×W: a background with a gradient, brighter digits, and noise."""
    low, high = random.uniform(0, 90, 2)
    direction = random.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[0:size, 0:size] / size - 0.5
    ramp = (rows * np.sin(direction) + columns * np.cos(direction) + 0.7) / 1.4
    scene, mask = low + (high - low) * ramp, np.zeros((size, size), np.uint8)
    for digit in digits:
        ink = digit.greys / 255
        scene[digit.window] += ink * (random.uniform(170, 250) - scene[digit.window])
        mask[digit.window][digit.greys >= INK] = digit.label + 1
    scene += random.normal(0, random.uniform(2, 12), scene.shape)
    return scene.clip(0, 255).round().astype(np.uint8), mask


def describe(name: str, digits: Sequence[Digit], is_single: bool) -> Mapping[str, Any]:
    """Return the row of a scene."""
    shown = " ".join(map(str, sorted({digit.label for digit in digits})))
    row = {"image": f"images/{name}", "mask": f"masks/{name}", "digits": shown, "count": len(digits)}
    if not is_single:
        return row
    (digit,) = digits
    (height, width), top, left = digit.greys.shape, digit.top, digit.left
    return {**row, "angle": digit.angle, "x": left + (width - 1) / 2, "y": top + (height - 1) / 2}


def write_part(folder: Path, source: Images, images: int, arguments: argparse.Namespace, stream: int) -> None:
    """Write the scenes of a part, and their table."""
    random = np.random.default_rng((arguments.seed, stream))
    colours = [value for colour in PALETTE for value in colour]
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rows = list[Mapping[str, Any]]()
    for number in range(images):
        name = f"{number:05}.png"
        digits = place_digits(source, arguments.size, arguments.single, random)
        scene, mask = paint(digits, arguments.size, random)
        Image.fromarray(scene).save(folder / "images" / name)
        coloured = Image.fromarray(mask)
        coloured.putpalette(colours)
        coloured.save(folder / "masks" / name)
        rows.append(describe(name, digits, arguments.single))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    arguments = read_arguments()

    data = load(Mnist(), None, DataRequest((28, 28, 1), arguments.data_dir, partial(print, file=sys.stderr)))
    assert data.test is not None
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES), encoding="utf-8")
    for stream, (part, source) in enumerate((("train", data.train), ("test", data.test))):
        images = arguments.images if part == "train" else max(1, arguments.images // 5)
        write_part(arguments.out / part, source, images, arguments, stream)


if __name__ == "__main__":
    main()
