"""Find the classes of masks: names in the spec, or in a file that may also tell their colours, or numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from specnet.file_access import describe_reason, read_bounded_file
from specnet.settings.data import MaskedFiles
from specnet.training.data.images import DataRequest
from specnet.training.data.masks import MOST_CLASSES, Colour
from specnet.training.data.places import find_file
from specnet.training.errors import CannotRun, DataProblem

LARGEST = 2**20
"""The most bytes of a file of names."""

LINE = re.compile(r"(?P<name>.*?)(?:\s+(?P<colour>#[0-9a-fA-F]{6}))?")
"""A class on a line, `road` or `road #804080`."""


@dataclass(frozen=True)
class MaskClasses:
    """The names of the classes, and their colours in masks that have colours."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...] = ()


def find_classes(setting: MaskedFiles, folder: Path, request: DataRequest) -> MaskClasses:
    """Return the classes in the order of their numbers; a run has its own names.

    A file of names may lie in the folder of the data. Raises DataProblem, CannotRun.
    """
    found = _read_classes(setting, folder, request)
    names = found.names or request.classes or ()
    if not 2 <= len(names) <= MOST_CLASSES:
        raise DataProblem(
            f"masks have from 2 to {MOST_CLASSES} classes, and these have {len(names)}; classes=11 says how many, or "
            'names="classes.txt" which'
        )
    return MaskClasses(request.classes or names, found.colours)


def _read_classes(setting: MaskedFiles, folder: Path, request: DataRequest) -> MaskClasses:
    if setting.listed_names:
        return MaskClasses(setting.listed_names)
    if setting.names:
        beside = folder / setting.names
        return read_names(beside if beside.is_file() else find_file(setting.names, request))
    return MaskClasses(tuple(map(str, range(setting.classes or 0))))


def read_names(path: Path) -> MaskClasses:
    """Read a file with `road` or `road #804080` on each line; raises DataProblem, CannotRun."""
    try:
        lines = read_bounded_file(path, LARGEST).decode("utf-8-sig").splitlines()
    except OSError as error:
        raise CannotRun(f"{path} cannot be read: {describe_reason(error)}") from None
    except UnicodeDecodeError:
        raise DataProblem(f"{path} is not text in UTF-8, with the name of a class on each line") from None
    matches = [match for line in lines if line.strip() and (match := LINE.fullmatch(line.strip()))]
    names = tuple(match["name"] for match in matches)
    if twice := next((name for name in names if names.count(name) > 1 or not name), None):
        raise DataProblem(f"{path} names the class {twice} twice")
    colours = tuple(_parse(match["colour"]) for match in matches if match["colour"])
    if len(colours) not in (0, len(names)) or len(set(colours)) < len(colours):
        raise DataProblem(
            f"{path} has {len(set(colours))} colours for {len(names)} classes; each has its own, or none has"
        )
    return MaskClasses(names, colours)


def _parse(colour: str) -> Colour:
    """Return red, green and blue of `#rrggbb`."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
