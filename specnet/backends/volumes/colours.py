"""The colours of a figure by theme: one for each family of layers, mixed lighter and darker for the sides of a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from specnet.backends.diagram.palette import BEHIND, FAMILIES, FAULT, FOLDED, INK, QUIET, WHITE, Colours
from specnet.layers.base import Family

BLACK = "#000000"


@dataclass(frozen=True)
class FigureColours:
    """The colours of one theme; `hatches` are the angles of patterns for families, where print has no colour."""

    background: str
    ink: str
    quiet: str
    families: Mapping[Family, Colours]
    image: Colours
    folded: Colours
    fault: Colours
    behind: Colours
    hatches: Mapping[Family, float] = field(default_factory=dict)


def mix_colours(colour: str, other: str, share: float) -> str:
    """Return a colour with a share of another one in it."""
    pairs = ((int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(one + (two - one) * share):02X}" for one, two in pairs)


LIGHT = FigureColours(WHITE, INK, QUIET, FAMILIES, Colours("#E6E9EC", QUIET), FOLDED, FAULT, BEHIND)

NIGHT = "#16191D"

DARK = FigureColours(
    NIGHT,
    "#E6E8EA",
    "#A3ABB3",
    {family: Colours(mix_colours(each.fill, NIGHT, 0.4), each.fill) for family, each in FAMILIES.items()},
    Colours("#4A525A", "#A3ABB3"),
    Colours("#343B42", "#A3ABB3"),
    Colours(NIGHT, "#FF6B7D"),
    Colours("#22272C", "#5C656E", "#8B949D"),
)

PRINT = FigureColours(
    WHITE,
    BLACK,
    "#404040",
    {family: Colours(mix_colours(each.fill, WHITE, 0.35), BLACK) for family, each in FAMILIES.items()},
    Colours("#EDEDED", BLACK),
    Colours(WHITE, BLACK),
    FAULT,
    BEHIND,
    {
        Family.CONVOLUTION: 45,
        Family.POOLING: 135,
        Family.DENSE: 0,
        Family.JOIN: 90,
        Family.ACTIVATION: 20,
        Family.NORMALISATION: 70,
        Family.RESHAPING: 110,
        Family.REGULARISATION: 160,
    },
)

THEMES: Mapping[str, FigureColours] = {"light": LIGHT, "dark": DARK, "print": PRINT}
