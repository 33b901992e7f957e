"""Test images beside their masks and what a network makes of them: random ones, or those that it gets worst."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor

from specnet.insight.images import choose_evenly, draw_images, load_unseen, name_row, title_row, to_picture
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.printable import format_amount
from specnet.training import LoadedRun
from specnet.training.data.images import Images
from specnet.training.figures.image_rows import plot_image_rows
from specnet.training.figures.masks import UNKNOWN, Colour, make_colours, overlay, paint
from specnet.training.lettering import choose_fonts, write_names
from specnet.training.optim.losses import build_loss
from specnet.training.optim.mask_losses import IGNORED
from specnet.training.tasks.objective import get_main_output
from specnet.training.tasks.segment import SegmentationMetrics

BATCH = 64

MOST_DRAWN = 10
"""The most images in the picture, which stand side by side."""

LONGEST_TITLE = 18
"""The most characters above an image."""

MOST_NAMED = 24
"""The most classes in the legend."""


@dataclass(frozen=True)
class Segmented:
    """An image of a part, uint8 H×W×3, its mask and that of the network, uint8 H×W with UNKNOWN, and its figures."""

    image: np.ndarray
    mask: np.ndarray
    answer: np.ndarray
    metrics: SegmentationMetrics

    @property
    def miou(self) -> float | None:
        """The mean over the classes of its mask; None where no pixel of it counts."""
        shares = self.metrics.masked_ious
        return sum(shares) / len(shares) if shares else None


def compute(run: LoadedRun, request: Request) -> View:
    """Return `count` random images of the test part, or those with the lowest mIoU; raises TrainingError."""
    part, images = load_unseen(run, request)
    if request.wrong:
        searched = choose_evenly(len(images), request.most)
        scores = torch.tensor([1.0 if each.miou is None else each.miou for each in _segment(run, images, searched)])
        chosen = searched[scores.argsort(stable=True)[: request.count]]
        fact = f"the worst of {format_amount(len(searched), f'{part} image')}"
    else:
        chosen = draw_images(len(images), request)
        fact = format_amount(len(chosen), f"random {part} image")
    return _describe(run, request, images, chosen, (part, fact, "worst" if request.wrong else "random"))


@torch.inference_mode()
def _segment(run: LoadedRun, images: Images, index: Tensor) -> list[Segmented]:
    """Return the images of an index with what the network makes of them."""
    found = list[Segmented]()
    for some in torch.split(index, BATCH):
        pixels, targets = images.pixels[some].to(run.place), images.targets[some].to(run.place)
        batch = run.objective.prepare(pixels, targets, run.normalization, some)
        outputs = get_main_output(run.objective.forward(run.model, batch.inputs)).cpu()
        shown = run.objective.get_pixels(pixels)
        assert isinstance(shown, Tensor)
        found += map(partial(_compare, run), shown.cpu(), outputs, batch.targets.cpu())
    return found


def _compare(run: LoadedRun, pixels: Tensor, output: Tensor, mask: Tensor) -> Segmented:
    """Return an image H×W×C with its mask H×W and the output for it, K×h×w."""
    meter = run.objective.make_meter(build_loss(run.job.training.loss))
    meter.add(output[None], mask[None])
    metrics = meter.compute()
    assert isinstance(metrics, SegmentationMetrics)
    answer = np.full(tuple(mask.shape), UNKNOWN, np.uint8)
    (height, width), (whole_height, whole_width) = output.shape[1:], mask.shape
    top, left = (whole_height - height) // 2, (whole_width - width) // 2
    answer[top : top + height, left : left + width] = output.argmax(0).numpy()
    known = mask.masked_fill(mask == IGNORED, UNKNOWN).numpy().astype(np.uint8)
    return Segmented(to_picture(pixels), known, answer, metrics)


def _describe(run: LoadedRun, request: Request, images: Images, chosen: Tensor, facts: tuple[str, str, str]) -> View:
    """Return the view of the images of an index."""
    part, fact, which = facts
    found = _segment(run, images, chosen)
    rows = [
        {
            "image": f"{part}:{number}",
            "file": images.name_file(number),
            "miou": each.miou,
            "pixel_accuracy": each.metrics.pixel_accuracy,
            "per_class_iou": each.metrics.class_ious,
        }
        for number, each in zip(chosen.tolist(), found, strict=True)
    ]
    rest = f" The first {MOST_DRAWN} are drawn." * (len(rows) > MOST_DRAWN)
    return View(
        "predictions",
        f"What the network makes of {fact}",
        "From above: the image, its mask, what the network makes of it, and that over the image; grey pixels do not "
        f"count.{rest}",
        (fact, *(f"{name_row(row)}  {_format(each)}" for row, each in zip(rows, found, strict=True))),
        {"which": which, "predictions": rows},
        partial(_draw, run, request, found[:MOST_DRAWN], rows[:MOST_DRAWN]),
    )


def _format(image: Segmented) -> str:
    """Return the figures of an image, `mIoU 71.20% of the 4 classes of its mask, pixel accuracy 93.00%`."""
    if image.miou is None:
        return "no pixel counts"
    classes = format_amount(len(image.metrics.masked_ious), "class")
    return f"mIoU {image.miou:.2%} of the {classes} of its mask, pixel accuracy {image.metrics.pixel_accuracy:.2%}"


def _draw(run: LoadedRun, request: Request, found: list[Segmented], rows: list[dict[str, Any]]) -> Figure:
    colours = make_colours(len(run.classes))
    pictures = {
        "image": [each.image for each in found],
        "mask": [paint(each.mask, colours) for each in found],
        "network": [paint(each.answer, colours) for each in found],
        "overlay": [overlay(each.image, each.answer, colours) for each in found],
    }
    below = ["–" if (share := each.miou) is None else f"mIoU {share:.1%}" for each in found]
    there = sorted({int(label) for each in found for label in np.unique([each.mask, each.answer])} - {UNKNOWN})
    fonts = choose_fonts([*run.classes, *(Path(row["file"]).name for row in rows if row["file"])])
    labels = write_names({label: run.classes[label] for label in there}, fonts, "classes", request.note)
    with fonts.use():
        figure = plot_image_rows(pictures, above=[title_row(row, fonts, LONGEST_TITLE) for row in rows], below=below)
        patches = [Patch(color=_to_hex(colours[label]), label=labels[label]) for label in there[:MOST_NAMED]]
        figure.legend(handles=patches, loc="outside lower center", ncols=6, fontsize=8, frameon=False)
        return figure


def _to_hex(colour: Colour) -> str:
    red, green, blue = colour
    return f"#{red:02x}{green:02x}{blue:02x}"
