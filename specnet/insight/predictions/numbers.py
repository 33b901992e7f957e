"""Test images with their true numbers and the predicted ones: random images, or those with the largest errors."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from specnet.insight.images import (
    draw_images,
    load_unseen,
    name_row,
    rank_images,
    take_pixels,
    to_picture,
)
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.printable import format_amount
from specnet.training import LoadedRun
from specnet.training.data.images import Images
from specnet.training.figures.captioned_images import plot_captioned

MOST_DRAWN = 30
"""The most images in the picture."""

MOST_NUMBERS = 4
"""The numbers of an image that are written below it."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return `count` random images of the test part, or those with the largest errors; raises TrainingError."""
    part, images = load_unseen(run, request)
    if request.wrong:
        ranked, _ = rank_images(len(images), request, partial(_measure, run, images))
        chosen = ranked[: request.count]
        fact = f"the largest errors of {format_amount(len(ranked), f'{part} image')}"
    else:
        chosen = draw_images(len(images), request)
        fact = format_amount(len(chosen), f"random {part} image")
    return _describe(run, images, chosen, (part, fact, "worst" if request.wrong else "random"))


def _predict(run: LoadedRun, images: Images, index: Tensor) -> Tensor:
    """Return the predicted numbers of images in the units of the data, float32 B×K on the CPU."""
    outputs = run.compute_outputs(take_pixels(run, images, index)).cpu()
    numbers: Tensor = run.objective.make_output_module()(outputs)
    return numbers


def _measure(run: LoadedRun, images: Images, index: Tensor) -> Tensor:
    """Return the mean squared error of each image, in standard deviations of each number, float32 B."""
    errors = _predict(run, images, index) - images.targets[index].cpu()
    return (errors / torch.tensor(run.fitted["std"])).square().mean(1)


def _describe(run: LoadedRun, images: Images, chosen: Tensor, facts: tuple[str, str, str]) -> View:
    """Return the view of the images of an index."""
    part, fact, which = facts
    predicted, true = _predict(run, images, chosen).tolist(), images.targets[chosen].tolist()
    rows = [
        {
            "image": f"{part}:{number}",
            "file": images.name_file(number),
            "true": dict(zip(run.classes, numbers, strict=True)),
            "predicted": dict(zip(run.classes, answers, strict=True)),
        }
        for number, numbers, answers in zip(chosen.tolist(), true, predicted, strict=True)
    ]
    pictures = [to_picture(image) for image in images.pixels[chosen[:MOST_DRAWN]]]
    rest = f" The first {MOST_DRAWN} are drawn." * (len(rows) > MOST_DRAWN)
    return View(
        "predictions",
        f"Predicted numbers; {fact}",
        f"Below each image its predicted numbers, and the true ones in brackets.{rest}",
        (fact, *(f"{name_row(row)}  {', '.join(_list_numbers(row))}" for row in rows)),
        {"which": which, "predictions": rows},
        partial(_draw, pictures, rows[:MOST_DRAWN]),
    )


def _list_numbers(row: dict[str, Any]) -> list[str]:
    return [f"{name} {row['predicted'][name]:.4g} ({true:.4g})" for name, true in row["true"].items()]


def _draw(pictures: list[np.ndarray], rows: list[dict[str, Any]]) -> Figure:
    captions = ["\n".join(_list_numbers(row)[:MOST_NUMBERS]) for row in rows]
    return plot_captioned(pictures, [row["image"] for row in rows], captions)
