"""Plots of runs: curves, confusion matrix, several runs side by side, predictions.

Those with names take a function that is told, in a sentence, where names are written as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from specnet.pictures.decoding import read_picture
from specnet.training.engine.evaluator import ClassificationMetrics
from specnet.training.files import write_atomically
from specnet.training.job import Metrics
from specnet.training.lettering import choose_fonts, shorten_name, write_names
from specnet.training.runs.loaded_run import Prediction
from specnet.training.runs.run_index import RunEntry

Note = Callable[[str], None]

PART_COLOURS = {"train": "tab:blue", "validation": "tab:orange", "test": "tab:green"}

MOST_NUMBERED = 20
"""The number of classes up to which the cells have room for their counts."""

LEVEL_LETTERS = 45
"""The letters that fit below a small matrix, if all its classes have names as long as the longest."""

LETTER_WIDTH = 0.06
"""The inches that a letter of a name takes."""

MOST_NAMED = 60
"""The number of classes up to which the rows have room for their names."""

LEAST_SCALE = 0.1
"""The share of a class up to which the colours of confusions reach at least, so that a few do not look like many."""

PART_STYLES: dict[str, Literal[":", "-", "--"]] = {"train": ":", "validation": "-", "test": "--"}
"""The line style of each part; each run has a colour."""

DISTINCT = 10
"""The number of runs up to which colours are distinct; those of more runs form a gradient."""

MOST_IMAGES = 40
"""The number of images of a plot; more would be too high for a PNG."""

LONGEST_TITLE = 80
"""The longest shown title, in characters."""

MARKED = 50
"""The number of epochs up to which each is marked on a curve."""


def write_curves(path: Path, title: str, history: Sequence[Metrics]) -> None:
    """Write a PNG of the curves; raises CannotRun."""
    write_atomically(path, draw_curves(title, history))


def draw_curves(title: str, history: Sequence[Metrics]) -> bytes:
    """Return the curves as PNG."""
    return _render(plot_curves(title, history), "png")


def display_curves(name: str, history: Sequence[Metrics]) -> dict[str, Any]:
    """Return what a notebook shows of a run by media types: its name, and its curves if it has some."""
    return {"text/plain": name, **({"image/png": draw_curves("", history)} if history else {})}


def plot_curves(title: str, history: Sequence[Metrics]) -> Figure:
    """Return a plot of loss and accuracy over the epochs, a line for each part of the data.

    Of a single epoch, there is a bar for each part.
    """
    fonts = choose_fonts([title])
    with fonts.use():
        figure = Figure(figsize=(9, 3.5), layout="constrained")
        if title and fonts.can_write(title):
            figure.suptitle(shorten_name(title, LONGEST_TITLE))
        draw = _draw_part_curves if len(history) > 1 else _draw_part_bars
        for axes, quantity in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            draw(axes, quantity, history)
        return figure


def _draw_part_curves(axes: Axes, quantity: str, history: Sequence[Metrics]) -> None:
    epochs = [metrics["epoch"] for metrics in history]
    for part, colour in PART_COLOURS.items():
        name = f"{part}_{quantity}"
        known = {line["epoch"]: line[name] for line in history if line.get(name) is not None}
        if known:
            marker = "." if len(epochs) <= MARKED else ""
            axes.plot(list(known), list(known.values()), color=colour, marker=marker, label=part)
    _label_epochs(axes, quantity, epochs[-1])
    axes.legend()


def _draw_part_bars(axes: Axes, quantity: str, history: Sequence[Metrics]) -> None:
    metrics = history[0]
    parts = [part for part in PART_COLOURS if metrics.get(f"{part}_{quantity}") is not None]
    values = [metrics[f"{part}_{quantity}"] for part in parts]
    bars = axes.bar(parts, values, color=[PART_COLOURS[part] for part in parts], width=0.5)
    axes.bar_label(bars, [f"{value:.1%}" if quantity == "accuracy" else f"{value:.3g}" for value in values], padding=2)
    axes.set(ylabel=f"{quantity} of epoch {metrics['epoch']}", xlim=(-0.75, len(parts) - 0.25))
    axes.margins(y=0.12)
    axes.grid(alpha=0.3, axis="y")
    axes.set_axisbelow(True)


def _label_epochs(axes: Axes, quantity: str, last: float) -> None:
    """Label the axes of curves up to the last epoch, with ticks at whole epochs alone."""
    axes.set(xlabel="epoch", ylabel=quantity)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if last == 1:
        axes.set(xlim=(0, 2), xticks=[1])
    axes.grid(alpha=0.3)


def draw_confusion(metrics: ClassificationMetrics, title: str, note: Note) -> bytes:
    """Return a PNG of the confusion matrix."""
    return _render(plot_confusion(metrics, title, note), "png")


def plot_confusion(metrics: ClassificationMetrics, title: str, note: Note) -> Figure:
    """Return the confusion matrix: correct images in blue, and others in red on a scale of their own."""
    rows, columns = metrics.confusion.shape
    names = [metrics.output_name(output) for output in range(columns)]
    fonts = choose_fonts(names)
    labels = write_names(dict(enumerate(names)), fonts, "classes", note) if rows <= MOST_NAMED else {}
    with fonts.use():
        side = min(14.0, 3.5 + 0.4 * min(rows, MOST_NAMED)) + LETTER_WIDTH * max(map(len, labels.values()), default=0)
        figure = Figure(figsize=(side + 1.6, side), layout="compressed")
        axes = figure.subplots()
        _draw_shares(figure, axes, metrics.confusion)
        axes.set_title(f"{title}: {metrics.accuracy:.2%} of {metrics.images:,}", fontsize=10)
        numbered = "" if labels else ", numbered from 0 in the order of the classes"
        axes.set(xlabel=f"predicted label{numbered}", ylabel=f"true label{numbered}")
        if labels:
            _label_ticks(axes, labels, rows)
        return figure


def _draw_shares(figure: Figure, axes: Axes, confusion: Tensor) -> None:
    """Draw a cell for each true and predicted label, coloured by its share of the true label."""
    shares = (confusion / confusion.sum(1, keepdim=True).clamp(min=1)).numpy()
    is_correct = np.eye(*shares.shape) > 0
    most = max(LEAST_SCALE, 1.25 * float(shares[~is_correct].max(initial=0)))
    layers = (("correct", is_correct, "Blues", 1.0), ("confused", ~is_correct, "Reds", most))
    for place, (label, mask, colours, end) in enumerate(layers):
        drawn = axes.imshow(np.ma.array(shares, mask=~mask), cmap=colours, vmin=0, vmax=end, aspect="equal")
        bar = figure.colorbar(drawn, ax=axes, fraction=0.04, pad=0.02 + 0.02 * place, format=_format_share)
        bar.set_label(f"{label}, share of the true label", fontsize=8)
        bar.ax.tick_params(labelsize=8)
        if len(shares) <= MOST_NUMBERED:
            _write_counts(axes, np.ma.array(confusion.numpy(), mask=~mask), shares / end)


def _format_share(share: float, place: int) -> str:
    return f"{share:.3g}" if share < 0.01 else f"{share:.0%}"


def _label_ticks(axes: Axes, labels: Mapping[int, str], rows: int) -> None:
    has_room = max(map(len, labels.values())) * len(labels) <= LEVEL_LETTERS
    axes.set_xticks(list(labels), list(labels.values()), rotation=0 if has_room else 90, fontsize=8)
    axes.set_yticks(range(rows), [labels[row] for row in range(rows)], fontsize=8)


def _write_counts(axes: Axes, counts: np.ma.MaskedArray, shades: np.ndarray) -> None:
    """Write the counts that are not masked into their cells, white on dark shades (0..1)."""
    for row, column in zip(*counts.nonzero(), strict=True):
        colour = "white" if shades[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", fontsize=8, color=colour)


def _render(figure: Figure, format: str) -> bytes:
    content = BytesIO()
    figure.savefig(content, format=format, dpi=120, bbox_inches="tight")  # or labels could be cut at the edge
    return content.getvalue()


def draw_runs(entries: Sequence[RunEntry], format: str, note: Note) -> bytes:
    """Return a plot of losses and accuracies as png, svg or pdf; at least one of the runs has metrics."""
    names = [entry.folder.name for entry in entries]
    fonts = choose_fonts(names)
    labels = write_names(dict(enumerate(names)), fonts, "runs", note)
    with fonts.use():
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        panels = figure.subplots(1, 2)
        for axes, quantity in zip(panels, ("loss", "accuracy"), strict=True):
            for entry, label, colour in zip(entries, labels.values(), _choose_colours(len(entries)), strict=True):
                _draw_run(axes, quantity, entry, label, colour)
            _label_epochs(axes, quantity, max(entry.metrics[-1]["epoch"] for entry in entries))
        styles = [
            Line2D([], [], color="grey", linestyle=PART_STYLES[part], marker=".", label=part)
            for part in _measured_parts(entries)
        ]
        panels[0].legend(handles=styles, fontsize=8)
        figure.legend(*panels[1].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
        return _render(figure, format)


def _choose_colours(number: int) -> list[Any]:
    if number <= DISTINCT:
        return [colormaps["tab10"](place) for place in range(number)]
    return [colormaps["turbo"](place / (number - 1)) for place in range(number)]


def _measured_parts(entries: Sequence[RunEntry]) -> list[str]:
    return [
        part for part in PART_STYLES if any(f"{part}_accuracy" in line for entry in entries for line in entry.metrics)
    ]


def _draw_run(axes: Axes, quantity: str, entry: RunEntry, label: str, colour: Any) -> None:
    """Draw a line for each part; the last one has the label."""
    parts = _measured_parts([entry])
    for part in parts:
        name = f"{part}_{quantity}"
        epochs, values = zip(*((line["epoch"], line[name]) for line in entry.metrics if name in line), strict=True)
        marker = "." if len(epochs) <= MARKED else ""
        shown = label if part == parts[-1] else None
        axes.plot(epochs, values, color=colour, linestyle=PART_STYLES[part], marker=marker, label=shown)


def draw_predictions(predictions: Sequence[Prediction], format: str, note: Note) -> bytes:
    """Return a plot with a row for each image as png, svg or pdf."""
    shown = predictions[:MOST_IMAGES]
    known = {score.index: score.name for prediction in shown for score in prediction.top}
    fonts = choose_fonts([*known.values(), *(prediction.image.name for prediction in shown)])
    labels = write_names(known, fonts, "classes", note)
    bars = max(len(prediction.top) for prediction in shown)
    height = max(1.6, 0.4 + 0.26 * bars)
    with fonts.use():
        figure = Figure(figsize=(7.5, height * len(shown)), layout="constrained")
        rows = figure.subplots(len(shown), 2, squeeze=False, width_ratios=(1, 2.2))
        for number, ((left, right), prediction) in enumerate(zip(rows, shown, strict=True), 1):
            name = prediction.image.name
            title = shorten_name(name) if fonts.can_write(name) else f"image {number}"
            _draw_image(left, prediction.image, title)
            _draw_bars(right, prediction, labels)
        return _render(figure, format)


def _draw_image(axes: Axes, path: Path, title: str) -> None:
    picture = read_picture(path)
    axes.imshow(picture, interpolation="nearest" if max(picture.shape) < 128 else "antialiased")
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()


def _draw_bars(axes: Axes, prediction: Prediction, labels: Mapping[int, str]) -> None:
    """Draw a bar for each class, the likeliest on top."""
    names = [labels[score.index] for score in prediction.top]
    shares = [score.probability for score in prediction.top]
    places = range(len(names))
    bars = axes.barh(places, shares, color=["tab:blue", *["lightsteelblue"] * (len(names) - 1)], height=0.7)
    axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, fontsize=9)
    axes.set(xlim=(0, 1.15), ylim=(len(names) - 0.4, -0.6), xticks=())
    axes.set_yticks(places, names, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
