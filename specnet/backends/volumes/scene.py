"""A figure as what it is drawn of, for writers of any format: polygons, strokes and texts, y pointing down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, cos, radians, sin
from typing import Literal

from specnet.backends.volumes.font import measure_text

Point = tuple[float, float]

Anchor = Literal["start", "middle", "end"]

Extent = tuple[float, float, float, float]
"""Left, top, right, bottom."""

ASCENT, DESCENT = 0.74, 0.22
"""How far letters reach above and below the line that they stand on, in sizes."""


HEAD = 5.0
"""The length of an arrowhead."""

CORNER = 5.0
"""How far before and behind a corner a line is bent."""

HATCH_STEP, HATCH_WIDTH = 4.0, 0.35
"""The distance and width of the lines of a pattern."""


@dataclass(frozen=True)
class Polygon:
    """A filled and outlined area; `hatch` is the angle in degrees of the lines of its pattern, if it has one."""

    points: tuple[Point, ...]
    fill: str
    line: str
    width: float = 0.8
    is_dashed: bool = False
    hatch: float | None = None

    @property
    def extent(self) -> Extent:
        return _surround(self.points)


@dataclass(frozen=True)
class Stroke:
    """A line through points with rounded corners, or one Bézier curve of four; an arrow if it has a head."""

    points: tuple[Point, ...]
    colour: str
    width: float = 0.8
    is_curve: bool = False
    is_dashed: bool = False
    has_head: bool = False

    @property
    def extent(self) -> Extent:
        if not self.is_curve:
            return _surround(self.points)
        return _surround(tuple(follow_curve(self.points, step / 16) for step in range(17)))


@dataclass(frozen=True)
class Text:
    """One line of text at a point of its baseline."""

    at: Point
    text: str
    size: float
    colour: str
    is_bold: bool = False
    anchor: Anchor = "middle"

    @property
    def width(self) -> float:
        return measure_text(self.text, self.size, self.is_bold)

    @property
    def extent(self) -> Extent:
        left = self.at[0] - self.width * {"start": 0, "middle": 0.5, "end": 1}[self.anchor]
        return left, self.at[1] - ASCENT * self.size, left + self.width, self.at[1] + DESCENT * self.size


Item = Polygon | Stroke | Text


@dataclass(frozen=True)
class Group:
    """The items of one volume, with the text that is shown where the pointer rests on them, and what they are."""

    items: tuple[Item, ...]
    tooltip: str = ""
    name: str = ""


@dataclass(frozen=True)
class Scene:
    """A figure: its groups from the back to the front, its size in points, and what it shows in words."""

    groups: tuple[Group, ...]
    width: float
    height: float
    background: str
    title: str
    description: str
    colour_names: Mapping[str, str] = field(default_factory=dict)
    """What each colour stands for, for those who change it."""

    @property
    def items(self) -> Iterator[Item]:
        return (item for group in self.groups for item in group.items)


def find_extent(items: Sequence[Item]) -> Extent:
    """Return the extent of all items together; nothing for none."""
    if not items:
        return 0, 0, 0, 0
    lefts, tops, rights, bottoms = zip(*(item.extent for item in items), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def shift_item(item: Item, x: float, y: float) -> Item:
    """Return an item moved to the right and down."""
    if isinstance(item, Text):
        return replace(item, at=(item.at[0] + x, item.at[1] + y))
    return replace(item, points=tuple((px + x, py + y) for px, py in item.points))


def follow_curve(points: tuple[Point, ...], share: float) -> Point:
    """Return the point of a cubic Bézier curve at a share from 0 to 1."""
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    x, y = (sum(w * point[axis] for w, point in zip(weights, points, strict=True)) for axis in (0, 1))
    return x, y


def find_corners(points: tuple[Point, ...]) -> Iterator[tuple[Point, Point, Point]]:
    """Yield for each corner of a line where the bend begins, the corner, and where the bend ends."""
    for before, corner, behind in zip(points, points[1:], points[2:], strict=False):
        yield approach(corner, before), corner, approach(corner, behind)


def approach(corner: Point, other: Point) -> Point:
    """Return the point of a bend on the way from a corner to the next point, at most half that way."""
    (x, y), (ox, oy) = corner, other
    distance = ((ox - x) ** 2 + (oy - y) ** 2) ** 0.5
    share = min(0.5, CORNER / distance) if distance else 0.0
    return x + (ox - x) * share, y + (oy - y) * share


def make_head(stroke: Stroke, length: float = HEAD) -> tuple[Point, Point, Point]:
    """Return the triangle at the end of an arrow."""
    (x, y), (tx, ty) = stroke.points[-2:]
    distance = ((tx - x) ** 2 + (ty - y) ** 2) ** 0.5 or 1
    dx, dy = (tx - x) / distance * length, (ty - y) / distance * length
    return (tx, ty), (tx - dx - dy * 0.4, ty - dy + dx * 0.4), (tx - dx + dy * 0.4, ty - dy - dx * 0.4)


def make_hatching(polygon: Polygon) -> Iterator[Stroke]:
    """Yield the parallel lines of a polygon's pattern, if it has one; the polygon must be convex."""
    if polygon.hatch is None:
        return
    along = cos(radians(polygon.hatch)), -sin(radians(polygon.hatch))
    distances = [_project(point, along) for point in polygon.points]
    step = ceil(min(distances) / HATCH_STEP) * HATCH_STEP
    while step < max(distances):
        ends = list(_cut(polygon.points, along, step))
        if len(ends) >= 2:
            yield Stroke((min(ends), max(ends)), polygon.line, HATCH_WIDTH)
        step += HATCH_STEP


def _project(point: Point, along: Point) -> float:
    """Return the distance of a point from the line through the origin in a direction."""
    return point[0] * along[1] - point[1] * along[0]


def _cut(points: tuple[Point, ...], along: Point, distance: float) -> Iterator[Point]:
    """Yield where the outline of a polygon meets a line."""
    for one, two in zip(points, (*points[1:], points[0]), strict=True):
        before, behind = _project(one, along) - distance, _project(two, along) - distance
        if before * behind < 0:
            share = before / (before - behind)
            yield one[0] + (two[0] - one[0]) * share, one[1] + (two[1] - one[1]) * share


def _surround(points: tuple[Point, ...]) -> Extent:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
