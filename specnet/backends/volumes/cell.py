"""A volume made ready to be placed: its box, the lines of its caption, and the room that both take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from specnet.backends.diagram.errors import ErrorPlaces
from specnet.backends.volumes.captions import describe_layer, format_operation, shorten_names
from specnet.backends.volumes.font import measure_text, shorten_text, wrap_text
from specnet.backends.volumes.scale import Box, Scale
from specnet.backends.volumes.scene import Anchor, Point
from specnet.backends.volumes.volume import FoldedVolumes, Volume
from specnet.layers.base import Shape, format_shape
from specnet.printer.scopes import Scopes

SIZE = 9.0
"""The size of all text but the title, in points; half as much again as what a page needs at least."""

LINE = 11.0
"""The distance between two lines of text."""

WIDEST_NAME, WIDEST_CAPTION, WIDEST_MESSAGE = 88.0, 72.0, 150.0
"""The width of what stands below a box: its name, its layer or call, the words of an error."""

TOWER_GAP = 26.0
"""The space between two towers, in which the channels of the upper one stand."""

SKIP = 8.0
"""How high the arc of a skip within a block rises above its box."""

NUMBER = 12.0
"""The room of the number of a height above the lower end of its edge."""

LEGIBLE, ROOMY = 12.0, 22.0
"""The side of a map from which its sizes stand along the edges, and the height with which an arrow passes above them.

A smaller one has its shape below.
"""


@dataclass(frozen=True)
class Cell:
    """One volume as it is drawn, without its place."""

    volume: Volume
    box: Box
    name: str
    lines: tuple[str, ...]
    messages: tuple[str, ...] = ()
    is_fault: bool = False
    size_anchor: Anchor = "middle"
    """How the size stands below the front: beside the lines that come from a taller column or lead to one."""

    @cached_property
    def height(self) -> float:
        """The height of the picture, of both towers together."""
        towers = self.volume.towers
        return towers * (self.box.height + self.box.overhang) + (towers - 1) * TOWER_GAP

    @cached_property
    def has_edge_sizes(self) -> bool:
        """Whether sizes stand along the edges."""
        shape = self.volume.shape
        if shape is None or len(shape) != 3 or self.box.height + self.box.overhang < ROOMY:
            return False
        return min(self.box.height, 2 * self.box.overhang) >= LEGIBLE

    @cached_property
    def size(self) -> str:
        """What stands below the box: its channels, or all sizes if there is no room along the edges."""
        shape = self.volume.shape
        if shape is None:
            return ""
        part: Shape = (shape[-1] // self.volume.towers,)
        return format_shape(part if self.has_edge_sizes else (*shape[:-1], *part))

    @cached_property
    def left(self) -> float:
        """The room that the height's number needs left of the front."""
        if not self.has_edge_sizes or not self.volume.shape:
            return 0
        return 3 + max(measure_text(str(size), SIZE) for size in self.volume.shape[:2])

    @cached_property
    def reach_left(self) -> float:
        """How far the picture and the caption reach to the left of the front."""
        return max(self.left, (self.caption_width - self.box.thickness) / 2)

    @cached_property
    def reach_right(self) -> float:
        """How far they reach to the right of the left side of the front."""
        return max(self.box.width, (self.caption_width + self.box.thickness) / 2)

    @cached_property
    def caption_width(self) -> float:
        """The width of all that stands centred below the front."""
        texts = [*self.lines, *self.messages, self.size]
        return max(measure_text(self.name, SIZE, True), *(measure_text(text, SIZE) for text in texts))

    @property
    def rise(self) -> float:
        """How far the picture rises above its box, for the arc of a skip in it."""
        return SKIP if self.volume.has_skip else 0

    @property
    def caption_height(self) -> float:
        return LINE * (1 + len(self.lines) + len(self.messages))

    def list_fronts(self, x: float, centre: float) -> list[Point]:
        """Return the upper left corner of the front of each tower, for a picture centred at this height."""
        pitch = self.box.height + self.box.overhang + TOWER_GAP
        top = centre - self.height / 2 + self.box.overhang
        return [(x, top + tower * pitch) for tower in range(self.volume.towers)]


def make_cells(folded: FoldedVolumes, scale: Scale, scopes: Scopes, errors: ErrorPlaces) -> Mapping[str, Cell]:
    """Return the cells of all volumes of a figure, on one scale."""
    names = shorten_names(folded.volumes)
    signs = {name: format_operation(folded, name, names) for name in folded.volumes}
    cells = {
        name: _make_cell(each, (names[name], signs[name]), scale, scopes, errors)
        for name, each in folded.volumes.items()
    }
    anchors: dict[str, Anchor] = {}
    for link in folded.links:
        rise = cells[link.target].height - cells[link.source].height
        lower = link.source if rise > 0 else link.target
        is_crossed = rise and folded.volumes[link.target].is_fully_connected(link.value)
        if is_crossed and not folded.volumes[lower].is_sequence:
            anchors.setdefault(lower, "end" if rise > 0 else "start")
    return {name: replace(cell, size_anchor=anchors.get(name, "middle")) for name, cell in cells.items()}


def _make_cell(volume: Volume, names: tuple[str, str], scale: Scale, scopes: Scopes, errors: ErrorPlaces) -> Cell:
    """Return the cell of a volume: its name, its layer or its call, and the words of errors in it.

    The names are its own, and those that it joins with their sign, if their order matters.
    """
    name = shorten_text(names[0], WIDEST_NAME, SIZE, is_bold=True)
    texts = filter(None, [*describe_layer(volume, scopes), names[1]])
    lines = [line for text in texts for line in wrap_text(text, WIDEST_CAPTION, SIZE)]
    words = list(_list_errors(volume, errors))
    parts = words[0].split(": ", 1) if words else []  # a formula has a line of its own
    messages = [line for text in parts for line in wrap_text(text, WIDEST_MESSAGE, SIZE)]
    return Cell(volume, scale.make_box(volume), name, tuple(lines), tuple(messages), bool(words))


def _list_errors(volume: Volume, errors: ErrorPlaces) -> Iterator[str]:
    """Yield the words of the errors in a volume, without the name that stands above them."""
    shapes = {node.name: node.output for node in volume.nodes} or {volume.name: volume.shape}
    for name, shape in shapes.items():
        if name in errors.layers:
            yield errors.layers[name].removeprefix(f"`{name}` ")
        if name in errors.claims:
            yield f"{format_shape(shape or ())}, not {errors.claims[name]} as claimed"
