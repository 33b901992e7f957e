"""Draw a checked network as volumes, as the papers of LeNet and AlexNet do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from specnet.analyses.cost import format_count
from specnet.backends.diagram.errors import ErrorPlaces, locate_errors
from specnet.backends.volumes.boxes import draw_volume
from specnet.backends.volumes.captions import make_tooltip
from specnet.backends.volumes.cell import LINE, SIZE, Cell, make_cells
from specnet.backends.volumes.colours import FigureColours, choose_theme
from specnet.backends.volumes.folding import fold_volumes
from specnet.backends.volumes.font import make_printable, shorten_text, wrap_text
from specnet.backends.volumes.legend import draw_legend
from specnet.backends.volumes.links import Linker
from specnet.backends.volumes.placement import Layout
from specnet.backends.volumes.rows import WIDEST, place_in_rows
from specnet.backends.volumes.runs import fold_runs
from specnet.backends.volumes.scale import Scale
from specnet.backends.volumes.scene import Group, Item, Scene, Text, find_extent, shift_item
from specnet.backends.volumes.u_shape import place_as_u
from specnet.backends.volumes.volume import FoldedVolumes
from specnet.compiler import Checked
from specnet.layers.base import format_shape
from specnet.printable import format_amount
from specnet.printer.scopes import Scopes

TITLE = 14.0
"""The size of the title."""

MARGIN = 16.0

LEGEND_GAP = 24.0
"""The space between a figure and the baseline of its legend."""

NARROWEST = 320.0
"""The least width of a figure, so that its title has room."""

MOST_VOLUMES = 26
"""The most volumes of a figure whose blocks are all open."""

TALLEST = 730.0
"""The most height without the title: on a page of A4 across, text is still larger than 6 points."""

SHARES = (1.0, 0.75, 0.55)
"""The shares of the usual lengths of boxes that are tried to fit a page."""

LAST_SHARE = 0.4
"""The share that is tried where nothing is left to fold: maps are small then, and all texts can be read."""

HOPELESS = 2.0
"""The excess over a page that smaller boxes do not help against."""

MOST_MESSAGES = 4
"""The most errors below the title."""


def draw_volumes(checked: Checked, theme: str = "light", depth: int | None = None, has_title: bool = True) -> Scene:
    """Draw a network, sound or not, as volumes, with its title and legend or without.

    Blocks and repetitions are opened `depth` deep; None opens all if the figure then fits a page, and else none.
    Raises ValueError for a negative depth.
    """
    if depth is not None and depth < 0:
        raise ValueError(f"scopes cannot be opened {depth} deep")
    figure, colours = _choose_figure(checked, depth), choose_theme(theme)
    linker = Linker(figure.cells, figure.layout, figure.scale, colours, figure.folded.links)
    boxes = [
        Group(tuple(draw_volume(cell, figure.layout.seats[name], colours)), make_tooltip(cell.volume, checked), name)
        for name, cell in figure.cells.items()
    ]
    links = [
        Group(tuple(dict.fromkeys(linker.draw_link(link))), name=f"{link.source} to {link.target}")
        for link in figure.folded.links
    ]
    return _frame([*boxes, *links], figure.cells.values(), checked, colours, has_title)


@dataclass(frozen=True)
class Figure:
    """A network folded and placed on one scale."""

    folded: FoldedVolumes
    scale: Scale
    cells: Mapping[str, Cell]
    layout: Layout

    @property
    def excess(self) -> float:
        """How many times wider or taller it is than a page of A4 across with text that is large enough."""
        seats = self.layout.seats
        right = max((seats[name].x + cell.reach_right for name, cell in self.cells.items()), default=0)
        bottom = max((seats[name].caption + cell.caption_height for name, cell in self.cells.items()), default=0)
        return max(right / WIDEST, bottom / TALLEST)


def _choose_figure(checked: Checked, depth: int | None) -> Figure:
    """Return the first figure that fits a page: all blocks open, then none, then equal ones as one; else the last."""
    network, scopes, errors = checked.network, Scopes(checked.network), locate_errors(checked)
    alone = errors.layers.keys() | errors.claims.keys()
    ways = [fold_volumes(network, scopes, each, alone) for each in ((None, 0) if depth is None else (depth,))]
    if depth is None:
        ways = [*(way for way in ways[:1] if len(way.volumes) <= MOST_VOLUMES), ways[1], fold_runs(ways[1])]
    for way in ways:
        for share in (*SHARES, LAST_SHARE) if way is ways[-1] else SHARES:
            figure = _place(way, share, scopes, errors)
            if figure.excess <= 1:
                return figure
            if figure.excess > HOPELESS:
                break
    return figure


def _place(folded: FoldedVolumes, share: float, scopes: Scopes, errors: ErrorPlaces) -> Figure:
    scale = Scale(folded.volumes.values(), share)
    cells = make_cells(folded, scale, scopes, errors)
    if layout := place_as_u(folded, cells):
        figure = Figure(folded, scale, cells, layout)
        if figure.excess <= HOPELESS:
            return figure
    return Figure(folded, scale, cells, place_in_rows(folded, cells))


def _frame(
    groups: list[Group], cells: Collection[Cell], checked: Checked, colours: FigureColours, has_title: bool
) -> Scene:
    """Return the scene of a figure with a margin around it; a title stands above it, and a legend below it."""
    left, top, right, bottom = find_extent([item for group in groups for item in group.items])
    width = max(right - left, NARROWEST if has_title else 0)
    title = list(_draw_title(checked, colours, width)) if has_title else []
    height = max((item.extent[3] for item in title), default=-LINE) + LINE
    x, y = MARGIN - left + (width - (right - left)) / 2, MARGIN + height - top
    heading = tuple(shift_item(item, MARGIN + width / 2, MARGIN) for item in title)
    placed = [Group(heading, name="title")] if heading else []
    placed += [replace(group, items=tuple(shift_item(item, x, y) for item in group.items)) for group in groups]
    end = MARGIN + height + bottom - top
    entries = draw_legend(cells, colours, width) if has_title else ()
    legend = [shift_item(item, MARGIN + width / 2, end + LEGEND_GAP) for item in entries]
    placed += [Group(tuple(legend), name="legend")] if legend else []
    size = width + 2 * MARGIN, max((item.extent[3] for item in legend), default=end) + MARGIN
    name = make_printable(checked.network.name) or "network"
    return Scene(tuple(placed), *size, colours.background, name, _describe(checked, name), colours.names)


def _draw_title(checked: Checked, colours: FigureColours, width: float) -> Iterator[Item]:
    network, totals = checked.network, checked.totals
    name = shorten_text(network.name or "network", width, TITLE, is_bold=True)
    yield Text((0, TITLE), name, TITLE, colours.ink, is_bold=True)
    counts = f"{totals.parameters:,} parameters · {format_count(totals.macs)} MACs" if checked.ok else ""
    lines = [(line, colours.quiet) for line in wrap_text(network.description, width, SIZE)]
    lines += [(counts, colours.quiet)] if counts else []
    for message in locate_errors(checked).elsewhere[:MOST_MESSAGES]:
        lines += [(line, colours.fault.line) for line in wrap_text(message, width, SIZE)]
    for at, (line, colour) in enumerate(lines, start=1):
        yield Text((0, TITLE + at * LINE + 3), line, SIZE, colour)


def _describe(checked: Checked, name: str) -> str:
    """Return in words what the figure shows."""
    network = checked.network
    sizes = " and ".join(format_shape(each.shape) for each in network.inputs) or "nothing"
    ends = " and ".join(format_shape(shape) if (shape := network.shapes[each]) else "?" for each in network.outputs)
    return f"{name} as volumes, from {sizes} to {ends or '?'} in {format_amount(len(network.nodes), 'layer')}"
