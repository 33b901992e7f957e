"""Test images beside what a network makes of them: random ones, or those that it makes worst."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import torch
from matplotlib.figure import Figure
from torch import Tensor

from specnet.insight.images import draw_images, load_unseen, name_row, rank_images
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.printable import format_amount
from specnet.training import LoadedRun
from specnet.training.data.images import Images
from specnet.training.figures.image_rows import plot_image_rows
from specnet.training.metrics.image_quality import compute_psnr
from specnet.training.tasks.autoencode import AutoencodeObjective, to_pixels
from specnet.training.tasks.objective import get_main_output

MOST_DRAWN = 10
"""The most images in the picture, which stand side by side."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return `count` random images of the test part, or the worst ones; raises TrainingError."""
    part, images = load_unseen(run, request)
    if request.wrong:
        ranked, _ = rank_images(len(images), request, lambda index: _measure(run, images, index)[1])
        chosen = ranked[: request.count]
        fact = f"the worst of {format_amount(len(ranked), f'{part} image')}"
    else:
        chosen = draw_images(len(images), request)
        fact = f"{format_amount(len(chosen), f'random {part} image')}"
    return _describe(run, images, chosen, part, (fact, "worst" if request.wrong else "random"))


def _get_objective(run: LoadedRun) -> AutoencodeObjective:
    return cast(AutoencodeObjective, run.objective)


@torch.inference_mode()
def _measure(run: LoadedRun, images: Images, index: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the network makes of images, uint8 B×H×W×C, and the mean squared error of each, both on the CPU."""
    pixels, targets = images.pixels[index].to(run.place), images.targets[index].to(run.place)
    batch = run.objective.prepare(pixels, targets, run.normalization, index)
    outputs = get_main_output(run.objective.forward(run.model, batch.inputs))
    made = _get_objective(run).reconstruct(outputs)
    return to_pixels(made), (made - batch.targets).square().mean((1, 2, 3)).cpu()


def _describe(run: LoadedRun, images: Images, chosen: Tensor, part: str, facts: tuple[str, str]) -> View:
    """Return the view of the images of an index."""
    fact, which = facts
    made, errors = _measure(run, images, chosen)
    rows = [
        {"image": f"{part}:{number}", "file": images.name_file(number), "psnr": compute_psnr(error)}
        for number, error in zip(chosen.tolist(), errors.tolist(), strict=True)
    ]
    pictures = _get_objective(run).arrange_rows(images.pixels[chosen].cpu(), made, chosen)
    rest = f" The first {MOST_DRAWN} are drawn." * (len(rows) > MOST_DRAWN)
    return View(
        "predictions",
        f"What the network makes of {fact}",
        f"Above the images, below what the network makes of them, with its PSNR in dB.{rest}",
        (fact, *(f"{name_row(row)}  {_format_psnr(row)}" for row in rows)),
        {"which": which, "predictions": rows},
        partial(_draw, {name: tiles[:MOST_DRAWN] for name, tiles in pictures.items()}, rows[:MOST_DRAWN]),
    )


def _format_psnr(row: dict[str, Any]) -> str:
    return "no error" if row["psnr"] is None else f"PSNR {row['psnr']:.2f} dB"


def _draw(pictures: dict[str, Tensor], rows: list[dict[str, Any]]) -> Figure:
    below = ["no error" if row["psnr"] is None else f"{row['psnr']:.1f} dB" for row in rows]
    above = [row["image"] for row in rows]
    return plot_image_rows({name: list(tiles.numpy()) for name, tiles in pictures.items()}, above=above, below=below)
