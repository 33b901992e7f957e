"""How each layer's outputs and gradients have changed in training, from the statistics that the run has recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from specnet.insight.drawing import thin_out
from specnet.insight.layers import list_layers_with
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.layers.base.traits import Trait
from specnet.option_names import name_option
from specnet.training import BadRun, CannotRun, LoadedRun
from specnet.training.lettering import shorten_name
from specnet.training.runs.run_folder import STATISTICS, read_statistics

PANELS: Mapping[str, tuple[str, bool]] = {
    "std": ("standard deviation of the outputs", True),
    "gradient_std": ("standard deviation of the gradients", True),
    "mean": ("mean of the outputs", False),
    "zeros": ("share of zeros", False),
    "dead": ("share of dead units", False),
}
"""The titles of the curves by the name of a statistic, and whether their axis is logarithmic."""

NAMED = 18
"""The most layers in the legend."""

LISTED = 5
"""The most layers in the summary."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return the curves of all layers; raises CannotRun for a run without, BadRun."""
    lines = read_statistics(run.folder)
    if not lines:
        flag = name_option("statistics", True)
        raise CannotRun(f"the run has no statistics, as it was trained without {flag}; a new run can record them")
    if not all(line["layers"].keys() == lines[-1]["layers"].keys() for line in lines) or not lines[-1]["layers"]:
        raise BadRun(f"{run.folder / STATISTICS} is damaged: its lines need the same layers, at least one")
    layers = {name: [line["layers"][name] for line in lines] for name in lines[-1]["layers"]}
    epochs, images = [line["epoch"] for line in lines], lines[-1]["images"]
    return View(
        "statistics",
        f"The layers from epoch {epochs[0]} to {epochs[-1]}",
        f"Measured on the same {images:,} training images before training (0) and after each epoch: every layer's "
        "output, and the gradient of an image's loss with respect to it. A unit is dead if it is 0 for all of these "
        "images.",
        tuple(_summarize({name: layers[name] for name in list_layers_with(run, Trait.ZEROES) if name in layers})),
        {"images": images, "epochs": epochs, "layers": {name: _transpose(rows) for name, rows in layers.items()}},
        partial(_draw, epochs, layers),
    )


def _transpose(rows: Sequence[Mapping[str, float | None]]) -> dict[str, list[float | None]]:
    return {statistic: [row[statistic] for row in rows] for statistic in PANELS}


def _summarize(layers: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Return what has become of the layers with the most dead units, of those that can have some."""
    worst = sorted(layers, key=lambda name: -(layers[name][-1]["dead"]))[:LISTED]
    dead = [name for name in worst if layers[name][-1]["dead"]]
    if not dead:
        return ["no layer has dead units at the end"]
    return [f"{name}  {layers[name][0]['dead']:.1%} dead at first, {layers[name][-1]['dead']:.1%} now" for name in dead]


def _draw(epochs: Sequence[int], layers: Mapping[str, Sequence[Mapping[str, float | None]]]) -> Figure:
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    *panels, key = figure.subplots(2, 3).ravel()
    colours = colormaps["viridis"](np.linspace(0.1, 0.95, len(layers)))
    for axes, (statistic, (title, is_logarithmic)) in zip(panels, PANELS.items(), strict=True):
        for (name, rows), colour in zip(layers.items(), colours, strict=True):
            values = np.array([row[statistic] for row in rows], dtype=float)  # None is NaN
            shown = np.ma.masked_less_equal(values, 0) if is_logarithmic else values
            marker = "o" if len(epochs) < NAMED else None
            axes.plot(epochs, shown, color=colour, linewidth=1.3, marker=marker, markersize=2.5, label=name)
        axes.set_yscale("log" if is_logarithmic else "linear")
        axes.set_title(title, fontsize=10)
        axes.tick_params(which="both", labelsize=8)
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in panels[2:]:
        axes.set_xlabel("epoch", fontsize=9)
    lines = thin_out(panels[0].lines, NAMED)
    columns = 2 if len(lines) > NAMED // 2 else 1
    labels = [shorten_name(str(line.get_label()), 18) for line in lines]
    key.legend(lines, labels, loc="center", fontsize=8, frameon=False, ncols=columns, title="from first to last")
    key.set_axis_off()
    return figure
