"""A folder of images: one folder for each class, below `train`, `validation` and `test` or without such parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from specnet.settings.data import Folder
from specnet.training.data.find import roots
from specnet.training.data.fit import fitted, resized
from specnet.training.data.images import DataSet, Images
from specnet.training.errors import DataProblem

Result = TypeVar("Result")

PARTS = {"train": ("train",), "validation": ("validation", "val", "valid"), "test": ("test",)}
"""The parts of a set and the folders they may be in."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})

GREY = frozenset({"1", "L", "LA"})
"""Pillow's modes without colour."""

DEEP = frozenset({"I", "I;16", "I;16B", "I;16L", "F"})
"""Pillow's modes of more than 8 bits, which it would cut off at 255."""

SHOWN = 5
"""How many unreadable files a message names."""


def read(setting: Folder, data_dir: Path | None, size: tuple[int, int]) -> DataSet:
    """All parts, decoded once to `size` (height, width); raises DataProblem."""
    folder = _locate(setting.path, data_dir)
    parts = {part: found for part, names in PARTS.items() if (found := _first_folder(folder, names))}
    if "train" not in parts:
        parts = {"train": folder}
    classes = _classes(parts["train"])
    files = {part: _labelled(place, classes) for part, place in parts.items()}
    mode = "RGB" if _is_coloured([path for part in files.values() for path, _ in part]) else "L"
    images = {part: _decode(labelled, mode, setting.resize, size) for part, labelled in files.items()}
    return DataSet(classes, images["train"], images.get("validation"), images.get("test"))


def _locate(path: str, data_dir: Path | None) -> Path:
    """The path as it stands, or below one of the data folders."""
    candidates = [*(root / path for root in roots(data_dir)), Path(path)]
    found = next((candidate for candidate in candidates if candidate.is_dir()), None)
    if found is None:
        tried = ", ".join(str(candidate) for candidate in candidates)
        raise DataProblem(f"there is no folder {path}; looked at {tried}")
    return found


def _first_folder(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def _classes(folder: Path) -> tuple[str, ...]:
    """The folders' names in alphabetical order, which is the order of the labels."""
    names = tuple(sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != "."))
    if len(names) < 2:
        raise DataProblem(f"{folder} needs a folder of images for each class, at least two; {len(names)} are there")
    return names


def _labelled(folder: Path, classes: tuple[str, ...]) -> list[tuple[Path, int]]:
    """All image files below the classes' folders, with their labels."""
    if (there := _classes(folder)) != classes:
        odd = ", ".join(sorted(set(there) ^ set(classes)))
        raise DataProblem(f"{folder} has other classes than the training part: {odd}")
    labelled = [(path, label) for label, name in enumerate(classes) for path in _image_files(folder / name)]
    counts = {name: sum(label == wanted for _, label in labelled) for wanted, name in enumerate(classes)}
    if empty := [name for name, count in counts.items() if not count]:
        raise DataProblem(f"{folder} has no images of {', '.join(empty)}")
    return labelled


def _image_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file())


def _is_coloured(paths: list[Path]) -> bool:
    """Whether any image has colours; only the headers are read, and what cannot be read is left to `_decode`."""
    return any(_each(paths, lambda image: image.mode not in GREY))


def _decode(
    labelled: list[tuple[Path, int]], mode: str, resize: tuple[int, int] | None, size: tuple[int, int]
) -> Images:
    """All images, brought to `size`; raises DataProblem that names those that cannot be read."""

    def decode(image: Image.Image) -> Tensor:
        if image.mode in DEEP:
            raise ValueError("more than 8 bits a colour")
        pixels = torch.from_numpy(np.array(image.convert(mode))).reshape(1, image.height, image.width, -1)
        return fitted(resized(pixels, resize) if resize else pixels, size)

    paths, labels = [path for path, _ in labelled], torch.tensor([label for _, label in labelled])
    pixels = torch.empty((len(paths), *size, len(mode)), dtype=torch.uint8)
    bad: list[Path] = []
    for place, image in enumerate(_each(paths, decode)):
        if image is None:
            bad.append(paths[place])
        else:
            pixels[place] = image[0]
    if bad:
        named = ", ".join(str(path) for path in bad[:SHOWN]) + (f" and {len(bad) - SHOWN} more" * (len(bad) > SHOWN))
        raise DataProblem(f"{len(bad)} of {len(paths)} files cannot be read as images of 8 bits a colour: {named}")
    return Images(pixels, labels)


def _each(paths: list[Path], work: Callable[[Image.Image], Result]) -> Iterator[Result | None]:
    """The work on every image, by several threads, in the files' order; None for what is no image."""

    def attempt(path: Path) -> Result | None:
        try:
            with Image.open(path) as image:
                return work(image)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return None

    with ThreadPoolExecutor() as threads:
        yield from threads.map(attempt, paths)
