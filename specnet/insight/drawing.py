"""Drawings that views share: pictures, heat maps over them, and tiles with a common scale."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

Item = TypeVar("Item")

SMALL = 128
"""Pictures with fewer pixels a side are drawn with hard pixels."""

PANEL = 3.2
"""The inches of a picture beside another one."""

WIDTH, LEAST_TILE, LARGEST_TILE = 8.0, 0.8, 1.9
"""The inches of a row of tiles, as far as a tile's own limits allow."""

GAP, HEAD = 0.08, 0.22
"""The inches between tiles, and above each, for its title."""


def make_panels(number: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes for pictures side by side."""
    figure = Figure(figsize=(PANEL * number, PANEL + 0.5), layout="compressed")
    return figure, list(figure.subplots(1, number, squeeze=False)[0])


def draw_picture(axes: Axes, picture: np.ndarray, title: str = "", **how: Any) -> AxesImage:
    """Draw a picture H×W×3, or values H×W by a colour map, without axes."""
    is_small = max(picture.shape[:2]) < SMALL
    drawn = axes.imshow(picture, interpolation="nearest" if is_small else "antialiased", **how)
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()
    return drawn


def draw_heat(axes: Axes, picture: np.ndarray, heat: np.ndarray, title: str, **how: Any) -> AxesImage:
    """Draw a heat map H×W over a grey and pale copy of the picture H×W×3."""
    grey = picture.mean(2) / 255
    draw_picture(axes, grey, title, cmap="gray", vmin=-1, vmax=1)
    return draw_picture(axes, heat, title, alpha=0.7, **how)


def draw_tiles(tiles: Sequence[np.ndarray], titles: Sequence[str], **how: Any) -> tuple[Figure, AxesImage]:
    """Return a figure with all tiles, of one size, in rows, and what is drawn of the last one.

    They share one pair of axes, measured in inches, as the layout of many takes seconds.
    """
    columns = choose_columns(len(tiles))
    width = min(LARGEST_TILE, max(LEAST_TILE, WIDTH / columns))
    height = width * tiles[0].shape[0] / tiles[0].shape[1]
    rows, across, down = ceil(len(tiles) / columns), width + GAP, height + HEAD
    figure = Figure(figsize=(columns * across + 1.0, rows * down), layout="compressed")
    axes = figure.subplots()
    for place, (tile, title) in enumerate(zip(tiles, titles, strict=True)):
        left, top = place % columns * across, place // columns * down + HEAD
        drawn = draw_picture(axes, tile, extent=(left, left + width, top + height, top), **how)
        axes.text(left + width / 2, top - 0.03, title, ha="center", va="bottom", fontsize=6 + 1.2 * width)
    axes.set(xlim=(0, columns * across - GAP), ylim=(rows * down, 0), aspect="equal")
    return figure, drawn


def choose_columns(tiles: int) -> int:
    """Return the number of columns, up to four times that of the rows, that leaves the fewest places empty."""
    likely = range(ceil(sqrt(tiles)), ceil(2 * sqrt(tiles)) + 1)
    return min(likely, key=lambda columns: (-tiles % columns, columns))


def thin_out(places: Sequence[Item], most: int) -> list[Item]:
    """Return at most a number of the places, evenly spread from the first to the last."""
    if len(places) <= most:
        return list(places)
    return [places[round(number * (len(places) - 1) / (most - 1))] for number in range(most)]


def find_limit(values: np.ndarray) -> float:
    """Return a scale's end for signed values: the largest magnitude, or 1 where all are zero."""
    return float(np.abs(values).max(initial=0)) or 1.0
