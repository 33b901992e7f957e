"""Test images with the likeliest classes beside them: random ones, or the wrong ones that the network is surest of."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any, cast

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from specnet.insight.drawing import draw_picture
from specnet.insight.images import choose_evenly, load_unseen, name_row, take_pixels, title_row, to_picture
from specnet.insight.request import Request
from specnet.insight.results import read_results
from specnet.insight.view import View
from specnet.printable import format_amount
from specnet.settings.loss import Target
from specnet.training import LoadedRun
from specnet.training.data.images import Images
from specnet.training.lettering import choose_fonts, write_names
from specnet.training.randomness import make_generator

TOP = 5
"""The number of classes beside an image."""

BATCH = 256

MOST_DRAWN = 40
"""The most images in the picture, which takes a fifth of a second for each."""

COLUMNS = 2
"""Images in a row, each with its bars."""

RIGHT, WRONG, OTHER = "tab:green", "tab:red", "#9aa9bd"
"""Colours of bars: the true class, a wrong one that is the likeliest, the others."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return `count` random images of the test part, or the worst wrong ones; raises TrainingError."""
    if (target := run.job.training.task.target) is not Target.CLASS:
        other = import_module(f"specnet.insight.predictions.{target.name.lower()}")
        return cast(View, other.compute(run, request))
    part, images = load_unseen(run, request)
    if request.wrong:
        searched = choose_evenly(len(images), request.most)
        found, wrong = _find_worst(run, images.take(searched), request.count)
        chosen = searched[found]
        evenly = f", taken evenly from {len(images):,}," if len(searched) < len(images) else ""
        fact = f"{wrong:,} of {format_amount(len(searched), f'{part} image')}{evenly} are wrong"
        title, which = f"The wrong predictions that the network is surest of; {fact}", "wrong"
        some = "the first one is" if len(found) == 1 else f"the first {len(found)} are"
        fact += f"; {some} shown" * (len(found) < wrong)
        _note_difference(run, request, part, (wrong, len(searched)))
    else:
        order = torch.randperm(len(images), generator=make_generator(request.seed, "predictions"))
        chosen, fact = order[: request.count], f"{min(request.count, len(images))} random {part} images"
        title, which = f"Predictions for {fact}", "random"
    return _describe(run, request, images.take(chosen), [f"{part}:{n}" for n in chosen.tolist()], (title, fact, which))


def _find_worst(run: LoadedRun, images: Images, count: int) -> tuple[Tensor, int]:
    """Return the indices of the wrong images with the highest probability of a wrong class, and how many are wrong."""
    sureness = torch.cat([_score_batch(run, images, start) for start in range(0, len(images), BATCH)])
    wrong = int((sureness > 0).sum())
    return sureness.argsort(descending=True, stable=True)[: min(count, wrong)], wrong


def _note_difference(run: LoadedRun, request: Request, part: str, counted: tuple[int, int]) -> None:
    """Note where training has counted other wrong images than a view does, in fp32 and of the images as they are."""
    wrong, images = counted
    recorded = read_results(run)
    if recorded is None or recorded.accuracy is None or (recorded.part, recorded.images) != (part, images):
        return
    then = images - round(recorded.accuracy * images)
    if then != wrong:
        setting = run.job.training.evaluate
        how = "with test-time augmentation" if setting.mirror or setting.shift else "in the precision of the training"
        request.note(f"{wrong:,} images are wrong as a view computes them, in fp32; {how}, {then:,} were")


def _score_batch(run: LoadedRun, images: Images, start: int) -> Tensor:
    """Return the probability of the likeliest class of each image of a batch; 0 where it is right."""
    index = torch.arange(start, min(start + BATCH, len(images)))
    likeliest = run.probabilities(take_pixels(run, images, index)).max(1)
    return torch.where(likeliest.indices.cpu() == images.labels[index], 0.0, likeliest.values.cpu())


def _describe(run: LoadedRun, request: Request, images: Images, names: list[str], facts: tuple[str, str, str]) -> View:
    """Return the view of some images, whose names and facts are given."""
    title, fact, which = facts
    rows = [_predict(run, images, number, name) for number, name in enumerate(names)]
    pictures = [to_picture(image) for image in images.pixels[:MOST_DRAWN]]
    rest = f" The first {MOST_DRAWN} are drawn." * (len(rows) > MOST_DRAWN)
    return View(
        "predictions",
        title,
        f"The likeliest classes of each image. Green is the true class, red a wrong one that is preferred.{rest}",
        (fact, *(_format_row(row) for row in rows)),
        {"which": which, "predictions": rows},
        partial(_draw, pictures, rows[:MOST_DRAWN], request),
    )


def _predict(run: LoadedRun, images: Images, number: int, name: str) -> dict[str, Any]:
    """Return an image's true class and its likeliest classes, as JSON values."""
    row = run.probabilities(take_pixels(run, images, torch.tensor([number])))[0].cpu()
    likeliest = row.topk(min(TOP, len(row)))
    label = int(images.labels[number])
    top = [
        {"class": run.class_name(index), "index": index, "probability": probability}
        for index, probability in zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
    ]
    return {
        "image": name,
        "file": images.name_file(number),
        "true": run.class_name(label),
        "true_probability": float(row[label]),
        "correct": top[0]["index"] == label,
        "top": top,
    }


def _format_row(row: dict[str, Any]) -> str:
    best = row["top"][0]
    verdict = "right" if row["correct"] else f"wrong, it is {row['true']} ({row['true_probability']:.2%})"
    return f"{name_row(row)}  {best['class']} {best['probability']:.2%}  {verdict}"


def _draw(pictures: list[Any], rows: list[dict[str, Any]], request: Request) -> Figure:
    if not rows:
        return _draw_nothing()
    known = dict(enumerate(dict.fromkeys(_list_classes(rows))))
    fonts = choose_fonts([*known.values(), *(Path(row["file"]).name for row in rows if row["file"])])
    labels = {known[number]: label for number, label in write_names(known, fonts, "classes", request.note).items()}
    lines, columns = ceil(len(rows) / COLUMNS), min(COLUMNS, len(rows))
    with fonts.use():
        figure = Figure(figsize=(5.2 * columns, 1.75 * lines), layout="constrained")
        panels = figure.subplots(lines, 2 * columns, squeeze=False, width_ratios=(1, 1.6) * columns).ravel()
        for axes in panels[2 * len(rows) :]:
            axes.set_axis_off()
        for number, (picture, row) in enumerate(zip(pictures, rows, strict=True)):
            draw_picture(panels[2 * number], picture)
            panels[2 * number].set_title(f"{labels[row['true']]}\n{title_row(row, fonts)}", fontsize=8)
            _draw_bars(panels[2 * number + 1], row, labels)
        return figure


def _list_classes(rows: list[dict[str, Any]]) -> list[str]:
    return [name for row in rows for name in (row["true"], *(score["class"] for score in row["top"]))]


def _draw_bars(axes: Axes, row: dict[str, Any], labels: dict[str, str]) -> None:
    """Draw a bar for each class, the likeliest on top."""
    shares = [score["probability"] for score in row["top"]]
    colours = [_choose_colour(row, place) for place in range(len(shares))]
    bars = axes.barh(range(len(shares)), shares, color=colours, height=0.7)
    axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=3, fontsize=8)
    axes.set(xlim=(0, 1.3), ylim=(len(shares) - 0.4, -0.6), xticks=())
    axes.set_yticks(range(len(shares)), [labels[score["class"]] for score in row["top"]], fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _choose_colour(row: dict[str, Any], place: int) -> str:
    if row["top"][place]["class"] == row["true"]:
        return RIGHT
    return OTHER if place else WRONG


def _draw_nothing() -> Figure:
    """Return a figure that says that no image is wrong."""
    figure = Figure(figsize=(4, 1), layout="constrained")
    axes = figure.subplots()
    axes.text(0.5, 0.5, "no wrong predictions", ha="center", va="center")
    axes.set_axis_off()
    return figure
