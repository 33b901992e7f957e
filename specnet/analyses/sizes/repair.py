"""A size near that of a spec that is broken at its own, at which it is sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

from specnet.analyses.input_sizes import list_near_sizes
from specnet.analyses.sizes.columns import ColumnMaker, WorkSpent
from specnet.analyses.sizes.judge import MAX_STEPS, MAX_WORK, Elaborate, Sizes, find_refusal
from specnet.diagnostics import find_errors
from specnet.elaborate import Elaborated
from specnet.graph import Network
from specnet.layers.base import Shape

LARGEST_SQUARE = 1024
"""The largest square that is tried."""

FARTHEST = 16
"""The largest change of the height and of the width of a rectangle that is tried."""

MAX_TRIALS = 50
"""The sizes for which a spec is elaborated again."""

CHUNK = 64
"""The sizes that are tried at once."""


def find_sound(elaborated: Elaborated, elaborate: Elaborate) -> Elaborated | None:
    """Return the network at a size of its inputs at which it is sound, the nearest first; None if none is found.

    A spec with an error that no layer reports is sound at no size.
    """
    if any(not error.node for error in find_errors(elaborated.diagnostics)):
        return None
    trials = min(MAX_TRIALS, MAX_STEPS // max(1, elaborated.steps) + 1)
    for sizes in islice(_list_admitted(elaborated.network), trials):
        repaired = elaborate(sizes)
        if not find_refusal(repaired):
            return repaired
    return None


def _list_admitted(network: Network) -> Iterator[Sizes]:
    """Yield sizes that the layers up to the first broken one take."""
    broken = next((i for i, node in enumerate(network.nodes) if node.output is None), len(network.nodes))
    maker = ColumnMaker(replace(network, nodes=network.nodes[: broken + 1]), MAX_WORK)
    candidates = _list_candidates(network)
    try:
        while chunk := [*islice(candidates, CHUNK)]:
            refused = maker.compute(chunk, lambda node: (True, True)).refused
            yield from (sizes for sizes, node in zip(chunk, refused, strict=True) if not node)
    except WorkSpent:
        return


def _list_candidates(network: Network) -> Iterator[Sizes]:
    """Yield other sizes of the inputs that have the same shape: near ones, rectangles among them, then all squares."""
    for shape in dict.fromkeys(given.shape for given in network.inputs):
        names = [given.name for given in network.inputs if given.shape == shape]
        squares = ((size, size, *shape[2:]) for size in range(1, LARGEST_SQUARE + 1))
        others = dict.fromkeys((*list_near_sizes(shape), *_list_near_rectangles(shape), *squares))
        yield from (dict.fromkeys(names, other) for other in (others if len(shape) == 3 else _list_lengths(shape)))


def _list_near_rectangles(shape: Shape) -> Iterator[Shape]:
    """Yield sizes of maps whose height and width differ from the present ones by different amounts, nearest first."""
    changes = range(-FARTHEST, FARTHEST + 1)
    for rows, columns in sorted(product(changes, changes), key=lambda change: abs(change[0]) + abs(change[1])):
        if len(shape) == 3 and shape[0] + rows > 0 and shape[1] + columns > 0:
            yield shape[0] + rows, shape[1] + columns, shape[2]


def _list_lengths(shape: Shape) -> Iterator[Shape]:
    """Yield lengths of a vector, the nearest first."""
    offsets = (sign * offset for offset in range(1, LARGEST_SQUARE) for sign in (1, -1))
    yield from ((shape[0] + offset,) for offset in offsets if shape and shape[0] + offset > 0)
