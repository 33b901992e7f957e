"""A folder of images: one folder for each class, below `train`, `validation` and `test` or without such parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from specnet.settings.data import Folder
from specnet.training.data.find import roots
from specnet.training.data.images import DataSet, Images
from specnet.training.data.pictures import decoded, is_coloured
from specnet.training.errors import DataProblem

PARTS = {"train": ("train",), "validation": ("validation", "val", "valid"), "test": ("test",)}
"""The parts of a set and the folders they may be in."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})


def read(setting: Folder, data_dir: Path | None, size: tuple[int, int]) -> DataSet:
    """All parts, decoded once to `size` (height, width); raises DataProblem."""
    folder = _locate(setting.path, data_dir)
    parts = {part: found for part, names in PARTS.items() if (found := _first_folder(folder, names))}
    if "train" not in parts:
        parts = {"train": folder}
    classes = _classes(parts["train"])
    files = {part: _labelled(place, classes) for part, place in parts.items()}
    channels = 3 if is_coloured([path for part in files.values() for path, _ in part]) else 1
    images = {part: _images(labelled, channels, setting.resize, size) for part, labelled in files.items()}
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


def _images(
    labelled: list[tuple[Path, int]], channels: int, resize: tuple[int, int] | None, size: tuple[int, int]
) -> Images:
    labels = torch.tensor([label for _, label in labelled])
    return Images(decoded([path for path, _ in labelled], channels, resize, size), labels)
