"""Write a scene as SVG, which browsers, editors and TeX read; each volume has a tooltip."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from specnet.backends.volumes.scene import (
    Group,
    Item,
    Point,
    Polygon,
    Scene,
    Stroke,
    Text,
    find_corners,
    make_hatching,
    make_head,
)

FONT = "Helvetica, Arial, sans-serif"


def scene_to_svg(scene: Scene) -> str:
    """Return a scene as the text of an SVG file."""
    width, height = _number(scene.width), _number(scene.height)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" role="img" font-family="{FONT}">',
        f"<title>{escape(scene.title)}</title>",
        f"<desc>{escape(scene.description)}</desc>",
        f'<rect width="{width}" height="{height}" fill="{scene.background}"/>',
        *(line for group in scene.groups for line in _write_group(group)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _write_group(group: Group) -> Iterator[str]:
    yield "<g>"
    if group.tooltip:
        yield f"<title>{escape(group.tooltip)}</title>"
    for item in group.items:
        yield from _write_item(item)
    yield "</g>"


def _write_item(item: Item) -> Iterator[str]:
    match item:
        case Polygon():
            outline = _outline(item.line, item.width) + _dash(item)
            yield f'<polygon points="{_join(item.points)}" fill="{item.fill}" {outline}/>'
            for line in make_hatching(item):
                yield from _write_item(line)
        case Stroke():
            yield f'<path d="{_trace(item)}" fill="none" {_outline(item.colour, item.width)}{_dash(item)}/>'
            if item.has_head:
                yield f'<polygon points="{_join(make_head(item))}" fill="{item.colour}"/>'
        case Text():
            weight = ' font-weight="bold"' if item.is_bold else ""
            anchor = f' text-anchor="{item.anchor}"' if item.anchor != "start" else ""
            x, y = map(_number, item.at)
            yield (
                f'<text x="{x}" y="{y}" font-size="{_number(item.size)}" fill="{item.colour}"{weight}{anchor}>'
                f"{escape(item.text)}</text>"
            )


def _trace(stroke: Stroke) -> str:
    """Return the path of a line."""
    start = f"M{_pair(stroke.points[0])} "
    if stroke.is_curve:
        return f"{start}C{_join(stroke.points[1:])}"
    bends = "".join(f"L{_pair(one)} Q{_join((corner, two))} " for one, corner, two in find_corners(stroke.points))
    return f"{start}{bends}L{_pair(stroke.points[-1])}"


def _outline(colour: str, width: float) -> str:
    return f'stroke="{colour}" stroke-width="{_number(width)}" stroke-linejoin="round"'


def _dash(item: Polygon | Stroke) -> str:
    return ' stroke-dasharray="3 2"' if item.is_dashed else ""


def _join(points: tuple[Point, ...]) -> str:
    return " ".join(map(_pair, points))


def _pair(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
