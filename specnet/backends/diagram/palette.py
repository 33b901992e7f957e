"""How a diagram looks. The fills are the `light` scheme of Paul Tol ("Colour Schemes", SRON 2021), made for cells with
dark text and told apart by colour-blind eyes; each box also says its kind, so that nothing rests on colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.layers.base import Family


INK, QUIET, WHITE = "#1B1F23", "#57606A", "#FFFFFF"


@dataclass(frozen=True)
class Colours:
    """Of a box: its fill, its outline, its text."""

    fill: str
    line: str
    ink: str = INK


FAMILIES: Mapping[Family, Colours] = {
    Family.CONVOLUTION: Colours("#BCD6EE", "#3F76AD"),
    Family.POOLING: Colours("#A9DFCB", "#26805F"),
    Family.DENSE: Colours("#F5EABA", "#A38A1F"),
    Family.ACTIVATION: Colours("#F7C3B2", "#B4512F"),
    Family.NORMALISATION: Colours("#E1E8A0", "#7F8A14"),
    Family.REGULARISATION: Colours("#E3E3E3", "#7A7A7A"),
    Family.RESHAPING: Colours("#FFFFFF", "#57606A"),
    Family.JOIN: Colours("#FFD9DF", "#C0566B"),
}
FAULT = Colours("#FFFFFF", "#C8102E")
BEHIND = Colours("#F4F4F4", "#B4B4B4", "#8A8A8A")
SCOPE = Colours("#F7F8F9", "#C9CFD4")
TERMINAL = Colours("#3B4650", "#3B4650", "#FFFFFF")


FONT = "Helvetica,Arial,sans-serif"
"""Replaced by metrically equal fonts (Arial, Liberation Sans, Nimbus Sans) where it is missing, so no text overflows."""

GRAPH = {
    "fontname": FONT,
    "fontcolor": INK,
    "labelloc": "t",
    "bgcolor": WHITE,
    "pad": "0.3",
    "nodesep": "0.3",
    "ranksep": "0.17",
}
NODE = {
    "shape": "box",
    "style": "rounded,filled",
    "fontname": FONT,
    "fontsize": "12",
    "fontcolor": INK,
    "margin": "0.12,0.07",
    "height": "0.3",
    "penwidth": "1.2",
}
EDGE = {
    "fontname": FONT,
    "fontsize": "10",
    "fontcolor": QUIET,
    "color": QUIET,
    "arrowsize": "0.6",
    "penwidth": "1.1",
}
