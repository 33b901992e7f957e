"""Draw a checked network as volumes, as the papers of LeNet and AlexNet do."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.cost import format_count
from specnet.backends.diagram.errors import ErrorPlaces, locate_errors
from specnet.backends.volumes.boxes import draw_volume
from specnet.backends.volumes.captions import make_tooltip
from specnet.backends.volumes.cell import LINE, SIZE, make_cells
from specnet.backends.volumes.colours import THEMES, FigureColours
from specnet.backends.volumes.font import make_printable, shorten_text, wrap_text
from specnet.backends.volumes.links import Linker
from specnet.backends.volumes.rows import place_in_rows
from specnet.backends.volumes.scale import Scale
from specnet.backends.volumes.scene import Group, Item, Scene, Text, find_extent, shift_item
from specnet.backends.volumes.u_shape import place_as_u
from specnet.backends.volumes.volume import FoldedVolumes, fold_volumes
from specnet.compiler import Checked
from specnet.printer.scopes import Scopes

TITLE = 14.0
"""The size of the title."""

MARGIN = 16.0

NARROWEST = 320.0
"""The least width of a figure, so that its title has room."""

MOST_VOLUMES = 26
"""The most volumes of a figure whose blocks are all open."""

MOST_MESSAGES = 4
"""The most errors below the title."""


def draw_volumes(checked: Checked, theme: str = "light", depth: int | None = None) -> Scene:
    """Draw a network as volumes, with blocks opened `depth` deep; None opens them if the figure then fits a page."""
    colours, scopes, errors = THEMES[theme], Scopes(checked.network), locate_errors(checked)
    folded = _fold(checked, scopes, depth, errors)
    cells, scale = make_cells(folded.volumes, scopes, errors), Scale(folded.volumes.values())
    layout = place_as_u(folded, cells) or place_in_rows(folded, cells)
    linker = Linker(cells, layout, scale, colours)
    boxes = [
        Group(tuple(draw_volume(cell, layout.seats[name], colours)), make_tooltip(cell.volume, checked))
        for name, cell in cells.items()
    ]
    links = [Group(tuple(linker.draw_link(link))) for link in folded.links]
    return _frame([*boxes, *links], checked, errors, colours)


def _fold(checked: Checked, scopes: Scopes, depth: int | None, errors: ErrorPlaces) -> FoldedVolumes:
    alone = errors.layers.keys() | errors.claims.keys()
    if depth is not None:
        return fold_volumes(checked.network, scopes, depth, alone)
    opened = fold_volumes(checked.network, scopes, None, alone)
    return opened if len(opened.volumes) <= MOST_VOLUMES else fold_volumes(checked.network, scopes, 0, alone)


def _frame(groups: list[Group], checked: Checked, errors: ErrorPlaces, colours: FigureColours) -> Scene:
    """Return the scene of a figure with its title above it and a margin around it."""
    left, top, right, bottom = find_extent(item for group in groups for item in group.items)
    width = max(right - left, NARROWEST)
    title = list(_draw_title(checked, errors, colours, width))
    height = max(item.extent[3] for item in title) + LINE
    x, y = MARGIN - left + (width - (right - left)) / 2, MARGIN + height - top
    placed = [Group(tuple(shift_item(item, MARGIN + width / 2, MARGIN) for item in title))]
    placed += [Group(tuple(shift_item(item, x, y) for item in group.items), group.tooltip) for group in groups]
    size = width + 2 * MARGIN, bottom - top + height + 2 * MARGIN
    name = make_printable(checked.network.name) or "network"
    return Scene(tuple(placed), *size, colours.background, name, "")


def _draw_title(checked: Checked, errors: ErrorPlaces, colours: FigureColours, width: float) -> Iterator[Item]:
    network, totals = checked.network, checked.totals
    name = shorten_text(network.name or "network", width, TITLE, is_bold=True)
    yield Text((0, TITLE), name, TITLE, colours.ink, is_bold=True)
    counts = f"{totals.parameters:,} parameters · {format_count(totals.macs)} MACs" if checked.ok else ""
    lines = [(line, colours.quiet) for line in wrap_text(network.description, width, SIZE)]
    lines += [(counts, colours.quiet)] if counts else []
    for message in errors.elsewhere[:MOST_MESSAGES]:
        lines += [(line, colours.fault.line) for line in wrap_text(message, width, SIZE)]
    for at, (line, colour) in enumerate(lines, start=1):
        yield Text((0, TITLE + at * LINE + 3), line, SIZE, colour)
