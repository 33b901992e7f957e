"""A picture of several runs: their losses and accuracies over the epochs, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from specnet.training.ledger import Entry

STYLES: dict[str, Literal[":", "-", "--"]] = {"train": ":", "validation": "-", "test": "--"}
"""A colour a run, a style a part."""

DISTINCT = 10
"""Colours that are easily told apart; with more runs they go over into each other."""


def draw(entries: Sequence[Entry], format: str) -> bytes:
    """Two panels with a colour a run, in a format of matplotlib: png, svg, pdf; at least one run has measured."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, quantity in zip(panels, ("loss", "accuracy"), strict=True):
        for entry, colour in zip(entries, _colours(len(entries)), strict=True):
            _lines(axes, quantity, entry, colour)
        axes.set(xlabel="epoch", ylabel=quantity)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    styles = [Line2D([], [], color="grey", linestyle=STYLES[part], label=part) for part in _parts(entries)]
    panels[0].legend(handles=styles, fontsize=8)
    figure.legend(*panels[1].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    content = BytesIO()
    figure.savefig(content, format=format, dpi=120)
    return content.getvalue()


def _colours(amount: int) -> list[Any]:
    if amount <= DISTINCT:
        return [colormaps["tab10"](place) for place in range(amount)]
    return [colormaps["turbo"](place / (amount - 1)) for place in range(amount)]


def _parts(entries: Sequence[Entry]) -> list[str]:
    return [part for part in STYLES if any(f"{part}_accuracy" in line for entry in entries for line in entry.metrics)]


def _lines(axes: Axes, quantity: str, entry: Entry, colour: Any) -> None:
    """A line for each part; the run's name stands beside the last one."""
    parts = _parts([entry])
    for part in parts:
        name = f"{part}_{quantity}"
        points = [(line["epoch"], line[name]) for line in entry.metrics if name in line]
        label = entry.folder.name.replace("$", r"\$") if part == parts[-1] else None
        axes.plot(*zip(*points, strict=True), color=colour, linestyle=STYLES[part], marker=".", label=label)
