"""curves.png: loss and accuracy over the epochs of a run."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from specnet.training.files import write
from specnet.training.job import Metrics

PARTS = {"train": "tab:blue", "validation": "tab:orange", "test": "tab:green"}


def draw(path: Path, title: str, history: Sequence[Metrics]) -> None:
    """Two panels, a line for each part that was measured."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    _lines(left, "loss", history)
    _lines(right, "accuracy", history)
    image = BytesIO()
    figure.savefig(image, format="png", dpi=120)
    write(path, image.getvalue())


def _lines(axes: Axes, quantity: str, history: Sequence[Metrics]) -> None:
    epochs = [metrics["epoch"] for metrics in history]
    for part, colour in PARTS.items():
        if (name := f"{part}_{quantity}") in history[0]:
            axes.plot(epochs, [metrics[name] for metrics in history], color=colour, marker=".", label=part)
    axes.set(xlabel="epoch", ylabel=quantity)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
