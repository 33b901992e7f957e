"""The choices of a user: the treatment of the edges, and of values that no picture can have."""

from __future__ import annotations

from typing import Literal, get_args

Edges = Literal["zeros", "reflect", "none", "full"]
"""Padding that keeps the size, by zeros or the mirrored picture; no padding; or every window that meets the picture."""

EDGES: tuple[Edges, ...] = get_args(Edges)

Range = Literal["clip", "absolute", "stretch"]
"""How values become 0 to 255: those outside are cut off, their sign is dropped first, or their range is scaled."""

RANGES: tuple[Range, ...] = get_args(Range)
