"""The rows of a model file, and how wide and deep it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil
from typing import Any

from specnet.importers.errors import UnreadableModel
from specnet.importers.ultralytics.flow_lists import Items, Section, read_sections
from specnet.syntax.limits import MAX_NODES

LETTER = re.compile(r"yolo\w*?-?v?\d+([a-z])(?![a-z])", re.IGNORECASE)
"""The letter of a scale in a file's name, as yolov8s.yaml has it."""


@dataclass(frozen=True)
class Row:
    """Where a module reads, how often it is repeated, its name, its arguments, and the line."""

    number: int
    inputs: tuple[int, ...]
    repeats: int
    module: str
    arguments: tuple[Any, ...]
    line: int


@dataclass(frozen=True)
class ModelFile:
    """A model file: its rows, and what all of them depend on."""

    rows: tuple[Row, ...]
    classes: int
    channels: int
    depth: float
    width: float
    most_channels: float
    divisor: int
    anchors: int
    """The anchors at each position; 0 for models without any, from YOLOv8 on."""
    scale: str
    scales: tuple[str, ...]
    activation: str

    @property
    def has_anchors(self) -> bool:
        return self.anchors > 0

    def scale_depth(self, repeats: int) -> int:
        """Return how often a module is repeated."""
        return max(round(repeats * self.depth), 1) if repeats > 1 else repeats

    def scale_width(self, filters: int) -> int:
        """Return filters scaled, and rounded up to a multiple of the divisor."""
        return ceil(min(filters, self.most_channels) * self.width / self.divisor) * self.divisor


def read_model_file(text: str, stem: str) -> ModelFile:
    """Return the rows and settings of a file; raises UnreadableModel with the line of what is wrong."""
    sections = read_sections(text)
    if missing := [key for key in ("backbone", "head") if key not in sections]:
        raise UnreadableModel(f"the file has no `{missing[0]}:`, a list of rows [from, number, module, arguments]")
    listed = [*_list_rows(sections["backbone"]), *_list_rows(sections["head"])]
    if len(listed) > MAX_NODES:
        raise UnreadableModel(f"the file has more than {MAX_NODES:,} rows")
    rows = tuple(_read_row(number, items) for number, items in enumerate(listed))
    scale, scales = _choose_scale(sections, stem)
    depth, width, most = scales.get(scale, (1.0, 1.0, float("inf")))
    return ModelFile(
        rows,
        int(_read_number(sections, "nc", 80)),
        int(_read_number(sections, "ch", 3)),
        _read_number(sections, "depth_multiple", depth),
        _read_number(sections, "width_multiple", width),
        most,
        int(_read_number(sections, "channel_multiple", 8)),
        _count_anchors(sections),
        scale,
        tuple(scales),
        str(sections["activation"].value or "") if "activation" in sections else "",
    )


def _list_rows(section: Section) -> list[Items]:
    """Return the rows of a section, within brackets of their own or each behind a dash."""
    values = section.values
    if len(values) == 1 and isinstance(values[0], Items) and all(isinstance(each, Items) for each in values[0]):
        values = list(values[0])
    for value in values:
        if not isinstance(value, Items):
            raise UnreadableModel(f"line {section.line}: `{value}` is no row [from, number, module, arguments]")
    return values


def _read_row(number: int, items: Items) -> Row:
    place = f"line {items.line}: row {number}"
    if len(items) != 4:
        raise UnreadableModel(f"{place} has {len(items)} values, not four: [from, number, module, arguments]")
    given, repeats, module, arguments = items
    inputs = given if isinstance(given, list) else [given]
    if not inputs or not all(type(each) is int for each in inputs):
        raise UnreadableModel(f"{place}: `from` is a row's number, or a list of some, not {given}")
    if type(repeats) is not int or not 1 <= repeats <= 1000:
        raise UnreadableModel(f"{place}: the number of repetitions is {repeats}, not a whole number from 1 to 1,000")
    if not isinstance(module, str) or not isinstance(arguments, list):
        raise UnreadableModel(f"{place}: behind the number stand a module and a list of its arguments")
    sources = tuple(_resolve(each, number, place) for each in inputs)
    return Row(number, sources, repeats, module, tuple(arguments), items.line)


def _resolve(given: int, number: int, place: str) -> int:
    """Return the number of the row that is read, -1 for the image; raises UnreadableModel for one that is behind."""
    found = number + given if given < 0 else given
    if not -1 <= found < number or (found < 0 and number > 0):
        known = f"there are rows 0 to {number - 1} before it" if number else "only the image is before it, -1"
        raise UnreadableModel(f"{place} reads row {given}, and {known}")
    return found


def _read_number(sections: dict[str, Section], key: str, default: float) -> float:
    if key not in sections:
        return default
    value = sections[key].value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1_000_000:
        raise UnreadableModel(f"line {sections[key].line}: `{key}` is {value}, not a number above 0")
    return value


def _choose_scale(sections: dict[str, Section], stem: str) -> tuple[str, dict[str, tuple[float, float, float]]]:
    """Return the letter of the scale, the file's or that in its name, else the first; and the numbers of all."""
    if "scales" not in sections:
        return "", {}
    scales = {name: _read_scale(section) for name, section in sections["scales"].keys.items()}
    found = LETTER.search(stem)
    wanted = str(sections["scale"].value) if "scale" in sections else found[1].lower() if found else ""
    return (wanted if wanted in scales else next(iter(scales), "")), scales


def _read_scale(section: Section) -> tuple[float, float, float]:
    value = section.value
    fits = isinstance(value, list) and len(value) == 3 and all(isinstance(each, int | float) for each in value)
    if not fits or min(value) <= 0:
        raise UnreadableModel(f"line {section.line}: a scale is [depth, width, most channels], not {value}")
    depth, width, most = value
    return depth, width, most


def _count_anchors(sections: dict[str, Section]) -> int:
    if "anchors" not in sections:
        return 0
    values = sections["anchors"].values
    first = values[0] if values else 0
    if isinstance(first, list) and first and isinstance(first[0], list):
        first = first[0]
    return len(first) // 2 if isinstance(first, list) else first if type(first) is int and first > 0 else 0
