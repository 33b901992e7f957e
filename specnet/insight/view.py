"""A view: a picture that is drawn on demand, with a title, a caption and the numbers that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from specnet.atomic_write import write_user_file

FORMATS = ("png", "svg", "pdf")

DPI = 120

_DARK, _PALE = "#15181c", "#e4e7eb"

THEMES: Mapping[str, Any] = {
    "light": {"figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "auto"},
    "dark": {
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "legend.facecolor"), _DARK),
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), _PALE),
        **dict.fromkeys(("axes.edgecolor", "grid.color", "legend.edgecolor"), "#59626d"),
        "savefig.facecolor": "auto",
    },
}
"""Settings of matplotlib by the name of a theme."""


@dataclass(frozen=True)
class View:
    """What a network has learned, seen from one side.

    `caption` explains the picture in a sentence or two, `summary` are lines with the numbers that matter, `values` all
    numbers as JSON values. `draw` makes the figure in the theme of the context.
    """

    name: str
    title: str
    caption: str
    summary: tuple[str, ...]
    values: Mapping[str, Any] = field(repr=False)
    draw: Callable[[], Figure] = field(repr=False)

    def record(self) -> dict[str, Any]:
        """Return the view as JSON values."""
        return {"view": self.name, "title": self.title, "caption": self.caption, **self.values}

    def figure(self, theme: str = "light") -> Figure:
        """Draw the picture, on white or with `theme` "dark"."""
        if theme not in THEMES:
            raise ValueError(f"there is no theme `{theme}`; there are {', '.join(THEMES)}")
        with rc_context(dict(THEMES[theme])):
            figure = self.draw()
            figure.draw_without_rendering()  # which makes the last labels, in the colours of the theme
        return figure

    def render(self, format: str = "png", theme: str = "light") -> bytes:
        """Return the picture as png, svg or pdf; raises ValueError for another format."""
        if format not in FORMATS:
            raise ValueError(f"a picture is {', '.join(FORMATS)}, not {format!r}")
        figure, content = self.figure(theme), BytesIO()
        figure.set_layout_engine("none")  # which would lay out again what has been
        figure.savefig(content, format=format, dpi=DPI, bbox_inches="tight")
        return content.getvalue()

    def save(self, path: str | Path, theme: str = "light") -> None:
        """Write the picture in the format that the suffix names; raises ValueError for another suffix, OSError."""
        target = Path(path)
        format = target.suffix.lower().removeprefix(".")
        if format not in FORMATS:
            raise ValueError(f"{target}: name a file that ends in {', '.join(f'.{each}' for each in FORMATS)}")
        write_user_file(target, self.render(format, theme))

    def _repr_png_(self) -> bytes:
        return self.render()
