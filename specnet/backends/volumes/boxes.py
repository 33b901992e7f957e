"""Draw one volume: the three visible sides of its box, its sizes along the edges, and its caption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from specnet.backends.diagram.palette import Colours
from specnet.backends.volumes.cell import LINE, SIZE, SKIP, Cell
from specnet.backends.volumes.colours import FigureColours
from specnet.backends.volumes.placement import Seat
from specnet.backends.volumes.scale import SLAB, Box
from specnet.backends.volumes.scene import Item, Point, Polygon, Stroke, Text
from specnet.backends.volumes.volume import Volume
from specnet.layers.base import Family

SLABS = 3
"""The number of slices of a box that stands for several layers."""


def draw_volume(cell: Cell, seat: Seat, colours: FigureColours) -> Iterator[Item]:
    """Yield all that is drawn of a volume but its links."""
    own = choose_colours(cell, colours)
    fronts = cell.list_fronts(seat.x, seat.centre)
    for front in fronts:
        for box, corner, family in _list_slabs(cell, front):
            slab = _choose_part(family, colours) if cell.volume.rows else own
            yield from _draw_box(cell, box, corner, family, slab, colours)
        yield _draw_size(cell, front, colours)
        if cell.volume.has_skip:
            yield _draw_skip(cell, front, colours)
    if cell.has_edge_sizes:
        yield from _draw_edge_sizes(cell, fronts[0], fronts[-1], colours)
    yield from _draw_caption(cell, seat, colours)


def choose_colours(cell: Cell, colours: FigureColours) -> Colours:
    """Return the colours of a volume: those of its family, of an error, or of what lies behind one."""
    if cell.is_fault:
        return colours.fault
    if cell.volume.shape is None:
        return colours.behind
    if cell.volume.is_input:
        return colours.image
    return colours.families[family] if (family := cell.volume.family) else colours.folded


def _list_slabs(cell: Cell, front: Point) -> Iterator[tuple[Box, Point, Family | None]]:
    """Yield the boxes that a volume is drawn as, the lowest first: one, or of a sequence slabs of a token or more.

    Of sequences laid one behind the other, each has a slab at least.
    """
    box, shape = cell.box, cell.volume.shape
    count = min(shape[0], round(box.height / SLAB)) if shape and cell.volume.is_sequence else 1
    pitch = (box.height + box.overhang) / count
    slab = replace(box, height=pitch - box.overhang)
    families = _spread_families(cell.volume, count)
    for place in reversed(range(count)):
        yield slab, (front[0], front[1] + place * pitch), families[place]


def _spread_families(volume: Volume, count: int) -> list[Family | None]:
    """Return the family of each slab, the first one on top."""
    if not volume.rows:
        return [volume.family] * count
    total, found = sum(tokens for _, tokens in volume.rows), list[Family | None]()
    for place, (family, tokens) in enumerate(volume.rows, start=1):
        room = count - len(found) - (len(volume.rows) - place)
        found += [family] * min(room, max(1, round(count * tokens / total)))
    return found + [volume.rows[-1][0]] * (count - len(found))


def _draw_box(
    cell: Cell, box: Box, front: Point, made_by: Family | None, own: Colours, colours: FigureColours
) -> Iterator[Item]:
    x, y = front
    right, bottom, (dx, dy) = x + box.thickness, y + box.height, box.depth
    side = ((right, y), (right + dx, y + dy), (right + dx, bottom + dy), (right, bottom))
    is_dashed = cell.volume.shape is None
    yield Polygon(side, colours.find_side(own), own.line, is_dashed=is_dashed)
    for start, end, family in _list_slices(cell, made_by):
        inner = _choose_part(family, colours) if cell.volume.parts else own
        hatch = colours.hatches.get(family) if family else None
        left, right = x + start * box.thickness, x + end * box.thickness
        top = ((left, y), (left + dx, y + dy), (right + dx, y + dy), (right, y))
        yield Polygon(top, colours.find_top(inner), inner.line, is_dashed=is_dashed)
        face = ((left, y), (right, y), (right, bottom), (left, bottom))
        yield Polygon(face, inner.fill, inner.line, is_dashed=is_dashed, hatch=hatch)


def _choose_part(family: Family | None, colours: FigureColours) -> Colours:
    return colours.families[family] if family else colours.folded


def _list_slices(cell: Cell, made_by: Family | None) -> Iterator[tuple[float, float, Family | None]]:
    """Yield the shares of the thickness at which each slice of a box begins and ends, and the family that made it.

    Maps that were laid behind each other are slices; several layers drawn as one volume have slices, too.
    """
    volume = cell.volume
    parts = volume.parts or ((made_by, 1),) * (SLABS if volume.is_folded or volume.count > 1 else 1)
    bounds = [0, *accumulate(size for _, size in parts)]
    for (family, _), start, end in zip(parts, bounds, bounds[1:], strict=False):
        yield start / bounds[-1], end / bounds[-1], family


def _draw_skip(cell: Cell, front: Point, colours: FigureColours) -> Stroke:
    """Return a small arc over the box of a folded block, from where a skip leaves its input to where it ends."""
    (x, y), (dx, dy) = front, cell.box.depth
    left, right = x + dx / 2, x + cell.box.thickness + dx / 2
    peak = y + dy / 2 + (dy / 2 - SKIP) * 4 / 3
    points = ((left, y + dy / 2), (left, peak), (right, peak), (right, y + dy / 2))
    return Stroke(points, colours.quiet, 1.0, is_curve=True, has_head=True)


def _draw_size(cell: Cell, front: Point, colours: FigureColours) -> Text:
    """Return what stands below the front, or a question mark on a box of unknown shape."""
    (x, y), box = front, cell.box
    if cell.volume.shape is None:
        middle = (x + box.thickness / 2, y + box.height / 2 + SIZE / 3)
        return Text(middle, "?", SIZE, _choose_mark(cell, colours), is_bold=True)
    below = y + box.height + LINE - 2
    at = {"start": x + 1, "middle": x + box.thickness / 2, "end": x + box.thickness}[cell.size_anchor]
    return Text((at, below), cell.size, SIZE, colours.quiet, anchor=cell.size_anchor)


def _draw_edge_sizes(cell: Cell, upper: Point, lower: Point, colours: FigureColours) -> Iterator[Text]:
    """Yield width and height, of two towers once: where no lines come from the other one."""
    (x, y), (dx, dy) = upper, cell.box.depth
    height, width = (cell.volume.shape or (0, 0))[:2]
    yield Text((x - 3, lower[1] + cell.box.height - 3), str(height), SIZE, colours.quiet, anchor="end")
    yield Text((x + dx / 2 - 3, y + dy / 2 - 2), str(width), SIZE, colours.quiet, anchor="end")


def _choose_mark(cell: Cell, colours: FigureColours) -> str:
    return colours.fault.line if cell.is_fault else colours.behind.ink


def _draw_caption(cell: Cell, seat: Seat, colours: FigureColours) -> Iterator[Item]:
    own = choose_colours(cell, colours)
    is_behind = cell.volume.shape is None and not cell.is_fault
    ink = own.ink if is_behind else colours.ink
    x, y = seat.x + cell.box.thickness / 2, seat.caption + LINE
    lines = [(cell.name, own.line if cell.is_fault else ink)]
    lines += [(line, own.ink if is_behind else colours.quiet) for line in cell.lines]
    lines += [(line, own.line) for line in cell.messages]
    for at, (line, colour) in enumerate(lines):
        yield Text((x, y + at * LINE), line, SIZE, colour, is_bold=at == 0)
