"""Plots of runs: curves, confusion matrix, several runs side by side, predictions."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from PIL import Image

from specnet.training.engine.evaluator import ClassificationMetrics
from specnet.training.files import write_atomically
from specnet.training.job import Metrics
from specnet.training.runs.loaded_run import Prediction
from specnet.training.runs.run_index import RunEntry

PART_COLOURS = {"train": "tab:blue", "validation": "tab:orange", "test": "tab:green"}

MOST_NUMBERED = 20
"""The number of classes up to which the cells have room for their counts."""

MOST_NAMED = 60
"""The number of classes up to which the rows have room for their names."""

LONGEST_CLASS = 24
"""The longest shown name of a class, in characters."""

PART_STYLES: dict[str, Literal[":", "-", "--"]] = {"train": ":", "validation": "-", "test": "--"}
"""The line style of each part; each run has a colour."""

DISTINCT = 10
"""The number of runs up to which colours are distinct; those of more runs form a gradient."""

MOST_IMAGES = 40
"""The number of images of a plot; more would be too high for a PNG."""

LONGEST_NAME = 28
"""The longest shown name of a file or class, in characters."""


def write_curves(path: Path, title: str, history: Sequence[Metrics]) -> None:
    """Write a PNG with loss and accuracy over the epochs, a line for each part of the data; raises CannotRun."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    _draw_part_curves(left, "loss", history)
    _draw_part_curves(right, "accuracy", history)
    image = BytesIO()
    figure.savefig(image, format="png", dpi=120)
    write_atomically(path, image.getvalue())


def _draw_part_curves(axes: Axes, quantity: str, history: Sequence[Metrics]) -> None:
    epochs = [metrics["epoch"] for metrics in history]
    for part, colour in PART_COLOURS.items():
        if (name := f"{part}_{quantity}") in history[0]:
            axes.plot(epochs, [metrics[name] for metrics in history], color=colour, marker=".", label=part)
    axes.set(xlabel="epoch", ylabel=quantity)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()


def draw_confusion(metrics: ClassificationMetrics, title: str) -> bytes:
    """Return a PNG of the confusion matrix, coloured by the share of each true label."""
    classes = len(metrics.classes)
    side = min(14.0, 3.5 + 0.4 * min(classes, MOST_NAMED))
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    shares = metrics.confusion / metrics.confusion.sum(1, keepdim=True).clamp(min=1)
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_title(f"{title}: {metrics.accuracy:.2%} of {metrics.images:,}", fontsize=10)
    axes.set(xlabel="predicted label", ylabel="true label")
    _label_ticks(axes, metrics)
    if classes <= MOST_NUMBERED:
        _write_counts(axes, metrics)
    image = BytesIO()
    figure.savefig(image, format="png", dpi=110)
    return image.getvalue()


def _label_ticks(axes: Axes, metrics: ClassificationMetrics) -> None:
    rows, columns = metrics.confusion.shape
    if rows > MOST_NAMED:
        return
    names = [metrics.output_name(output)[:LONGEST_CLASS].replace("$", r"\$") for output in range(columns)]
    upright = max(map(len, names)) <= 2
    axes.set_xticks(range(columns), names, rotation=0 if upright else 90, fontsize=8)
    axes.set_yticks(range(rows), names[:rows], fontsize=8)


def _write_counts(axes: Axes, metrics: ClassificationMetrics) -> None:
    for row, (counts, total) in enumerate(zip(metrics.confusion.tolist(), metrics.confusion.sum(1), strict=True)):
        for column, count in enumerate(counts):
            if count:
                colour = "white" if count > total / 2 else "black"
                axes.text(column, row, f"{count}", ha="center", va="center", fontsize=8, color=colour)


def draw_runs(entries: Sequence[RunEntry], format: str) -> bytes:
    """Return a plot of losses and accuracies as png, svg or pdf; at least one of the runs has metrics."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, quantity in zip(panels, ("loss", "accuracy"), strict=True):
        for entry, colour in zip(entries, _choose_colours(len(entries)), strict=True):
            _draw_run(axes, quantity, entry, colour)
        axes.set(xlabel="epoch", ylabel=quantity)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    styles = [
        Line2D([], [], color="grey", linestyle=PART_STYLES[part], label=part) for part in _measured_parts(entries)
    ]
    panels[0].legend(handles=styles, fontsize=8)
    figure.legend(*panels[1].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    content = BytesIO()
    figure.savefig(content, format=format, dpi=120)
    return content.getvalue()


def _choose_colours(number: int) -> list[Any]:
    if number <= DISTINCT:
        return [colormaps["tab10"](place) for place in range(number)]
    return [colormaps["turbo"](place / (number - 1)) for place in range(number)]


def _measured_parts(entries: Sequence[RunEntry]) -> list[str]:
    return [
        part for part in PART_STYLES if any(f"{part}_accuracy" in line for entry in entries for line in entry.metrics)
    ]


def _draw_run(axes: Axes, quantity: str, entry: RunEntry, colour: Any) -> None:
    """Draw a line for each part; the last one is labelled with the name of the run."""
    parts = _measured_parts([entry])
    for part in parts:
        name = f"{part}_{quantity}"
        points = [(line["epoch"], line[name]) for line in entry.metrics if name in line]
        label = entry.folder.name.replace("$", r"\$") if part == parts[-1] else None
        axes.plot(*zip(*points, strict=True), color=colour, linestyle=PART_STYLES[part], marker=".", label=label)


def draw_predictions(predictions: Sequence[Prediction], format: str) -> bytes:
    """Return a plot with a row for each image as png, svg or pdf."""
    shown = predictions[:MOST_IMAGES]
    bars = max(len(prediction.top) for prediction in shown)
    height = max(1.6, 0.4 + 0.26 * bars)
    figure = Figure(figsize=(7.5, height * len(shown)), layout="constrained")
    rows = figure.subplots(len(shown), 2, squeeze=False, width_ratios=(1, 2.2))
    for (left, right), prediction in zip(rows, shown, strict=True):
        _draw_image(left, prediction)
        _draw_bars(right, prediction)
    content = BytesIO()
    figure.savefig(content, format=format, dpi=120)
    return content.getvalue()


def _draw_image(axes: Axes, prediction: Prediction) -> None:
    with Image.open(prediction.image) as image:
        axes.imshow(image.convert("RGB"), interpolation="nearest" if max(image.size) < 128 else "antialiased")
    axes.set_title(_shorten(prediction.image.name), fontsize=9)
    axes.set_axis_off()


def _draw_bars(axes: Axes, prediction: Prediction) -> None:
    """Draw a bar for each class, the likeliest on top."""
    names = [_shorten(score.name) for score in prediction.top]
    shares = [score.probability for score in prediction.top]
    places = range(len(names))
    bars = axes.barh(places, shares, color=["tab:blue", *["lightsteelblue"] * (len(names) - 1)], height=0.7)
    axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, fontsize=9)
    axes.set(xlim=(0, 1.15), ylim=(len(names) - 0.4, -0.6), xticks=())
    axes.set_yticks(places, names, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _shorten(name: str) -> str:
    """Shorten a name, and keep matplotlib from reading dollar signs as mathematics."""
    cut = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return cut.replace("$", r"\$")
