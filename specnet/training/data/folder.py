"""Read a folder of images: a subfolder for each class, below `train`, `validation` and `test` or without parts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from specnet.settings.data import Folder
from specnet.training.data.download import list_data_roots
from specnet.training.data.folder_cache import DecodedFolder, FolderCache
from specnet.training.data.image_decoding import any_has_colour, describe_bad_files
from specnet.training.data.images import DataRequest, DataSet, Images, StoredPixels
from specnet.training.errors import DataProblem

PARTS = {"train": ("train",), "validation": ("validation", "val", "valid"), "test": ("test",)}
"""The parts of a set, and the names of their folders."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})


@dataclass(frozen=True)
class ImageFile:
    """An image file: its path relative to the folder of the set, its part, and its label."""

    name: str
    part: str
    label: int


def read_folder(setting: Folder, request: DataRequest) -> DataSet:
    """Read all parts, decoded once to the requested size; raises DataProblem, CannotRun."""
    folder = _find_folder(setting.path, request.data_dir)
    parts = {part: place for part, names in PARTS.items() if (place := _first_folder(folder, names))}
    if "train" not in parts:
        parts = {"train": folder}
    classes = _list_classes(parts["train"])
    files = [file for part, place in parts.items() for file in _label_files(folder, part, place, classes)]
    names = [file.name for file in files]
    kept = FolderCache(folder, names, request.shape[:2], setting.resize, request.workers, request.note)
    found = kept.find()
    channels = found.channels if found else _count_channels(folder, names, request.workers)
    request.refuse(len(classes), channels)
    return _make_data_set(classes, files, found or kept.make(channels), request)


def _count_channels(folder: Path, names: list[str], workers: int) -> int:
    return 3 if any_has_colour([folder / name for name in names], workers) else 1


def _make_data_set(
    classes: tuple[str, ...], files: list[ImageFile], found: DecodedFolder, request: DataRequest
) -> DataSet:
    """Return the parts of the decoded images, without bad files; the pixels stay where they are."""
    good = _without_bad(classes, files, found, request)
    pixels = StoredPixels(found.pixels, torch.arange(len(good)), request.workers)
    images = Images(pixels, torch.tensor([file.label for file in good]))

    def part(name: str) -> Images | None:
        places = torch.tensor([file.part == name for file in good])
        return images.take(places) if places.any() else None

    train = part("train")
    assert train, "every class has images"
    return DataSet(classes, train, part("validation"), part("test"))


def _without_bad(
    classes: tuple[str, ...], files: list[ImageFile], found: DecodedFolder, request: DataRequest
) -> list[ImageFile]:
    """Return the good files; raises DataProblem for bad ones without `skip_bad`, and for a class without good ones."""
    if not found.bad:
        return files
    said = describe_bad_files(found.bad, len(files))
    if not request.skip_bad:
        raise DataProblem(f"{said}; `--skip-bad` leaves them out")
    request.note(f"{said}; left out")
    bad = {each.name for each in found.bad}
    good = [file for file in files if file.name not in bad]
    there = {(file.part, file.label) for file in good}
    for file in files:
        if (file.part, file.label) not in there:
            raise DataProblem(f"no image of {classes[file.label]} in the {file.part} part can be read")
    return good


def _find_folder(path: str, data_dir: Path | None) -> Path:
    """Return the path below one of the data folders, or else as it is."""
    candidates = [*(root / path for root in list_data_roots(data_dir)), Path(path)]
    found = next((candidate for candidate in candidates if candidate.is_dir()), None)
    if found is None:
        tried = ", ".join(str(candidate) for candidate in candidates)
        raise DataProblem(f"there is no folder {path}; looked at {tried}")
    return found


def _first_folder(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def _list_classes(folder: Path) -> tuple[str, ...]:
    """Return the names of the folders in alphabetical order, which is the order of the labels."""
    try:
        names = tuple(sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != "."))
    except OSError as error:
        raise _make_read_error(error) from None
    if len(names) < 2:
        there = f"only {names[0]} is there" if names else "none is there"
        raise DataProblem(f"{folder} needs a folder of images for each class, at least two; {there}")
    if odd := [name for name in names if _is_no_text(name)]:
        raise DataProblem(f"the name of the folder {odd[0]!r} in {folder} is not UTF-8, as that of a class has to be")
    return names


def _is_no_text(name: str) -> bool:
    """Whether a name has bytes that are not UTF-8, which Python keeps as surrogates."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _label_files(folder: Path, part: str, place: Path, classes: tuple[str, ...]) -> list[ImageFile]:
    """Return all image files below the classes' folders."""
    if (there := _list_classes(place)) != classes:
        odd = ", ".join(sorted(set(there) ^ set(classes)))
        raise DataProblem(f"{place} has other classes than the training part: {odd}")
    found = {name: sorted(_image_files(place / name)) for name in classes}
    if empty := [name for name, paths in found.items() if not paths]:
        raise DataProblem(f"{place} has no images of {', '.join(empty)}")
    return [
        ImageFile(path.relative_to(folder).as_posix(), part, label)
        for label, name in enumerate(classes)
        for path in found[name]
    ]


def _image_files(folder: Path) -> Iterator[Path]:
    """Yield the visible files with suffixes of images in a folder and below it; links are followed once."""
    seen = set[tuple[int, int]]()
    for place, folders, names in os.walk(folder, onerror=_raise_read_error, followlinks=True):
        fact = Path(place).stat()
        if (fact.st_dev, fact.st_ino) in seen:
            folders.clear()
            continue
        seen.add((fact.st_dev, fact.st_ino))
        yield from (Path(place, name) for name in names if name[0] != "." and Path(name).suffix.lower() in SUFFIXES)


def _raise_read_error(error: OSError) -> None:
    raise _make_read_error(error) from None


def _make_read_error(error: OSError) -> DataProblem:
    return DataProblem(f"{error.filename} cannot be read: {(error.strerror or str(error)).lower()}")
