"""How far the probability of a class falls when each part of an image is covered.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014, section 4.2.
"""

from __future__ import annotations

from functools import partial
from math import ceil

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from specnet.insight.drawing import draw_heat, draw_picture, find_limit, make_panels
from specnet.insight.images import choose_class, find_image, to_picture
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.training import LoadedRun
from specnet.training.lettering import choose_fonts, shorten_name, write_names

PATCH_SHARE, STRIDES = 6, 3
"""The sides of an image over those of the patch, and those of the patch over its stride."""

BATCH = 64
"""Covered copies that are computed together."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return the heat map of an image; raises CannotRun, DataProblem, Unsuitable."""
    subject = find_image(run, request)
    before = run.probabilities(subject.pixels)
    output = choose_class(run, request, before)
    probability = float(before[0, output])
    height, width = run.input_shape[:2]
    patch = (ceil(height / PATCH_SHARE), ceil(width / PATCH_SHARE))
    stride = (ceil(patch[0] / STRIDES), ceil(patch[1] / STRIDES))
    rows, columns = place_patches(height, patch[0], stride[0]), place_patches(width, patch[1], stride[1])
    masks = torch.stack([make_mask((height, width), (row, column), patch) for row in rows for column in columns])
    drops = probability - _measure(run, subject.pixels, masks, output)
    heat = spread(masks, drops).numpy()
    name, (row, column) = run.class_name(output), np.unravel_index(heat.argmax(), heat.shape)
    largest = float(drops.max())
    values = {
        "image": request.image,
        **subject.record_truth(run),
        "class": name,
        "probability": probability,
        "patch": list(patch),
        "stride": list(stride),
        "largest_drop": largest,
        "maximum": {"row": int(row), "column": int(column)},
        "drops": drops.view(len(rows), len(columns)).tolist(),
    }
    return View(
        "occlusion",
        f"Which parts of {subject.title} matter for {name}",
        f"Each part was covered by a patch of {patch[0]}×{patch[1]} pixels in the mean colour of the image. Red: the "
        f"probability of {name} falls without it; blue: it rises.",
        (
            subject.describe_class(run, output, probability),
            f"falls by at most {largest:.2%} of probability, most at row {row}, column {column}"
            if largest > 0
            else "falls nowhere, whatever part is covered",
        ),
        values,
        partial(_draw, to_picture(subject.pixels[0]), heat, subject.title, name, probability, request),
    )


def place_patches(side: int, patch: int, stride: int) -> range:
    """Return the places of a patch along a side; it hangs over both ends, so that all pixels are covered as often."""
    return range(stride - patch, side, stride)


def make_mask(size: tuple[int, int], place: tuple[int, int], patch: tuple[int, int]) -> Tensor:
    """Return bool H×W, true where the patch at (row, column) covers."""
    mask = torch.zeros(size, dtype=torch.bool)
    (row, column), (height, width) = place, patch
    mask[max(row, 0) : row + height, max(column, 0) : column + width] = True
    return mask


@torch.inference_mode()
def _measure(run: LoadedRun, pixels: Tensor, masks: Tensor, output: int) -> Tensor:
    """Return the probability of an output under each of N masks, on the CPU."""
    cover = pixels.float().mean((1, 2), keepdim=True).round().to(torch.uint8)
    parts = (masks[start : start + BATCH, :, :, None].to(pixels.device) for start in range(0, len(masks), BATCH))
    return torch.cat([run.probabilities(torch.where(part, cover, pixels))[:, output].cpu() for part in parts])


def spread(masks: Tensor, drops: Tensor) -> Tensor:
    """Return H×W, for each pixel the mean drop under the masks N×H×W that cover it."""
    shares = masks.flatten(1).float()
    return ((drops @ shares) / shares.sum(0).clamp(min=1)).view(masks.shape[1:])


def _draw(picture: np.ndarray, heat: np.ndarray, title: str, name: str, probability: float, request: Request) -> Figure:
    fonts = choose_fonts([title, name])
    (label,) = write_names({0: name}, fonts, "classes", request.note).values()
    with fonts.use():
        figure, (left, right) = make_panels(2)
        draw_picture(left, picture, shorten_name(title) if fonts.can_write(title) else "image")
        end = find_limit(heat)
        drawn = draw_heat(right, picture, heat, f"{label} {probability:.1%}", cmap="RdBu_r", vmin=-end, vmax=end)
        bar = figure.colorbar(drawn, ax=right, fraction=0.046, pad=0.02)
        bar.set_label("fall of the probability when covered", fontsize=8)
        bar.ax.tick_params(labelsize=8)
        return figure
