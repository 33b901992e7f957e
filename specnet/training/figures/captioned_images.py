"""Images in rows, each with its name above it and a caption below."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.figure import Figure

from specnet.training.lettering import choose_fonts

COLUMNS = 6
"""Images in a row."""

SIDE = 1.5
"""The inches of an image."""

LINE = 0.14
"""The inches of a line of text."""

SMALL = 128
"""Images with fewer pixels a side are drawn with hard pixels."""


def plot_captioned(
    pictures: Sequence[np.ndarray], names: Sequence[str], captions: Sequence[str], is_right: Sequence[bool] = ()
) -> Figure:
    """Return a figure of images uint8 H×W×3 with captions, of wrong ones in red; a word where there are none.

    Captions that no font can write are left out.
    """
    if not pictures:
        return _say("no wrong predictions")
    fonts = choose_fonts(captions)
    columns = min(COLUMNS, len(pictures))
    rows, lines = ceil(len(pictures) / columns), 1 + max(caption.count("\n") for caption in captions)
    with fonts.use():
        figure = Figure(figsize=(SIDE * columns + 0.3, (SIDE + LINE * (lines + 2)) * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in panels:
            axes.set(xticks=(), yticks=())
            axes.spines[:].set_visible(False)
        for place, (axes, picture) in enumerate(zip(panels, pictures, strict=False)):
            axes.imshow(picture, interpolation="nearest" if max(picture.shape[:2]) < SMALL else "antialiased")
            axes.set_title(names[place], fontsize=8)
            colour = "tab:red" if is_right and not is_right[place] else None
            if fonts.can_write(captions[place]):
                axes.set_xlabel(captions[place], fontsize=8, **({"color": colour} if colour else {}))
        return figure


def _say(text: str) -> Figure:
    figure = Figure(figsize=(4, 1), layout="constrained")
    axes = figure.subplots()
    axes.text(0.5, 0.5, text, ha="center", va="center")
    axes.set_axis_off()
    return figure
