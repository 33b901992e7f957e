"""Draw how a box makes the next one: its filter with lines of sight, or the lines of a full connection."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from specnet.backends.volumes.boxes import choose_colours
from specnet.backends.volumes.cell import NUMBER, Cell
from specnet.backends.volumes.colours import FigureColours
from specnet.backends.volumes.scale import Scale
from specnet.backends.volumes.scene import Item, Point, Polygon, Stroke

FILTER_HEIGHT = 0.3
"""Where on a box the filter lies, and where on the next one what it makes, as a share of the height."""

THIN = 0.5


def draw_sight(
    source: Cell, target: Cell, start: Point, end: Point, scale: Scale, colours: FigureColours
) -> Iterator[Item]:
    """Yield the filter on the side of a box, and lines from its corners to a point of the next box.

    `start` and `end` are the upper left corners of the fronts.
    """
    corners = _place_filter(source, target, start, scale)
    apex = (end[0] + min(target.box.thickness / 2, 4), end[1] + target.box.height * FILTER_HEIGHT)
    fill = colours.find_filter(choose_colours(source, colours))
    yield Polygon(corners, fill, colours.ink, 0.7)
    for corner in corners:
        yield Stroke((corner, apex), colours.quiet, THIN)


def _place_filter(source: Cell, target: Cell, front: Point, scale: Scale) -> tuple[Point, Point, Point, Point]:
    """Return the corners of a filter on the side of a box; it is drawn on the scale of the map's sides."""
    (kernel, _), box = target.volume.kernel or ((1, 1), (1, 1)), source.box
    height = min(scale.measure_side(kernel[0]), box.height)
    share = min(1.0, scale.measure_side(kernel[1]) / scale.measure_side((source.volume.shape or (1, 1))[1]))
    dx, dy = box.depth[0] * share, box.depth[1] * share
    left = front[0] + box.thickness + (box.depth[0] - dx) / 2
    top = front[1] + (box.depth[1] - dy) / 2 + (box.height - height) * FILTER_HEIGHT
    return (left, top), (left + dx, top + dy), (left + dx, top + dy + height), (left, top + height)


def connect_all(source: Cell, target: Cell, start: Point, end: Point, colours: FigureColours) -> Iterator[Item]:
    """Yield lines from both ends of a box to both ends of a column; of a map, above the number of its height."""
    x, (dx, dy) = start[0] + source.box.thickness, source.box.depth
    starts = (x + dx, start[1] + dy), (x + dx, start[1] + dy + source.box.height)
    bottom = end[1] + target.box.height - (NUMBER if target.has_edge_sizes else 0)
    for corner, other in product(starts, (end, (end[0], bottom))):
        yield Stroke((corner, other), colours.quiet, THIN)
