"""Input sizes: the heights and widths near the present ones at which every layer takes its inputs."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.propagation import Propagation, propagate
from specnet.graph import Network
from specnet.layers.base import Shape

WIDEST_SEARCH = 48
"""The largest change of a height or a width to try, in pixels."""


def list_near_sizes(shape: Shape, farthest: int = WIDEST_SEARCH) -> Iterator[Shape]:
    """Yield the shapes of maps near a shape, nearest first: square ones, then those that differ in height or width."""
    if len(shape) != 3:
        return
    height, width, channels = shape
    offsets = sorted((i for i in range(-farthest, farthest + 1) if i), key=lambda i: (abs(i), -i))
    if height != width:
        yield width, width, channels
        yield height, height, channels
    sizes = [(height + i, width + i, channels) for i in offsets]
    if height != width:
        sizes = [
            size for i in offsets for size in ((height + i, width, channels), (height, width + i, channels))
        ] + sizes
    yield from (size for size in dict.fromkeys(sizes) if min(size) > 0)


def find_fitting_sizes(network: Network, name: str, last: str = "") -> Iterator[tuple[Shape, Propagation]]:
    """Yield the shapes near that of the input `name` at which no layer, up to the node `last`, refuses its inputs.

    Each comes with the shapes behind it.
    """
    for shape in list_near_sizes(network.shapes[name] or ()):
        through = propagate(network, {name: shape}, {}, last)
        if not through.refused:
            yield shape, through
