"""Pictures of a run: curves, confusion matrix, runs side by side, predictions."""

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


def write_curves(path: Path, title: str, history: Sequence[Metrics]) -> None:
    """Two panels, a line for each part that was measured."""
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


NUMBERED = 20
"""With more classes, the cells have no room for their numbers …"""

NAMED = 60
"""… and with more than so many, the rows have none for their names."""

LONGEST_CLASS = 24
"""Characters of a class's name that are shown."""


def draw_confusion(measures: ClassificationMetrics, title: str) -> bytes:
    """Rows are what the images are, columns what they are taken for; a PNG."""
    classes = len(measures.classes)
    side = min(14.0, 3.5 + 0.4 * min(classes, NAMED))
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    shares = measures.confusion / measures.confusion.sum(1, keepdim=True).clamp(min=1)
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_title(f"{title}: {measures.accuracy:.2%} of {measures.images:,}", fontsize=10)
    axes.set(xlabel="taken for", ylabel="is")
    _label_ticks(axes, measures)
    if classes <= NUMBERED:
        _write_counts(axes, measures)
    image = BytesIO()
    figure.savefig(image, format="png", dpi=110)
    return image.getvalue()


def _label_ticks(axes: Axes, measures: ClassificationMetrics) -> None:
    rows, columns = measures.confusion.shape
    if rows > NAMED:
        return
    names = [measures.output_name(output)[:LONGEST_CLASS].replace("$", r"\$") for output in range(columns)]
    upright = max(map(len, names)) <= 2
    axes.set_xticks(range(columns), names, rotation=0 if upright else 90, fontsize=8)
    axes.set_yticks(range(rows), names[:rows], fontsize=8)


def _write_counts(axes: Axes, measures: ClassificationMetrics) -> None:
    for row, (counts, total) in enumerate(zip(measures.confusion.tolist(), measures.confusion.sum(1), strict=True)):
        for column, count in enumerate(counts):
            if count:
                colour = "white" if count > total / 2 else "black"
                axes.text(column, row, f"{count}", ha="center", va="center", fontsize=8, color=colour)


PART_STYLES: dict[str, Literal[":", "-", "--"]] = {"train": ":", "validation": "-", "test": "--"}
"""A colour a run, a style a part."""

DISTINCT = 10
"""Colours that are easily told apart; with more runs they go over into each other."""


def draw_runs(entries: Sequence[RunEntry], format: str) -> bytes:
    """Two panels with a colour a run, in a format of matplotlib: png, svg, pdf; at least one run has measured."""
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


def _choose_colours(amount: int) -> list[Any]:
    if amount <= DISTINCT:
        return [colormaps["tab10"](place) for place in range(amount)]
    return [colormaps["turbo"](place / (amount - 1)) for place in range(amount)]


def _measured_parts(entries: Sequence[RunEntry]) -> list[str]:
    return [
        part for part in PART_STYLES if any(f"{part}_accuracy" in line for entry in entries for line in entry.metrics)
    ]


def _draw_run(axes: Axes, quantity: str, entry: RunEntry, colour: Any) -> None:
    """A line for each part; the run's name stands beside the last one."""
    parts = _measured_parts([entry])
    for part in parts:
        name = f"{part}_{quantity}"
        points = [(line["epoch"], line[name]) for line in entry.metrics if name in line]
        label = entry.folder.name.replace("$", r"\$") if part == parts[-1] else None
        axes.plot(*zip(*points, strict=True), color=colour, linestyle=PART_STYLES[part], marker=".", label=label)


MOST_IMAGES = 40
"""Images that one picture shows; more would be too high for a PNG."""

LONGEST_NAME = 28
"""Characters of a file's or class's name that are shown."""


def draw_predictions(predictions: Sequence[Prediction], format: str) -> bytes:
    """One row an image, in a format of matplotlib: png, svg, pdf."""
    shown = predictions[:MOST_IMAGES]
    bars = max(len(prediction.guesses) for prediction in shown)
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
    """The likeliest class on top, each bar with its figure."""
    names = [_shorten(guess.name) for guess in prediction.guesses]
    shares = [guess.probability for guess in prediction.guesses]
    places = range(len(names))
    bars = axes.barh(places, shares, color=["tab:blue", *["lightsteelblue"] * (len(names) - 1)], height=0.7)
    axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, fontsize=9)
    axes.set(xlim=(0, 1.15), ylim=(len(names) - 0.4, -0.6), xticks=())
    axes.set_yticks(places, names, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _shorten(name: str) -> str:
    """The name as it is read, not as mathematics: a dollar sign is a dollar sign."""
    cut = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return cut.replace("$", r"\$")
