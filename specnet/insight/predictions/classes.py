"""Test images with the classes that they show and those that are told: random ones, or those with most mistakes."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

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
from specnet.training.tasks.multilabel import MultilabelObjective

MOST_DRAWN = 30
"""The most images in the picture."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return `count` random images of the test part, or those with the most wrong classes; raises TrainingError."""
    part, images = load_unseen(run, request)
    if request.wrong:
        ranked, mistakes = rank_images(len(images), request, partial(_count_mistakes, run, images))
        wrong = int((mistakes > 0).sum())
        chosen = ranked[: min(request.count, wrong)]
        fact = f"{wrong:,} of {format_amount(len(ranked), f'{part} image')} have a wrong or a missing class"
    else:
        chosen = draw_images(len(images), request)
        fact = format_amount(len(chosen), f"random {part} image")
    return _describe(run, request, images, chosen, (part, fact, "worst" if request.wrong else "random"))


def _tell(run: LoadedRun, images: Images, index: Tensor) -> tuple[Tensor, Tensor]:
    """Return the probabilities of the classes of images, float64 B×K, and which are told, bool B×K, on the CPU."""
    chances = run.compute_outputs(take_pixels(run, images, index)).double().sigmoid().cpu()
    thresholds = cast(MultilabelObjective, run.objective).thresholds
    return chances, chances > torch.tensor(thresholds, dtype=torch.float64)


def _count_mistakes(run: LoadedRun, images: Images, index: Tensor) -> Tensor:
    """Return the number of classes that are wrongly told or not told of each image, int64 B."""
    return (_tell(run, images, index)[1] != images.targets[index].bool().cpu()).sum(1)


def _describe(run: LoadedRun, request: Request, images: Images, chosen: Tensor, facts: tuple[str, str, str]) -> View:
    """Return the view of the images of an index."""
    part, fact, which = facts
    chances, told = _tell(run, images, chosen) if len(chosen) else (torch.empty(0), torch.empty(0))
    shown = images.targets[chosen].bool().cpu()
    rows = [
        {"image": f"{part}:{number}", "file": images.name_file(number), **_compare(run, *each)}
        for number, *each in zip(chosen.tolist(), shown, told, chances, strict=True)
    ]
    pictures = [to_picture(image) for image in images.pixels[chosen[:MOST_DRAWN]]]
    rest = f" The first {MOST_DRAWN} are drawn." * (len(rows) > MOST_DRAWN)
    return View(
        "predictions",
        f"What the network tells of images; {fact}",
        f"Below each image the classes that are rightly told, − those that are missed, + those that it does not "
        f"show.{rest}",
        (fact, *(f"{name_row(row)}  {_caption(row)}" for row in rows)),
        {"which": which, "predictions": rows},
        partial(_draw, pictures, rows[:MOST_DRAWN], request),
    )


def _compare(run: LoadedRun, shown: Tensor, told: Tensor, chances: Tensor) -> dict[str, Any]:
    """Return the classes that an image shows, those that are told, and all probabilities, as JSON values."""
    names = dict(enumerate(run.classes))
    return {
        "shown": [names[place] for place in shown.nonzero().ravel().tolist()],
        "told": [names[place] for place in told.nonzero().ravel().tolist()],
        "probabilities": dict(zip(run.classes, chances.tolist(), strict=True)),
    }


def _caption(row: dict[str, Any]) -> str:
    """Return the classes that are rightly told, behind − those that are missed, behind + those that are wrong."""
    right = [name for name in row["shown"] if name in row["told"]]
    missed = [f"−{name}" for name in row["shown"] if name not in row["told"]]
    wrong = [f"+{name}" for name in row["told"] if name not in row["shown"]]
    return " ".join([*right, *missed, *wrong]) or "none"


def _draw(pictures: list[np.ndarray], rows: list[dict[str, Any]], request: Request) -> Figure:
    is_right = [row["shown"] == row["told"] for row in rows]
    return plot_captioned(pictures, [row["image"] for row in rows], [_caption(row) for row in rows], is_right)
