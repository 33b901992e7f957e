"""Picture files as pixels of the network's size: the same for training, measuring and asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from specnet.training.data.fit import fitted, resized
from specnet.training.errors import DataProblem

Result = TypeVar("Result")

GREY = frozenset({"1", "L", "LA"})
"""Pillow's modes without colour."""

DEEP = frozenset({"I", "I;16", "I;16B", "I;16L", "F"})
"""Pillow's modes of more than 8 bits, which it would cut off at 255."""

SHOWN = 5
"""How many unreadable files a message names."""


def is_coloured(paths: Sequence[Path]) -> bool:
    """Whether any picture has colours; only the headers are read, and what cannot be read is left to `decoded`."""
    return any(_each(paths, lambda image: image.mode not in GREY))


def decoded(paths: Sequence[Path], channels: int, resize: tuple[int, int] | None, size: tuple[int, int]) -> Tensor:
    """uint8 N×H×W×channels, grey (1) or coloured (3); raises DataProblem that names the files that cannot be read."""
    mode = "L" if channels == 1 else "RGB"

    def decode(image: Image.Image) -> Tensor:
        if image.mode in DEEP:
            raise ValueError("more than 8 bits a colour")
        pixels = torch.from_numpy(np.array(image.convert(mode))).reshape(1, image.height, image.width, -1)
        return fitted(resized(pixels, resize) if resize else pixels, size)

    pixels = torch.empty((len(paths), *size, channels), dtype=torch.uint8)
    bad: list[Path] = []
    for place, image in enumerate(_each(paths, decode)):
        if image is None:
            bad.append(paths[place])
        else:
            pixels[place] = image[0]
    if bad:
        named = ", ".join(str(path) for path in bad[:SHOWN]) + (f" and {len(bad) - SHOWN} more" * (len(bad) > SHOWN))
        raise DataProblem(f"{len(bad)} of {len(paths)} files cannot be read as images of 8 bits a colour: {named}")
    return pixels


def _each(paths: Sequence[Path], work: Callable[[Image.Image], Result]) -> Iterator[Result | None]:
    """The work on every picture, by several threads, in the files' order; None for what is no picture."""

    def attempt(path: Path) -> Result | None:
        try:
            with Image.open(path) as image:
                return work(image)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return None

    with ThreadPoolExecutor() as threads:
        yield from threads.map(attempt, paths)
