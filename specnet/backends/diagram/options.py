"""How a network is to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from specnet.analyses.usage import Usage

Direction = Literal["auto", "tb", "lr"]
ThemeName = Literal["light", "dark", "print"]
Quantity = Literal["parameters", "macs", "memory", "time"]


@dataclass(frozen=True)
class DrawingOptions:
    """How a network is to be drawn; without a depth, blocks are open as far as is readable on a page."""

    depth: int | None = None
    expand: bool = False
    """Draw every iteration and call, instead of alike neighbours once."""
    direction: Direction = "auto"
    """From top to bottom, from left to right, or what fits on a page, in columns if need be."""
    theme: ThemeName = "light"
    heat: Quantity | None = None
    """The amount whose shares colour the boxes; time needs a device in `usage`."""
    usage: Usage | None = None
    title: bool = True
    """Name, description, totals and legend above the picture; a figure of a paper has them in its caption."""
