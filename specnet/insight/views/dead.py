"""Units that never fire: their gradient is 0, so that they learn nothing any more; and saturated ones, which hardly do.

A unit is a channel of a map, or a neuron of a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from specnet.insight.images import load_unseen, take_evenly
from specnet.insight.layers import iterate_outputs, list_layers, list_layers_with
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.layers.base.traits import Trait
from specnet.printable import format_amount
from specnet.training import LoadedRun
from specnet.training.data.images import Images
from specnet.training.errors import Unsuitable

RARE = 0.01
"""The share of the images below which a unit fires rarely."""

NEAR_END, SATURATED = 0.99, 0.95
"""The share of the way from the middle of an activation's range to its end, and the share of the images, above which
a unit is saturated."""

BINS = 20

COLOURS = {"dead": "#d1495b", "rare": "#edae49", "saturated": "#7a6ff0", "other": "#9aa9bd"}

ROW = 0.34
"""The inches of a layer."""

LISTED = 8
"""Layers in the summary."""

NAMED = 12
"""The dead units of a layer that are named in the summary."""


@dataclass(frozen=True)
class LayerUnits:
    """Of each unit of a layer, the share of the images for which it fires, and for which it is saturated, float K.

    A unit fires for an image if it is not 0 somewhere; it is saturated if it is so everywhere. `activity` is the share
    of all places, of all images, at which it is not 0. None: the layer cannot be 0, or saturated.
    """

    name: str
    firing: Tensor | None
    activity: Tensor | None
    saturation: Tensor | None

    @property
    def units(self) -> int:
        rates = self.saturation if self.firing is None else self.firing
        assert rates is not None
        return len(rates)

    @property
    def dead(self) -> list[int]:
        return _find(None if self.firing is None else self.firing == 0)

    @property
    def rare(self) -> list[int]:
        return _find(None if self.firing is None else (self.firing > 0) & (self.firing < RARE))

    @property
    def saturated(self) -> list[int]:
        return _find(None if self.saturation is None else self.saturation > SATURATED)

    def to_record(self) -> dict[str, Any]:
        return {
            "layer": self.name,
            "units": self.units,
            "dead": None if self.firing is None else self.dead,
            "rare": None if self.firing is None else self.rare,
            "saturated": None if self.saturation is None else self.saturated,
            "firing_rates": None if self.firing is None else self.firing.tolist(),
            "activity": None if self.activity is None else self.activity.tolist(),
        }


def _find(mask: Tensor | None) -> list[int]:
    return [] if mask is None else mask.nonzero().ravel().tolist()


def compute(run: LoadedRun, request: Request) -> View:
    """Return the dead and the saturated units of all layers that can have some; raises TrainingError."""
    rectifying, saturating = (list_layers_with(run, trait) for trait in (Trait.ZEROES, Trait.SATURATES))
    if not rectifying and not saturating:
        raise Unsuitable("no unit of this network can die: no activation is 0 for a range of inputs, or saturates")
    part, images = load_unseen(run, request)
    shown = take_evenly(images, request.count)
    layers = _measure(run, shown, rectifying, saturating)
    all_of = f"{len(shown):,} of " if len(shown) < len(images) else ""
    where = f"{all_of}{format_amount(len(images), f'{part} image')}"
    return View(
        "dead",
        f"{_format_total(layers)} over {where}",
        "A unit, which is a channel of a map or a neuron, is dead if it is 0 for all images and places: no gradient "
        f"passes it. It fires rarely if it does so for under {RARE:.0%} of the images. It is saturated if its output "
        f"is beyond {NEAR_END:.0%} of the activation's range at all places of over {SATURATED:.0%} of the images.",
        tuple(_summarize(layers)),
        {
            "part": part,
            "images": len(shown),
            "all_images": len(images),
            "dead": sum(len(layer.dead) for layer in layers),
            "units": sum(layer.units for layer in layers),
            "layers": [layer.to_record() for layer in layers],
        },
        partial(_draw, layers),
    )


def _measure(run: LoadedRun, images: Images, rectifying: list[str], saturating: list[str]) -> list[LayerUnits]:
    """Return the units of the layers, in the order of the table."""
    names = [name for name in list_layers(run) if name in {*rectifying, *saturating}]
    in_unit_range = [name in list_layers_with(run, Trait.UNIT_RANGE) for name in names]
    totals = [torch.zeros((), dtype=torch.float64)] * len(names)
    for outputs in iterate_outputs(run, images, names):
        sums = [_sum(output, unit_range) for output, unit_range in zip(outputs, in_unit_range, strict=True)]
        totals = [total + more.cpu() for total, more in zip(totals, sums, strict=True)]
    found = list[LayerUnits]()
    for name, total in zip(names, totals, strict=True):
        firing, activity, saturation = total / len(images)
        dies, saturates = name in rectifying, name in saturating
        rates = (firing if dies else None, activity if dies else None, saturation if saturates else None)
        found.append(LayerUnits(name, *rates))
    return found


def _sum(outputs: Tensor, in_unit_range: bool) -> Tensor:
    """Return sums over N images, float64 3×K, for outputs N×K×h×w or N×K.

    They count the images that a unit fires for, add the shares of places where it is not 0, and count the images for
    which it is saturated.
    """
    places = outputs.reshape(*outputs.shape[:2], -1)
    centred = 2 * places - 1 if in_unit_range else places
    fires, is_at_end = places != 0, centred.abs() > NEAR_END
    return torch.stack([each.sum(0) for each in (fires.any(2), fires.double().mean(2), is_at_end.all(2))]).double()


def _summarize(layers: Sequence[LayerUnits]) -> list[str]:
    """Return a line for each layer with such units, the worst first."""
    concerned = [layer for layer in layers if layer.dead or layer.rare or layer.saturated]
    worst = sorted(concerned, key=lambda layer: -len(layer.dead) / layer.units)
    rest = len(worst) - LISTED
    return [*(_format_layer(layer) for layer in worst[:LISTED]), *([f"… {rest} more"] if rest > 0 else [])]


def _format_layer(layer: LayerUnits) -> str:
    found = {"dead": layer.dead, "rarely firing": layer.rare, "saturated": layer.saturated}
    counts = ", ".join(f"{len(units)} {word}" for word, units in found.items() if units)
    dead = f"; dead: {', '.join(map(str, layer.dead[:NAMED]))}" if layer.dead else ""
    return f"{layer.name}  {counts} of {layer.units}{dead}{' …' * (len(layer.dead) > NAMED)}"


def _format_total(layers: Sequence[LayerUnits]) -> str:
    """Return how many units are dead, and saturated, of those that can be."""
    can_die = [layer for layer in layers if layer.firing is not None]
    can_saturate = [layer for layer in layers if layer.saturation is not None]
    counts = [
        f"{sum(len(getattr(layer, word)) for layer in able):,} of {sum(layer.units for layer in able):,} are {word}"
        for word, able in (("dead", can_die), ("saturated", can_saturate))
        if able
    ]
    return f"Units: {', '.join(counts)}"


def _draw(layers: Sequence[LayerUnits]) -> Figure:
    figure = Figure(figsize=(9, 1.1 + ROW * len(layers)), layout="constrained")
    with_rates = any(layer.firing is not None for layer in layers)
    left, *right = figure.subplots(1, 1 + with_rates, sharey=True, squeeze=False)[0]
    _draw_shares(left, layers)
    if right:
        _draw_rates(right[0], layers)
    return figure


def _draw_shares(axes: Axes, layers: Sequence[LayerUnits]) -> None:
    """Draw a bar for each layer, divided by what its units do."""
    start = np.zeros(len(layers))
    for word, label in (("dead", "dead"), ("rare", f"fire for < {RARE:.0%}"), ("saturated", "saturated")):
        shares = np.array([len(getattr(layer, word)) / layer.units for layer in layers])
        if shares.any():
            axes.barh(range(len(layers)), shares, left=start, color=COLOURS[word], height=0.7, label=label)
        start += shares
    axes.barh(range(len(layers)), 1 - start, left=start, color=COLOURS["other"], alpha=0.35, height=0.7, label="other")
    for place, layer in enumerate(layers):
        text = f"{len(layer.saturated)}" if layer.firing is None else f"{len(layer.dead)}"
        axes.text(1.02, place, f"{text} of {layer.units}", va="center", fontsize=8)
    axes.set(xlim=(0, 1.22), ylim=(len(layers) - 0.4, -0.6), xticks=(0, 0.5, 1))
    axes.set_xticklabels(["0", "50 %", "100 %"], fontsize=8)
    axes.set_yticks(range(len(layers)), [layer.name for layer in layers], fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title("share of units", fontsize=10)
    axes.figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)


def _draw_rates(axes: Axes, layers: Sequence[LayerUnits]) -> None:
    """Draw a histogram of how active the units of each layer are, as a strip."""
    rows = np.zeros((len(layers), BINS))
    for row, layer in zip(rows, layers, strict=True):
        if layer.activity is not None:
            row[:] = np.histogram(layer.activity.numpy(), BINS, (0, 1))[0] / layer.units
    shown, extent = np.ma.masked_equal(rows, 0), (0, 1, len(layers) - 0.5, -0.5)
    drawn = axes.imshow(shown, cmap="viridis", vmin=0, vmax=rows.max(), aspect="auto", extent=extent)
    axes.set_xticks((0, 0.5, 1), ["0", "50 %", "100 %"], fontsize=8)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.hlines(np.arange(len(layers) - 1) + 0.5, 0, 1, color=rcParams["axes.facecolor"], linewidth=3)
    axes.spines[:].set_visible(False)
    axes.set_title("units by the share of images and places where they fire", fontsize=10)
    bar = axes.figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label("share of units", fontsize=8)
    bar.ax.tick_params(labelsize=8)
