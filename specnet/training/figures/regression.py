"""Predicted numbers against true ones."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from specnet.training.figures.rendering import Note
from specnet.training.lettering import choose_fonts, write_names

COLUMNS = 3

MOST_DRAWN = 12
"""The numbers that have a panel."""

MOST_POINTS = 3000
"""The images of a panel, taken evenly; more would only be darker."""


def plot_regression(predicted: Tensor, true: Tensor, names: Sequence[str], title: str, note: Note) -> Figure:
    """Return a panel for each of K numbers, with a point for each image of float N×K, and the line of no error."""
    shown = dict(enumerate(names[:MOST_DRAWN]))
    fonts = choose_fonts(names)
    labels = write_names(shown, fonts, "numbers", note)
    columns = min(COLUMNS, len(shown))
    rows = ceil(len(shown) / columns)
    step = max(1, len(true) // MOST_POINTS)
    with fonts.use():
        figure = Figure(figsize=(4 * columns, 4 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        for place, label in labels.items():
            _draw_panel(panels[place], predicted[::step, place], true[::step, place], label)
        rest = f", the first {len(shown)} of {len(names)} numbers" if len(names) > len(shown) else ""
        figure.suptitle(f"{title}: {len(true):,} images{rest}", fontsize=10)
        return figure


def _draw_panel(axes: Axes, predicted: Tensor, true: Tensor, label: str) -> None:
    axes.axline((float(true.min()), float(true.min())), slope=1, color="grey", linewidth=1, zorder=0)
    axes.scatter(true.numpy(), predicted.numpy(), s=9, alpha=0.4, color="tab:blue", edgecolors="none")
    axes.set(xlabel=f"{label}, true", ylabel=f"{label}, predicted")
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(alpha=0.3)
