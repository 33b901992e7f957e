"""The maps of a layer for one image."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from specnet.insight.drawing import draw_tiles, find_limit
from specnet.insight.images import find_image
from specnet.insight.layers import compute_output, require_maps
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.training import LoadedRun


def compute(run: LoadedRun, request: Request) -> View:
    """Return the strongest maps of a layer; raises CannotRun, DataProblem, Unsuitable."""
    require_maps(run, request.layer)
    subject = find_image(run, request)
    maps = compute_output(run, subject.pixels, request.layer)[0].cpu()
    shown = _choose_strongest(maps, request.count)
    number, height, width = maps.shape
    means, largest, active = maps.mean((1, 2)), maps.amax((1, 2)), (maps != 0).float().mean((1, 2))
    silent = int((active == 0).sum())
    which = f"{len(shown)} strongest of {number}" if len(shown) < number else f"{number}"
    return View(
        "features",
        f"{request.layer} of {subject.title}",
        f"The {which} maps of {height}×{width} that {request.layer} computes from the image, on one scale.",
        (
            f"{request.layer}  {height}×{width}×{number}, {silent} of {number} maps are zero everywhere",
            f"strongest map  {shown[0]}, mean {means[shown[0]]:.4g}, at most {largest[shown[0]]:.4g}",
        ),
        {
            "image": request.image,
            "layer": request.layer,
            "output": [height, width, number],
            "zero_maps": silent,
            "maps": [
                {"channel": k, "mean": float(means[k]), "max": float(largest[k]), "nonzero": float(active[k])}
                for k in range(number)
            ],
            "shown": shown,
        },
        partial(_draw, maps[shown].numpy(), shown),
    )


def _choose_strongest(maps: Tensor, count: int) -> list[int]:
    """Return the `count` channels of K×h×w with the largest mean magnitude, the strongest first, or all in order."""
    if count >= len(maps):
        return list(range(len(maps)))
    order: list[int] = maps.abs().mean((1, 2)).argsort(descending=True, stable=True)[:count].tolist()
    return order


def _draw(maps: np.ndarray, channels: list[int]) -> Figure:
    is_signed, end = bool((maps < 0).any()), find_limit(maps)
    scale = {"cmap": "RdBu_r", "vmin": -end, "vmax": end} if is_signed else {"cmap": "viridis", "vmin": 0, "vmax": end}
    figure, drawn = draw_tiles(list(maps), [str(channel) for channel in channels], **scale)
    bar = figure.colorbar(drawn, ax=figure.axes, fraction=0.03, pad=0.02)
    bar.set_label("activation", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure
