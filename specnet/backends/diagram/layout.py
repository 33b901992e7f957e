"""Where Graphviz puts the parts of a diagram. Coordinates are in points, from left to right and from bottom to top."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import graphviz

from specnet.backends.diagram.dot_program import run_dot

Point = tuple[float, float]

POINTS_PER_INCH = 72

PATIENCE = 20.0
"""The seconds after which a layout is given up."""

CLUSTER = "cluster_"
"""What the names of scopes begin with for Graphviz."""


@dataclass(frozen=True)
class Rectangle:
    """A rectangle by its left, lower, right and upper side."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def around(cls, centre: Point, width: float, height: float) -> Rectangle:
        """Return the rectangle of a size around a point."""
        x, y = centre
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def centre(self) -> Point:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def move(self, x: float, y: float) -> Rectangle:
        return Rectangle(self.left + x, self.bottom + y, self.right + x, self.top + y)

    def grow(self, margin: float) -> Rectangle:
        return Rectangle(self.left - margin, self.bottom - margin, self.right + margin, self.top + margin)

    def join(self, other: Rectangle) -> Rectangle:
        """Return the smallest rectangle that holds both."""
        return Rectangle(
            min(self.left, other.left),
            min(self.bottom, other.bottom),
            max(self.right, other.right),
            max(self.top, other.top),
        )

    def holds(self, point: Point) -> bool:
        return self.left < point[0] < self.right and self.bottom < point[1] < self.top

    def overlaps(self, other: Rectangle) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top


@dataclass(frozen=True)
class Curve:
    """An edge as Bézier curves, of one point and three more for each, and the tip of its arrow."""

    points: tuple[Point, ...]
    tip: Point

    def move(self, x: float, y: float) -> Curve:
        return Curve(tuple((a + x, b + y) for a, b in self.points), (self.tip[0] + x, self.tip[1] + y))


@dataclass(frozen=True)
class Layout:
    """The places of boxes and terminals, of edges by their number, of scopes and of captions."""

    boxes: Mapping[str, Rectangle]
    curves: Mapping[int, Curve]
    scopes: Mapping[str, Rectangle]
    captions: Mapping[str, Rectangle]
    sizes: Mapping[int, Rectangle]
    """The texts on edges."""
    title: Rectangle

    @property
    def body(self) -> Rectangle:
        """The rectangle around all but the title."""
        corners = (Rectangle(x, y, x, y) for curve in self.curves.values() for x, y in curve.points)
        return join_rectangles((*self.boxes.values(), *self.scopes.values(), *self.sizes.values(), *corners))

    @property
    def picture(self) -> Rectangle:
        """The rectangle around everything."""
        return self.body.join(self.title)

    def move(self, x: float, y: float) -> Layout:
        return Layout(
            {name: box.move(x, y) for name, box in self.boxes.items()},
            {number: curve.move(x, y) for number, curve in self.curves.items()},
            {name: scope.move(x, y) for name, scope in self.scopes.items()},
            {name: caption.move(x, y) for name, caption in self.captions.items()},
            {number: size.move(x, y) for number, size in self.sizes.items()},
            self.title.move(x, y),
        )


def join_rectangles(rectangles: Iterable[Rectangle]) -> Rectangle:
    """Return the smallest rectangle that holds all; an empty one for none."""
    found = [*rectangles]
    return reduce(Rectangle.join, found) if found else Rectangle(0, 0, 0, 0)


def lay_out(graph: graphviz.Digraph) -> Layout:
    """Return where Graphviz puts the parts of a graph, whose edges have their number as `comment`.

    Raises GraphvizMissing, GraphvizTooSlow and GraphvizError.
    """
    found = json.loads(run_dot(graph.source, "-Tjson0", seconds=PATIENCE))
    objects = found.get("objects", ())
    scopes = {each["name"].removeprefix(CLUSTER): each for each in objects if each["name"].startswith(CLUSTER)}
    scopes = {name: each for name, each in scopes.items() if "bb" in each}
    return Layout(
        {each["name"]: _read_box(each) for each in objects if "pos" in each},
        dict(_read_curves(found.get("edges", ()))),
        {name: Rectangle(*_read_numbers(each["bb"])) for name, each in scopes.items()},
        {name: _read_label(each) for name, each in scopes.items() if "lp" in each},
        {},
        _read_label(found) if "lp" in found else Rectangle(0, 0, 0, 0),
    )


def _read_numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _read_box(values: Mapping[str, Any]) -> Rectangle:
    x, y = _read_numbers(values["pos"])
    width, height = float(values["width"]), float(values["height"])
    return Rectangle.around((x, y), POINTS_PER_INCH * width, POINTS_PER_INCH * height)


def _read_label(values: Mapping[str, Any]) -> Rectangle:
    x, y = _read_numbers(values["lp"])
    width, height = float(values["lwidth"]), float(values["lheight"])
    return Rectangle.around((x, y), POINTS_PER_INCH * width, POINTS_PER_INCH * height)


def _read_curves(edges: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Curve]]:
    for edge in edges:
        if edge.get("comment") and edge.get("pos"):
            yield int(edge["comment"]), _read_curve(edge["pos"])


def _read_curve(text: str) -> Curve:
    """Return the curve of `e,10,20 10,60 10,50 10,40 10,30`."""
    tip, *points = [word.rpartition("e,")[2] for word in text.split(";")[0].split()]
    x, y = _read_numbers(tip)
    return Curve(tuple((a, b) for a, b in map(_read_numbers, points)), (x, y))
