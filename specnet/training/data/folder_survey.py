"""Look at the headers of all files of a folder before any image is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

from specnet.pictures.files import BadFile, map_files
from specnet.pictures.headers import Header, read_header
from specnet.printable import format_amount
from specnet.training.data.folder_layout import describe_endings, is_named_as_image, list_files, natural_key
from specnet.training.data.images import Findings, count_enlarged, fitted_to
from specnet.training.errors import DataProblem
from specnet.training.resources import count_processors

SHOWN = 3
"""Files that a message names."""

GREY_TO_COLOUR, DEEP_TO_BYTES = "made colour from grey", "brought from 16 bits to 8"


@dataclass(frozen=True)
class Survey:
    """The headers of files, or why a file has none: an image that cannot be read, or a file of another kind (None)."""

    headers: tuple[Header | BadFile | None, ...]

    @cached_property
    def good(self) -> dict[int, Header]:
        """The headers of images by the places of their files."""
        return {place: each for place, each in enumerate(self.headers) if isinstance(each, Header)}

    @property
    def bad(self) -> dict[int, str]:
        """The reasons by the places of images that cannot be read."""
        return {place: each.reason for place, each in enumerate(self.headers) if isinstance(each, BadFile)}

    @property
    def passed_over(self) -> tuple[int, ...]:
        """The places of files that are no images."""
        return tuple(place for place, each in enumerate(self.headers) if each is None)

    @property
    def channels(self) -> int:
        """3 if any image has colours, else 1."""
        return 1 if all(header.is_grey for header in self.good.values()) else 3

    @property
    def deep(self) -> list[int]:
        """The places of grey images of 16 bits."""
        return [place for place, header in self.good.items() if header.is_deep]

    def describe_colours(self, names: Sequence[str]) -> str:
        """Return which of the files with these names have colours; "" where all images or none of them have."""
        coloured = [names[place] for place, header in self.good.items() if not header.is_grey]
        if len(coloured) in (0, len(self.good)):
            return ""
        named = ", ".join(coloured[:SHOWN]) + (f" and {len(coloured) - SHOWN:,} more" if len(coloured) > SHOWN else "")
        have = "has" if len(coloured) == 1 else "have"
        images = format_amount(len(self.good), "image")
        return f"{len(coloured):,} of {images} {have} colours, the others are grey: {named}"

    def describe(self, size: tuple[int, int]) -> Findings | None:
        """Return the sizes of the images, and how many are changed on the way to `size`; None without an image."""
        if not self.good:
            return None
        headers = self.good.values()
        sizes = sorted((header.size for header in headers), key=prod)
        changes = Counter({fitted_to(size): sum(header.size != size for header in headers)})
        changes[GREY_TO_COLOUR] = sum(header.is_grey for header in headers) if self.channels == 3 else 0
        changes[DEEP_TO_BYTES] = len(self.deep)
        changes += Counter(change for header in headers for change in header.changes)
        enlarged = count_enlarged(Counter(sizes), size)
        return Findings(sizes[0], sizes[-1], dict(changes), enlarged)


def find_images(folder: Path, note: Callable[[str], None]) -> list[Path]:
    """Return the images below a folder in natural order; `note` counts the files that are none.

    Only files whose names are not those of images are opened. Raises DataProblem without an image.
    """
    names = sorted(list_files(folder, note), key=natural_key)
    odd = [name for name in names if not is_named_as_image(name)]
    others = {odd[place] for place in survey_files(folder, odd, count_processors()).passed_over}
    if len(others) == len(names):
        what = f", but {describe_endings(others)} that are none" if others else ""
        raise DataProblem(f"{folder} has no images{what}")
    if others:
        note(f"passed over in {folder}, as they are no images: {describe_endings(others)}")
    return [folder / name for name in names if name not in others]


def survey_files(folder: Path, names: Sequence[str], workers: int) -> Survey:
    """Read the headers of the files of a folder, whose paths are relative to it."""
    headers = map_files(read_header, [folder / name for name in names], workers)
    return Survey(
        tuple(
            None if isinstance(header, BadFile) and not is_named_as_image(name) else header
            for name, header in zip(names, headers, strict=True)
        )
    )
