"""The kernels of a layer: in colour where they read a picture's colours, in grey for each channel otherwise."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from specnet.insight.drawing import draw_tiles, find_limit
from specnet.insight.layers import find_layer, find_weights, list_kernels
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.training import CannotRun, LoadedRun


def compute(run: LoadedRun, request: Request) -> View:
    """Return the kernels of a layer; raises CannotRun where it has none."""
    layer = request.layer or _choose_layer(run)
    kernels = find_weights(run, layer).cpu()
    reads_image = find_layer(run, layer).all_input_nodes[0].op == "placeholder"
    is_colour = reads_image and kernels.shape[1] == 3
    tiles, titles = _cut_colours(kernels) if is_colour else _cut_channels(kernels)
    shown = min(len(tiles), request.count)
    filters, channels, height, width = kernels.shape
    what = "in the colours that they read, grey is zero" if is_colour else "each channel by itself, grey is zero"
    rest = f" The first {shown} of {len(tiles)} are shown, as FILTER or FILTER:CHANNEL." if shown < len(tiles) else ""
    return View(
        "filters",
        f"Kernels of {layer}",
        f"{filters} filters of {height}×{width}×{channels}: {what}, on one scale.{rest}",
        (
            f"{layer}  {filters} filters of {height}×{width}×{channels}",
            f"weights  {kernels.min():.4g} to {kernels.max():.4g}, standard deviation {kernels.std(correction=0):.4g}",
        ),
        {
            "layer": layer,
            "shape": [filters, channels, height, width],
            "minimum": float(kernels.min()),
            "maximum": float(kernels.max()),
            "standard_deviation": float(kernels.std(correction=0)),
            "norms": kernels.flatten(1).norm(dim=1).tolist(),
        },
        partial(_draw, tiles[:shown], titles[:shown], find_limit(kernels.numpy())),
    )


def _choose_layer(run: LoadedRun) -> str:
    """Return the first layer with kernels; raises CannotRun for a network without."""
    first = next(iter(list_kernels(run)), None)
    if first is None:
        raise CannotRun("the network has no layer with kernels")
    return first


def _cut_colours(kernels: Tensor) -> tuple[list[np.ndarray], list[str]]:
    """Return a tile F×F×3 for each filter, and its number."""
    return [kernel.permute(1, 2, 0).numpy() for kernel in kernels], [str(number) for number in range(len(kernels))]


def _cut_channels(kernels: Tensor) -> tuple[list[np.ndarray], list[str]]:
    """Return a tile F×F for each channel of each filter, and their numbers."""
    filters, channels = kernels.shape[:2]
    places = [(k, c) for k in range(filters) for c in range(channels)]
    return [kernels[k, c].numpy() for k, c in places], [f"{k}:{c}" if channels > 1 else str(k) for k, c in places]


def _draw(tiles: list[np.ndarray], titles: list[str], end: float) -> Figure:
    is_colour = tiles[0].ndim == 3
    shown = [(tile / end + 1) / 2 for tile in tiles] if is_colour else tiles
    figure, drawn = draw_tiles(shown, titles, cmap="gray", vmin=-end, vmax=end)
    bar = figure.colorbar(drawn, ax=figure.axes, fraction=0.03, pad=0.02)
    bar.set_label("weight" + " of each colour" * is_colour, fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure
