"""Precision-recall curves of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from matplotlib import colormaps
from matplotlib.figure import Figure
from torch import Tensor

from specnet.training.figures.rendering import Note
from specnet.training.lettering import choose_fonts, write_names

MOST_NAMED = 20
"""The number of classes up to which each curve has its colour and its name; those of more are grey."""


class Curve(Protocol):
    """Precision and recall, from the highest score to the lowest, and the area below."""

    @property
    def precision(self) -> Tensor: ...

    @property
    def recall(self) -> Tensor: ...

    @property
    def average_precision(self) -> float: ...


def plot_precision_recall(curves: Mapping[str, Curve], title: str, note: Note) -> Figure:
    """Return a curve for each class, in steps as its average precision counts it."""
    fonts = choose_fonts(list(curves))
    is_named = len(curves) <= MOST_NAMED
    labels = write_names(dict(enumerate(curves)), fonts, "classes", note) if is_named else {}
    colours = colormaps["tab10" if len(curves) <= 10 else "tab20"]
    with fonts.use():
        figure = Figure(figsize=(6.6, 4.6), layout="constrained")
        axes = figure.subplots()
        for place, curve in enumerate(curves.values()):
            recall = [0.0, *curve.recall.tolist()]
            precision = [float(curve.precision[0]), *curve.precision.tolist()]
            label = f"{labels[place]}  {curve.average_precision:.1%}" if is_named else None
            look: dict[str, Any] = {"color": colours(place), "lw": 1.6} if is_named else {"color": "grey", "alpha": 0.3}
            axes.step(recall, precision, where="pre", label=label, **look)
        axes.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        axes.set_title(title, fontsize=10)
        axes.grid(alpha=0.3)
        if is_named and curves:
            figure.legend(loc="outside right upper", fontsize=8, title="average precision", title_fontsize=8)
        return figure
