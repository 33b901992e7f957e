"""The confusion matrix of a classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from specnet.training.figures.rendering import Note
from specnet.training.lettering import choose_fonts, write_names

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


def plot_confusion(
    confusion: Tensor, names: Sequence[str], title: str, note: Note, writes_shares: bool = False
) -> Figure:
    """Return the confusion matrix, int64 classes×outputs: correct images in blue, others in red on their own scale.

    `names` are those of the outputs. The cells have their counts, or with `writes_shares` their shares of a row.
    """
    rows = len(confusion)
    fonts = choose_fonts(names)
    labels = write_names(dict(enumerate(names)), fonts, "classes", note) if rows <= MOST_NAMED else {}
    with fonts.use():
        side = min(14.0, 3.5 + 0.4 * min(rows, MOST_NAMED)) + LETTER_WIDTH * max(map(len, labels.values()), default=0)
        figure = Figure(figsize=(side + 1.6, side), layout="compressed")
        axes = figure.subplots()
        _draw_shares(figure, axes, confusion, writes_shares)
        axes.set_title(title, fontsize=10)
        numbered = "" if labels else ", numbered from 0 in the order of the classes"
        axes.set(xlabel=f"predicted label{numbered}", ylabel=f"true label{numbered}")
        if labels:
            _label_ticks(axes, labels, rows)
        return figure


def _draw_shares(figure: Figure, axes: Axes, confusion: Tensor, writes_shares: bool) -> None:
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
            texts = np.vectorize("{:.1%}".format)(shares) if writes_shares else np.vectorize("{:,}".format)(confusion)
            _write_texts(axes, np.where(mask & (confusion.numpy() > 0), texts, ""), shares / end)


def _format_share(share: float, place: int) -> str:
    return f"{share:.3g}" if share < 0.01 else f"{share:.0%}"


def _label_ticks(axes: Axes, labels: Mapping[int, str], rows: int) -> None:
    has_room = max(map(len, labels.values())) * len(labels) <= LEVEL_LETTERS
    axes.set_xticks(list(labels), list(labels.values()), rotation=0 if has_room else 90, fontsize=8)
    axes.set_yticks(range(rows), [labels[row] for row in range(rows)], fontsize=8)


def _write_texts(axes: Axes, texts: np.ndarray, shades: np.ndarray) -> None:
    """Write what is not empty into its cell, white on dark shades (0..1)."""
    for row, column in zip(*np.nonzero(texts != ""), strict=True):
        colour = "white" if shades[row, column] > 0.5 else "black"
        axes.text(column, row, str(texts[row, column]), ha="center", va="center", fontsize=8, color=colour)
