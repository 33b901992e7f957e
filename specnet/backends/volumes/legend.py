"""The legend of a figure: the families of its boxes, and what an error means for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from specnet.backends.diagram.legend import WORDS
from specnet.backends.diagram.model import State
from specnet.backends.diagram.palette import Colours
from specnet.backends.volumes.cell import LINE, SIZE, Cell
from specnet.backends.volumes.colours import FigureColours
from specnet.backends.volumes.font import measure_text
from specnet.backends.volumes.scene import Item, Point, Polygon, Text
from specnet.layers.base import Family

SWATCH: Point = (12.0, 8.0)
"""The sides of a field of colour."""

WORD_GAP, ENTRY_GAP = 4.0, 14.0
"""The space between a colour and its word, and between two entries."""

BLOCK = "block"
"""The word for a block of layers of several families."""

Entry = tuple[str, Colours, float | None]
"""A word, its colours, and the angle of its pattern."""


def draw_legend(cells: Iterable[Cell], colours: FigureColours, width: float) -> Iterator[Item]:
    """Yield the legend in rows of at most a width, centred around 0."""
    for number, row in enumerate(_break_rows(_list_entries(list(cells), colours), width)):
        x = -_measure_row(row) / 2
        for entry in row:
            yield from _draw_entry(entry, (x, number * LINE * 1.2), colours)
            x += _measure_entry(entry) + ENTRY_GAP


def _list_entries(cells: list[Cell], colours: FigureColours) -> Iterator[Entry]:
    sound = [cell.volume for cell in cells if cell.volume.shape and not cell.is_fault]
    shown = {each.family for each in sound if not each.rows} | {
        family for each in sound for family, _ in (*each.parts, *each.rows)
    }
    for family in (each for each in Family if each in shown):
        yield family.value, colours.families[family], colours.hatches.get(family)
    if any(each.is_folded and each.family is None for each in sound):
        yield BLOCK, colours.folded, None
    if any(cell.is_fault for cell in cells):
        yield WORDS[State.FAULT], colours.fault, None
    if any(cell.volume.shape is None and not cell.is_fault for cell in cells):
        yield WORDS[State.BEHIND], colours.behind, None


def _break_rows(entries: Iterable[Entry], width: float) -> list[list[Entry]]:
    rows: list[list[Entry]] = []
    for entry in entries:
        if rows and _measure_row([*rows[-1], entry]) <= width:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    return rows


def _measure_row(row: list[Entry]) -> float:
    return sum(map(_measure_entry, row)) + ENTRY_GAP * (len(row) - 1)


def _measure_entry(entry: Entry) -> float:
    return SWATCH[0] + WORD_GAP + measure_text(entry[0], SIZE)


def _draw_entry(entry: Entry, at: Point, colours: FigureColours) -> Iterator[Item]:
    (word, own, hatch), (x, y) = entry, at
    right, top = x + SWATCH[0], y - SWATCH[1] + 1
    corners = ((x, top), (right, top), (right, top + SWATCH[1]), (x, top + SWATCH[1]))
    yield Polygon(corners, own.fill, own.line, hatch=hatch)
    yield Text((right + WORD_GAP, y), word, SIZE, colours.quiet, anchor="start")
