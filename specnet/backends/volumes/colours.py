"""The colours of a figure by theme: those of the diagram, mixed lighter and darker for the sides of a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.backends.diagram.model import State
from specnet.backends.diagram.palette import Colours
from specnet.backends.diagram.themes import THEMES, Theme, mix_colours
from specnet.layers.base import Family

PALE = 0.85
"""How much of the paper is in the colour of an image, which no family has."""

HATCHES: Mapping[Family, float] = {
    Family.CONVOLUTION: 45,
    Family.POOLING: 135,
    Family.DENSE: 0,
    Family.JOIN: 90,
    Family.ACTIVATION: 20,
    Family.NORMALISATION: 70,
    Family.RESHAPING: 110,
    Family.REGULARISATION: 160,
}
"""The angles of the lines that stand for the colours of families in print."""


@dataclass(frozen=True)
class FigureColours:
    """The colours of a figure in one theme."""

    background: str
    ink: str
    quiet: str
    families: Mapping[Family, Colours]
    image: Colours
    folded: Colours
    fault: Colours
    behind: Colours
    hatches: Mapping[Family, float]


def choose_theme(name: str) -> FigureColours:
    """Return the colours of a theme."""
    return _adapt(THEMES[name])


def _adapt(theme: Theme) -> FigureColours:
    return FigureColours(
        theme.paper,
        theme.ink,
        theme.quiet,
        theme.families,
        Colours(mix_colours(theme.quiet, theme.paper, PALE), theme.quiet, theme.ink),
        theme.folded,
        theme.states[State.FAULT],
        theme.states[State.BEHIND],
        HATCHES if theme.has_patterns else {},
    )
