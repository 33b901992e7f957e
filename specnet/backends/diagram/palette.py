"""Colours and Graphviz attributes. The fills keep a distance of 12 in CIELAB from each other for normal, red-, green-
and blue-blind eyes, and differ in lightness in print; a box also shows its kind, so nothing rests on colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.backends.diagram.model import State
from specnet.layers.base import Family

INK, QUIET, WHITE = "#1B1F23", "#57606A", "#FFFFFF"

Style = dict[str, str]
"""Graphviz's attributes of a picture, a node, an edge or a cluster."""


@dataclass(frozen=True)
class Colours:
    """The colours of a box: fill, outline, text."""

    fill: str
    line: str
    ink: str = INK

    def style(self) -> Style:
        """Return them as Graphviz's attributes."""
        return {"fillcolor": self.fill, "color": self.line, "fontcolor": self.ink}

    def style_line(self) -> Style:
        """Return the colours of an edge as Graphviz's attributes."""
        return {"color": self.line, "fontcolor": self.line}


FAMILIES: Mapping[Family, Colours] = {
    Family.CONVOLUTION: Colours("#A0C6FB", "#3B6FB6"),
    Family.POOLING: Colours("#A2ECBD", "#2B8A57"),
    Family.DENSE: Colours("#FDF097", "#A08A12"),
    Family.ATTENTION: Colours("#B69CFF", "#5B3FD1"),
    Family.ACTIVATION: Colours("#EBA68A", "#A9512C"),
    Family.NORMALISATION: Colours("#CCCB6A", "#77761A"),
    Family.REGULARISATION: Colours("#D7D7D7", "#7A7A7A"),
    Family.RESHAPING: Colours(WHITE, QUIET),
    Family.JOIN: Colours("#D5ABC8", "#8A4F78"),
}
FAULT = Colours(WHITE, "#C8102E")
BEHIND = Colours("#F4F4F4", "#B4B4B4", "#8A8A8A")
STATES: Mapping[State, Colours] = {
    State.FAULT: FAULT,
    State.BEHIND: BEHIND,
    State.SAME: Colours("#F1F2F4", "#9AA1A9", "#57606A"),
    State.ADDED: Colours("#D3F2DB", "#1E7E3E"),
    State.REMOVED: Colours("#FBDAD8", "#B3261E"),
    State.CHANGED: Colours("#FCE9B8", "#9A6B00"),
}
"""The colours of what is not merely sound; signs and words say the same."""
SCOPE = Colours("#F6F7F9", "#C9CFD4")
FOLDED = Colours("#EDEFF2", QUIET)
TERMINAL = Colours("#3B4650", "#3B4650", WHITE)

FONT = "Helvetica,Arial,sans-serif"
"""Where one is missing, a font of the same widths such as Liberation Sans takes its place, and no text overflows."""

SMALLEST = 10
"""The size of the smallest text in points."""

PAD = 14.4
"""The margin around a picture in points."""

GRAPH: Style = {
    "fontname": FONT,
    "fontcolor": INK,
    "labelloc": "t",
    "bgcolor": WHITE,
    "pad": f"{PAD / 72:g}",
    "nodesep": "0.3",
    "ranksep": "0.17",
}
NODE: Style = {
    "shape": "box",
    "style": "rounded,filled",
    "fontname": FONT,
    "fontsize": "12",
    "margin": "0.12,0.07",
    "height": "0.3",
    "penwidth": "1.2",
}
CLUSTER: Style = {
    "style": "rounded,filled",
    "labeljust": "l",
    "margin": "10",
    **SCOPE.style(),
}
EDGE: Style = {
    "fontname": FONT,
    "fontsize": "10",
    "fontcolor": QUIET,
    "color": QUIET,
    "arrowsize": "0.6",
    "penwidth": "1.1",
}
