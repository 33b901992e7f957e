"""Draw one volume: the three visible sides of its box, its sizes along the edges, and its caption."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.backends.diagram.palette import Colours
from specnet.backends.volumes.cell import LINE, SIZE, Cell
from specnet.backends.volumes.colours import FigureColours, mix_colours
from specnet.backends.volumes.placement import Seat
from specnet.backends.volumes.scene import Item, Point, Polygon, Stroke, Text

LIGHTER, DARKER = 0.35, 0.12
"""How much the top of a box is lighter than its front, and the side darker."""


SLABS = (1 / 3, 2 / 3)
"""Where a folded scope is divided, as several layers are in it."""


def draw_volume(cell: Cell, seat: Seat, colours: FigureColours) -> Iterator[Item]:
    """Yield all that is drawn of a volume but its links."""
    own = choose_colours(cell, colours)
    for front in cell.list_fronts(seat.x, seat.centre):
        yield from _draw_box(cell, front, own, colours)
        yield from _draw_sizes(cell, front, colours)
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


def _draw_box(cell: Cell, front: Point, own: Colours, colours: FigureColours) -> Iterator[Item]:
    (x, y), box = front, cell.box
    right, bottom, (dx, dy) = x + box.thickness, y + box.height, box.depth
    hatch = colours.hatches.get(cell.volume.family) if cell.volume.family else None
    is_dashed = cell.volume.shape is None
    top = ((x, y), (x + dx, y + dy), (right + dx, y + dy), (right, y))
    side = ((right, y), (right + dx, y + dy), (right + dx, bottom + dy), (right, bottom))
    face = ((x, y), (right, y), (right, bottom), (x, bottom))
    yield Polygon(top, mix_colours(own.fill, colours.background, LIGHTER), own.line, is_dashed=is_dashed)
    yield Polygon(side, mix_colours(own.fill, own.line, DARKER), own.line, is_dashed=is_dashed)
    yield Polygon(face, own.fill, own.line, is_dashed=is_dashed, hatch=hatch)
    for share in SLABS if (cell.volume.is_folded or cell.volume.count > 1) and not is_dashed else ():
        at = x + share * box.thickness
        yield Stroke(((at, bottom), (at, y), (at + dx, y + dy)), own.line, 0.5)


def _draw_sizes(cell: Cell, front: Point, colours: FigureColours) -> Iterator[Item]:
    (x, y), box, shape = front, cell.box, cell.volume.shape
    if shape is None:
        middle = (x + box.width / 2, y + (box.height - box.overhang) / 2 + SIZE / 3)
        yield Text(middle, "?", SIZE, _choose_mark(cell, colours), is_bold=True)
        return
    yield Text((x + box.thickness / 2, y + box.height + LINE - 2), cell.size, SIZE, colours.quiet)
    if cell.has_edge_sizes:
        yield Text((x - 3, y + box.height - 3), str(shape[0]), SIZE, colours.quiet, anchor="end")
        middle = (x + box.depth[0] / 2 - 3, y + box.depth[1] / 2 - 2)
        yield Text(middle, str(shape[1]), SIZE, colours.quiet, anchor="end")


def _choose_mark(cell: Cell, colours: FigureColours) -> str:
    return colours.fault.line if cell.is_fault else colours.behind.ink


def _draw_caption(cell: Cell, seat: Seat, colours: FigureColours) -> Iterator[Item]:
    own = choose_colours(cell, colours)
    ink = colours.ink if cell.volume.shape else own.ink
    x, y = seat.x + cell.box.thickness / 2, seat.caption + LINE
    lines = [(cell.name, own.line if cell.is_fault else ink)]
    lines += [(line, colours.quiet if cell.volume.shape else own.ink) for line in cell.lines]
    lines += [(line, own.line) for line in cell.messages]
    for at, (line, colour) in enumerate(lines):
        yield Text((x, y + at * LINE), line, SIZE, colour, is_bold=at == 0)
