"""Plots of runs: curves, several runs side by side, predictions.

Those with names take a function that is told, in a sentence, where names are written as numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from specnet.pictures.decoding import read_picture
from specnet.settings.task import Metric
from specnet.training.figures.rendering import Note, render
from specnet.training.files import write_atomically
from specnet.training.job import Metrics
from specnet.training.lettering import choose_fonts, shorten_name, write_names
from specnet.training.runs.run_index import RunEntry
from specnet.training.tasks.answers import Prediction

PART_COLOURS = {"train": "tab:blue", "validation": "tab:orange", "test": "tab:green"}

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


def write_curves(path: Path, title: str, metric: Metric, history: Sequence[Metrics]) -> None:
    """Write a PNG of the curves; raises CannotRun."""
    write_atomically(path, draw_curves(title, metric, history))


def draw_curves(title: str, metric: Metric, history: Sequence[Metrics]) -> bytes:
    """Return the curves as PNG."""
    return render(plot_curves(title, metric, history), "png")


def display_curves(name: str, metric: Metric, history: Sequence[Metrics]) -> dict[str, Any]:
    """Return what a notebook shows of a run by media types: its name, and its curves if it has some."""
    return {"text/plain": name, **({"image/png": draw_curves("", metric, history)} if history else {})}


LOSS = Metric("loss", "loss", larger_is_better=False)


def plot_curves(title: str, metric: Metric, history: Sequence[Metrics]) -> Figure:
    """Return a plot of loss and metric over the epochs, a line for each part of the data.

    Of a single epoch, there is a bar for each part.
    """
    fonts = choose_fonts([title])
    with fonts.use():
        figure = Figure(figsize=(9, 3.5), layout="constrained")
        if title and fonts.can_write(title):
            figure.suptitle(shorten_name(title, LONGEST_TITLE))
        draw = _draw_part_curves if len(history) > 1 else _draw_part_bars
        for axes, quantity in zip(figure.subplots(1, 2), (LOSS, metric), strict=True):
            draw(axes, quantity, history)
        return figure


def _draw_part_curves(axes: Axes, quantity: Metric, history: Sequence[Metrics]) -> None:
    epochs = [metrics["epoch"] for metrics in history]
    for part, colour in PART_COLOURS.items():
        name = f"{part}_{quantity.name}"
        known = {line["epoch"]: line[name] for line in history if line.get(name) is not None}
        if known:
            marker = "." if len(epochs) <= MARKED else ""
            axes.plot(list(known), list(known.values()), color=colour, marker=marker, label=part)
    _label_epochs(axes, quantity.title, epochs[-1])
    if axes.get_legend_handles_labels()[0]:
        axes.legend()


def _draw_part_bars(axes: Axes, quantity: Metric, history: Sequence[Metrics]) -> None:
    metrics = history[0]
    parts = [part for part in PART_COLOURS if metrics.get(f"{part}_{quantity.name}") is not None]
    values = [metrics[f"{part}_{quantity.name}"] for part in parts]
    bars = axes.bar(parts, values, color=[PART_COLOURS[part] for part in parts], width=0.5)
    axes.bar_label(bars, [f"{value:.1%}" if quantity.is_share else f"{value:.3g}" for value in values], padding=2)
    axes.set(ylabel=f"{quantity.title} of epoch {metrics['epoch']}", xlim=(-0.75, max(1, len(parts)) - 0.25))
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


def draw_runs(entries: Sequence[RunEntry], format: str, note: Note) -> bytes:
    """Return a plot of losses and metrics as png, svg or pdf; at least one of the runs has an epoch.

    The metric is that of the first run; of others with another, only the losses are drawn.
    """
    metric = entries[0].metric
    names = [entry.folder.name for entry in entries]
    fonts = choose_fonts(names)
    labels = write_names(dict(enumerate(names)), fonts, "runs", note)
    with fonts.use():
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        panels = figure.subplots(1, 2)
        for axes, quantity in zip(panels, (LOSS, metric), strict=True):
            for entry, label, colour in zip(entries, labels.values(), _choose_colours(len(entries)), strict=True):
                _draw_run(axes, quantity.name, entry, label, colour)
            _label_epochs(axes, quantity.title, max(entry.metrics[-1]["epoch"] for entry in entries))
        styles = [
            Line2D([], [], color="grey", linestyle=PART_STYLES[part], marker=".", label=part)
            for part in _measured_parts(entries)
        ]
        panels[0].legend(handles=styles, fontsize=8)
        figure.legend(*panels[1].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
        return render(figure, format)


def _choose_colours(number: int) -> list[Any]:
    if number <= DISTINCT:
        return [colormaps["tab10"](place) for place in range(number)]
    return [colormaps["turbo"](place / (number - 1)) for place in range(number)]


def _measured_parts(entries: Sequence[RunEntry]) -> list[str]:
    return [part for part in PART_STYLES if any(f"{part}_loss" in line for entry in entries for line in entry.metrics)]


def _draw_run(axes: Axes, quantity: str, entry: RunEntry, label: str, colour: Any) -> None:
    """Draw a line for each part; the last one has the label."""
    parts = _measured_parts([entry])
    for part in parts:
        name = f"{part}_{quantity}"
        known = {line["epoch"]: line[name] for line in entry.metrics if line.get(name) is not None}
        epochs, values = list(known), list(known.values())
        marker = "." if len(epochs) <= MARKED else ""
        shown = label if part == parts[-1] else None
        axes.plot(epochs, values, color=colour, linestyle=PART_STYLES[part], marker=marker, label=shown)


def draw_predictions(predictions: Sequence[Prediction], format: str, note: Note) -> bytes:
    """Return a plot with a row for each image as png, svg or pdf."""
    shown = predictions[:MOST_IMAGES]
    known = {score.index: score.name for prediction in shown for score in prediction.top}
    fonts = choose_fonts([*known.values(), *(prediction.image.name for prediction in shown)])
    labels = write_names(known, fonts, "classes", note)
    bars = max(len(prediction.top or prediction.answer.describe()) for prediction in shown)
    height = max(1.6, 0.4 + 0.26 * bars)
    with fonts.use():
        figure = Figure(figsize=(7.5, height * len(shown)), layout="constrained")
        rows = figure.subplots(len(shown), 2, squeeze=False, width_ratios=(1, 2.2))
        for number, ((left, right), prediction) in enumerate(zip(rows, shown, strict=True), 1):
            name = prediction.image.name
            title = shorten_name(name) if fonts.can_write(name) else f"image {number}"
            _draw_image(left, prediction.image, title)
            draw = _draw_bars if prediction.top else _write_answer
            draw(right, prediction, labels)
        return render(figure, format)


def _draw_image(axes: Axes, path: Path, title: str) -> None:
    picture = read_picture(path)
    axes.imshow(picture, interpolation="nearest" if max(picture.shape) < 128 else "antialiased")
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()


def _write_answer(axes: Axes, prediction: Prediction, labels: Mapping[int, str]) -> None:
    """Write an answer without classes beside its image, a line for each of its own."""
    text = "\n".join(prediction.answer.describe())
    axes.text(0, 0.5, text, va="center", fontsize=9, family="monospace", transform=axes.transAxes)
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
