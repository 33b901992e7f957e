"""How the scores or distances of pairs are spread: those of one class, and those of different classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

BINS = 40

COLOURS = ("tab:blue", "tab:orange")


def plot_pair_scores(kinds: Mapping[str, Tensor], threshold: float, name: str, title: str) -> Figure:
    """Return histograms of the values of each kind, float N, with a line at the threshold; `name` is the axis's."""
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    every = np.concatenate([values.numpy() for values in kinds.values()])
    edges = np.histogram_bin_edges(every, BINS)
    for (kind, values), colour in zip(kinds.items(), COLOURS, strict=True):
        axes.hist(values.numpy(), edges.tolist(), alpha=0.6, color=colour, label=kind)
    axes.axvline(threshold, color="grey", linestyle="--", label=f"threshold {threshold:.3g}")
    axes.set(xlabel=name, ylabel="pairs", title=title)
    axes.legend()
    return figure
