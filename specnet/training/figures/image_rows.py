"""Images in rows, one above the other: originals, and what a network makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

SIDE = 1.15
"""The inches of an image."""

SMALL = 128
"""Images with fewer pixels a side are drawn with hard pixels."""


def plot_image_rows(
    rows: Mapping[str, Sequence[np.ndarray]], title: str = "", above: Sequence[str] = (), below: Sequence[str] = ()
) -> Figure:
    """Return a figure with a row for each name, of as many images uint8 H×W×C, and texts at the ends of each column."""
    columns = len(next(iter(rows.values())))
    figure = Figure(figsize=(SIDE * columns + 1.2, (SIDE + 0.05) * len(rows) + 0.4), layout="compressed")
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for (name, images), line in zip(rows.items(), panels, strict=True):
        for axes, image in zip(line, images, strict=True):
            smooth = "nearest" if max(image.shape[:2]) < SMALL else "antialiased"
            axes.imshow(_to_colours(image), interpolation=smooth)
            axes.set(xticks=(), yticks=())
            axes.spines[:].set_visible(False)
        line[0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")
    for axes, text in zip(panels[0], above, strict=False):
        axes.set_title(text, fontsize=8)
    for axes, text in zip(panels[-1], below, strict=False):
        axes.set_xlabel(text, fontsize=8)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def _to_colours(image: np.ndarray) -> np.ndarray:
    """Return H×W×3: channels other than one or three are averaged to grey."""
    shown = image if image.shape[2] in (1, 3) else image.mean(2, keepdims=True).astype(np.uint8)
    return np.broadcast_to(shown, (*shown.shape[:2], 3))
