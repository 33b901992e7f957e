"""Pairs of test images with what the network says of them: random ones, or the wrong ones that it is surest of."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import torch
from matplotlib.figure import Figure
from torch import Tensor

from specnet.insight.images import choose_evenly, draw_images, load_unseen
from specnet.insight.request import Request
from specnet.insight.results import compute_outputs
from specnet.insight.view import View
from specnet.printable import format_amount
from specnet.training import LoadedRun
from specnet.training.data.images import Images
from specnet.training.figures.image_rows import plot_image_rows
from specnet.training.metrics.pairs import find_best_threshold
from specnet.training.tasks.siamese import SiameseObjective

MOST_DRAWN = 10
"""The most pairs in the picture, which stand side by side."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return `count` random pairs of the test part, as an evaluation draws them, or the worst wrong ones.

    Raises TrainingError.
    """
    part, images = load_unseen(run, request)
    chosen = choose_evenly(len(images), request.most if request.wrong else None)
    if not request.wrong:
        chosen = draw_images(len(images), request)
    partners = run.objective.find_partners(images.targets)
    assert partners is not None, "the task compares pairs"
    rows = _list_rows(run, images, chosen, partners, part)
    fact = f"{format_amount(len(chosen), 'random pair')} of {part} images"
    if request.wrong:
        wrong = [row for row in rows if not row["correct"]]
        fact = f"{len(wrong):,} of {format_amount(len(rows), 'pair')} of {part} images are wrong"
        rows = sorted(wrong, key=lambda row: -abs(row["margin"]))[: request.count]
    shown = rows[:MOST_DRAWN]
    pictures = [[images.pixels[_find_number(row[key])][0].numpy() for row in shown] for key in ("image", "other")]
    return View(
        "predictions",
        f"What the network says of pairs; {fact}" if request.wrong else f"What the network says of {fact}",
        "Two images above each other are a pair; below, what the network says of it, and its score.",
        (fact, *map(_format_row, rows)),
        {"which": "wrong" if request.wrong else "random", "predictions": rows},
        partial(_draw, pictures, shown),
    )


def _list_rows(run: LoadedRun, images: Images, chosen: Tensor, partners: Tensor, part: str) -> list[dict[str, Any]]:
    """Return what the network says of the pairs of an index, as JSON values."""
    objective = cast(SiameseObjective, run.objective)
    outputs, _ = compute_outputs(run, images, chosen)
    scores, others = objective.score(outputs).cpu(), partners[chosen]
    same = images.targets[chosen].cpu() == images.targets[others].cpu()
    threshold = find_best_threshold(scores, same) if objective.threshold is None else objective.threshold
    return [
        {
            "image": f"{part}:{number}",
            "other": f"{part}:{other}",
            "true": truth,
            "same": score > threshold,
            "correct": (score > threshold) == truth,
            "margin": score - threshold,
            **({"distance": -score} if objective.loss.embeds else {"score": score}),
        }
        for number, other, truth, score in zip(
            chosen.tolist(), others.tolist(), same.tolist(), scores.tolist(), strict=True
        )
    ]


def _find_number(name: str) -> Tensor:
    return torch.tensor([int(name.rpartition(":")[2])])


def _describe(row: dict[str, Any]) -> str:
    value = f"distance {row['distance']:.3g}" if "distance" in row else f"score {row['score']:.3g}"
    return f"{'one class' if row['same'] else 'different'}, {value}"


def _format_row(row: dict[str, Any]) -> str:
    return f"{row['image']} and {row['other']}  {_describe(row)}  {'right' if row['correct'] else 'wrong'}"


def _draw(pictures: list[list[Any]], rows: list[dict[str, Any]]) -> Figure:
    if not rows:
        figure = Figure(figsize=(4, 1), layout="constrained")
        figure.text(0.5, 0.5, "no wrong predictions", ha="center", va="center")
        return figure
    below = [f"{_describe(row).replace(', ', chr(10))}\n{'right' if row['correct'] else 'wrong'}" for row in rows]
    above = [row["image"] for row in rows]
    return plot_image_rows({"image": pictures[0], "partner": pictures[1]}, above=above, below=below)
