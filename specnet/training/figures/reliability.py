"""Reliability diagrams: how often a classifier is right, by how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor


class Bins(Protocol):
    """Images, mean confidence and accuracy of bins of equal width from 0 to 1, and the mean error."""

    @property
    def images(self) -> Tensor: ...

    @property
    def confidence(self) -> Tensor: ...

    @property
    def accuracy(self) -> Tensor: ...

    @property
    def error(self) -> float: ...


def plot_reliability(diagrams: Mapping[str, Bins]) -> Figure:
    """Return a diagram for each title side by side, above the shares of the images in each bin."""
    figure = Figure(figsize=(4.2 * len(diagrams), 5), layout="constrained")
    rows = figure.subplots(2, len(diagrams), squeeze=False, sharex=True, height_ratios=(3, 1))
    for (upper, lower), (title, bins) in zip(rows.T, diagrams.items(), strict=True):
        _draw_accuracies(upper, bins)
        upper.set_title(f"{title}: ECE {bins.error:.2%}", fontsize=10)
        _draw_shares(lower, bins)
    figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    rows[0, 0].set_ylabel("accuracy")
    rows[1, 0].set_ylabel("share of images")
    return figure


def _draw_accuracies(axes: Axes, bins: Bins) -> None:
    """Draw a bar for the accuracy of each bin with images, and its distance from the mean confidence."""
    there, width = bins.images > 0, 1 / len(bins.images)
    places, accuracy = _centre(bins)[there.numpy()], bins.accuracy[there].numpy()
    gap = bins.confidence[there].numpy() - accuracy
    axes.bar(places, accuracy, width, color="lightsteelblue", edgecolor="white", linewidth=0.5, label="accuracy")
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": "tab:red", "hatch": "///", "linewidth": 0.8}
    axes.bar(places, gap, width, accuracy, label="distance to the mean confidence", **look)
    axes.axline((0, 0), slope=1, color="grey", linestyle="--", linewidth=1)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))


def _draw_shares(axes: Axes, bins: Bins) -> None:
    shares = (bins.images / bins.images.sum()).numpy()
    axes.bar(_centre(bins), shares, 1 / len(shares), color="grey", edgecolor="white")
    axes.set(xlabel="confidence", ylim=(0, None))


def _centre(bins: Bins) -> np.ndarray:
    count = len(bins.images)
    return (np.arange(count) + 0.5) / count
