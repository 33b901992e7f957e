"""How values come in, flow and go out: the ends of a picture and the edges in it, red where a shape is at fault."""

from __future__ import annotations

from collections.abc import Iterable

import graphviz

from specnet.backends.diagram.faults import Faults
from specnet.backends.diagram.label import bold, printable, side_by_side, small, stack, text
from specnet.backends.diagram.palette import BEHIND, FAULT, TERMINAL, Style
from specnet.layers.base import Shape, format_shape

GAP: Style = {"label": " ? ", "color": FAULT.line, "fontcolor": FAULT.line, "style": "dashed"}
"""An edge across what could not be understood."""


def size(shape: Shape | None) -> str:
    return format_shape(shape) if shape else "?"


def terminal(name: str, role: str, shape: Shape | None) -> Style:
    """An input, an output or a head."""
    colours = TERMINAL if shape else BEHIND
    label = side_by_side(small(bold(text(name)), colours.ink, 11), small(text(role), colours.ink))
    return {"label": stack([label]), **colours.style()}


def edge(value: str, shape: Shape | None, wrong: Faults, readers: Iterable[str] = (), is_first: bool = True) -> Style:
    """A value's size, where it is read first; an edge at an error is red, and always has its size."""
    if value in wrong.claims:
        return _at_fault(f"{size(shape)}, not {wrong.claims[value]} as claimed")
    if shape and wrong.layers.keys() & set(readers):
        return _at_fault(size(shape))
    style = {"label": f" {size(shape)} "} if is_first else {}
    return style if shape else style | {"color": BEHIND.line, "fontcolor": BEHIND.ink}


def _at_fault(label: str) -> Style:
    return {
        "label": graphviz.escape(f" {printable(label)} "),
        "color": FAULT.line,
        "fontcolor": FAULT.line,
        "penwidth": "2",
    }
