"""Turn a figure into a file."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from matplotlib.figure import Figure

Note = Callable[[str], None]
"""Is told, in a sentence, where names are written as numbers."""


def render(figure: Figure, format: str) -> bytes:
    """Return a figure as png, svg or pdf."""
    content = BytesIO()
    figure.savefig(content, format=format, dpi=120, bbox_inches="tight")  # or labels could be cut at the edge
    return content.getvalue()
