"""Texts and sizes as a box shows them: amounts with units, and ranges for what is drawn once for all, `64…224`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specnet.layers.base import Shape, format_shape


def format_shape_range(shapes: Sequence[Shape | None]) -> str:
    """Return the sizes of values that are drawn once, `?` if one is unknown."""
    known = [shape for shape in shapes if shape]
    if len(known) < len(shapes) or len({len(shape) for shape in known}) != 1:
        return "?"
    return "×".join(_format_size_range([format_shape((size,)) for size in sizes]) for sizes in zip(*known, strict=True))


def _format_size_range(sizes: Sequence[str]) -> str:
    return sizes[0] if len(set(sizes)) == 1 else f"{sizes[0]}…{sizes[-1]}"


def join_texts(texts: Sequence[str]) -> str:
    """Return the first of the texts of alike layers, with the last value of what grows: `drop_path 0.01…0.05`."""
    first, last = texts[0], texts[-1]
    return first if first == last else f"{first}…{last.rpartition(' ')[2]}"


def join_names(names: Sequence[str]) -> str:
    """Return the names of neighbours as a range: `conv3_x.1…3`, `left…right`; a single one as it is."""
    first, last = names[0], names[-1]
    if first == last:
        return first
    stem = re.match(r"(.*[._]|.*?(?=\d+$)|)", first)
    shared = stem[0] if stem and last.startswith(stem[0]) else ""
    return f"{first}…{last[len(shared) :]}"


def format_with_unit(number: int) -> str:
    """Return a number with a unit: `37.8 M`."""
    for unit_size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit_size:
            return f"{number / unit_size:.3g} {unit}"
    return str(number)


def format_share(share: float) -> str:
    """Return a part of a whole in percent, with two digits at most: `4.2 %`, `<0.1 %`."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "<0.1 %"
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"
