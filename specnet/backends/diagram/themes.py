"""The colours of a picture by theme: light, dark, or print, where patterns stand for the colours of families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from specnet.backends.diagram import palette
from specnet.backends.diagram.model import State
from specnet.backends.diagram.palette import QUIET, STATES, WHITE, Colours, Style
from specnet.layers.base import Family

BLACK, NIGHT = "#000000", "#16191D"


@dataclass(frozen=True)
class Theme:
    """The colours of one theme; `heat` is the scale from little to much, of equal steps."""

    paper: str
    ink: str
    quiet: str
    families: Mapping[Family, Colours]
    states: Mapping[State, Colours]
    scope: Colours
    folded: Colours
    terminal: Colours
    heat: Sequence[str]
    has_patterns: bool = False

    def style_graph(self) -> Style:
        """Return Graphviz's attributes of the picture."""
        return palette.GRAPH | {"fontcolor": self.ink, "bgcolor": self.paper}

    def style_clusters(self) -> Style:
        """Return Graphviz's attributes of the scopes."""
        return palette.CLUSTER | self.scope.style()

    def style_edges(self) -> Style:
        """Return Graphviz's attributes of the edges."""
        return palette.EDGE | {"color": self.quiet, "fontcolor": self.quiet}

    def mix_heat(self, share: float) -> Colours:
        """Return the colours of a box with a share, from 0 to 1, of the largest amount."""
        place = min(max(share, 0.0), 1.0) * (len(self.heat) - 1)
        index = min(int(place), len(self.heat) - 2)
        fill = mix_colours(self.heat[index], self.heat[index + 1], place - index)
        return Colours(fill, self.quiet, max((BLACK, WHITE), key=lambda ink: measure_contrast(ink, fill)))


def mix_colours(one: str, other: str, share: float) -> str:
    """Return a colour with a share of another one in it."""
    pairs = zip(_read_channels(one), _read_channels(other), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * share)):02X}" for a, b in pairs)


def measure_contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as the Web Content Accessibility Guidelines define it."""
    lighter, darker = sorted((_measure_luminance(one), _measure_luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _measure_luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _read_channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _read_channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


LIGHT = Theme(
    WHITE,
    palette.INK,
    QUIET,
    palette.FAMILIES,
    STATES,
    palette.SCOPE,
    palette.FOLDED,
    palette.TERMINAL,
    ("#FFF8E1", "#FBD27A", "#F29544", "#CE4A34", "#8A1F3C", "#4A0F33"),
)

LIGHT_INK = "#F0F3F6"

DARK = Theme(
    NIGHT,
    LIGHT_INK,
    "#A3ABB3",
    {
        Family.CONVOLUTION: Colours("#1A3150", "#7FB2F5", LIGHT_INK),
        Family.POOLING: Colours("#3F7851", "#8FE0AE", LIGHT_INK),
        Family.DENSE: Colours("#706E11", "#E6DC6A", LIGHT_INK),
        Family.ATTENTION: Colours("#5B3FD1", "#BBA6FF", LIGHT_INK),
        Family.ACTIVATION: Colours("#4A1600", "#EBA68A", LIGHT_INK),
        Family.NORMALISATION: Colours("#564300", "#D5C46A", LIGHT_INK),
        Family.REGULARISATION: Colours("#252525", "#B9BDC2", LIGHT_INK),
        Family.RESHAPING: Colours("#494949", "#D0D4D9", LIGHT_INK),
        Family.JOIN: Colours("#955182", "#E3B9D6", LIGHT_INK),
    },
    {
        State.FAULT: Colours(NIGHT, "#FF6B7D", LIGHT_INK),
        State.BEHIND: Colours("#1E2328", "#5C656E", "#9AA3AC"),
        State.SAME: Colours("#23282E", "#6B747D", "#A3ABB3"),
        State.ADDED: Colours("#12351E", "#4CC274", LIGHT_INK),
        State.REMOVED: Colours("#431A17", "#FF8A80", LIGHT_INK),
        State.CHANGED: Colours("#40310A", "#E0B040", LIGHT_INK),
    },
    Colours("#1D2227", "#3D454D", LIGHT_INK),
    Colours("#2C3339", "#A3ABB3", LIGHT_INK),
    Colours("#D5DADF", "#D5DADF", NIGHT),
    ("#22262B", "#54213F", "#9C2F43", "#DB6A3C", "#F7B455", "#FFF3C4"),
)

WHITE_BOX = Colours(WHITE, BLACK, BLACK)

PRINT = Theme(
    WHITE,
    BLACK,
    "#404040",
    dict.fromkeys(Family, WHITE_BOX),
    {
        **dict.fromkeys(State, WHITE_BOX),
        State.FAULT: Colours(WHITE, "#C8102E", BLACK),
        State.BEHIND: Colours(WHITE, "#808080", "#606060"),
    },
    Colours(WHITE, "#909090", BLACK),
    WHITE_BOX,
    Colours(BLACK, BLACK, WHITE),
    (WHITE, "#D0D0D0", "#A0A0A0", "#707070", "#404040", BLACK),
    has_patterns=True,
)

THEMES: Mapping[str, Theme] = {"light": LIGHT, "dark": DARK, "print": PRINT}
