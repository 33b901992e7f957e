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

LIGHTER, DARKER = 0.35, 0.12
"""How much the top of a box is lighter than its front, and the side darker."""

PAPER = 0.6
"""How much of the background is in the colour of a filter."""

HATCHES: Mapping[Family, float] = {
    Family.CONVOLUTION: 45,
    Family.POOLING: 135,
    Family.DENSE: 0,
    Family.JOIN: 90,
    Family.ATTENTION: 55,
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

    def find_top(self, own: Colours) -> str:
        """Return the colour of the top of a box."""
        return mix_colours(own.fill, self.background, LIGHTER)

    def find_side(self, own: Colours) -> str:
        """Return the colour of the side of a box."""
        return mix_colours(own.fill, own.line, DARKER)

    def find_filter(self, own: Colours) -> str:
        """Return the colour of a filter on a box."""
        return mix_colours(own.fill, self.background, PAPER)

    @property
    def names(self) -> Mapping[str, str]:
        """What each colour stands for; one that stands for several things is named after the first."""
        found = {self.background: "paper", self.ink: "ink", self.quiet: "line"}
        boxes = {"image": self.image, "block": self.folded, "error": self.fault, "behind-error": self.behind}
        for name, own in ({family.value: each for family, each in self.families.items()} | boxes).items():
            sides = {"": own.fill, "-top": self.find_top(own), "-side": self.find_side(own)}
            rest = {"-filter": self.find_filter(own), "-line": own.line, "-text": own.ink}
            for suffix, colour in (sides | rest).items():
                found.setdefault(colour, name + suffix)
        return found


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
