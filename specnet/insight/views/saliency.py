"""The pixels that a class's score depends on, by its gradient, and the regions, by Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import interpolate

from specnet.insight.drawing import draw_heat, draw_picture, find_limit, make_panels
from specnet.insight.gradients import choose_cam_layer, compute_grad_cam, compute_smooth_gradient
from specnet.insight.images import choose_class, find_image, to_picture
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.training import LoadedRun
from specnet.training.lettering import choose_fonts, shorten_name, write_names

BRIGHTEST = 0.995
"""The quantile of the gradient from which on all pixels have the brightest colour."""


@dataclass(frozen=True)
class Heat:
    """A heat map H×W of an image with its title."""

    title: str
    values: np.ndarray

    def find_maximum(self) -> dict[str, int]:
        row, column = np.unravel_index(self.values.argmax(), self.values.shape)
        return {"row": int(row), "column": int(column)}


def compute(run: LoadedRun, request: Request) -> View:
    """Return both heat maps of an image; raises CannotRun, DataProblem, Unsuitable."""
    subject = find_image(run, request)
    probabilities = run.probabilities(subject.pixels)
    output = choose_class(run, request, probabilities)
    name, probability = run.class_name(output), float(probabilities[0, output])
    heats = {
        "gradient": Heat("gradient", compute_smooth_gradient(run, subject.pixels, output, request.seed).cpu().numpy())
    }
    layer = choose_cam_layer(run)
    if layer:
        cam = compute_grad_cam(run, subject.pixels, output, layer)
        heats["grad_cam"] = Heat(f"Grad-CAM of {layer}", enlarge(cam, run.input_shape[:2]).cpu().numpy())
    else:
        request.note("the network has no layer with maps, and so there is no Grad-CAM")
    maxima = {kind: heat.find_maximum() for kind, heat in heats.items()}
    values: dict[str, Any] = {
        "image": request.image,
        **subject.record_truth(run),
        "class": name,
        "probability": probability,
        "layer": layer,
        "maxima": maxima,
    }
    return View(
        "saliency",
        f"What {name} in {subject.title} depends on",
        "Gradient: how strongly the score of the class changes with each pixel, averaged over noisy copies."
        + " Grad-CAM: where the last maps speak for the class." * bool(layer),
        (
            subject.describe_class(run, output, probability),
            *(
                f"{heats[kind].title}  strongest at row {at['row']}, column {at['column']}"
                for kind, at in maxima.items()
            ),
        ),
        values,
        partial(
            _draw, to_picture(subject.pixels[0]), list(heats.values()), subject.title, f"{name}", probability, request
        ),
    )


def enlarge(heat: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a heat map h×w in the size of the image, H×W."""
    return interpolate(heat[None, None], size, mode="bilinear", align_corners=False)[0, 0]


def _draw(
    picture: np.ndarray, heats: list[Heat], title: str, name: str, probability: float, request: Request
) -> Figure:
    fonts = choose_fonts([title, name])
    (label,) = write_names({0: name}, fonts, "classes", request.note).values()
    with fonts.use():
        figure, (first, *others) = make_panels(1 + len(heats))
        shown = shorten_name(title) if fonts.can_write(title) else "image"
        draw_picture(first, picture, f"{shown}: {label} {probability:.1%}")
        for axes, heat in zip(others, heats, strict=True):
            brightest = float(torch.from_numpy(heat.values).quantile(BRIGHTEST)) or find_limit(heat.values)
            draw_heat(axes, picture, heat.values, heat.title, cmap="inferno", vmin=0, vmax=brightest)
        return figure
