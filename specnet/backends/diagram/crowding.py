"""How crowded a diagram is with edges, which decides how thoroughly Graphviz may look for the best layout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import accumulate

from specnet.backends.diagram.model import Diagram

CROWDED = 150_000
"""The crowding from which Graphviz ends its search early; the largest of the zoo has a hundredth of it."""

OVERCROWDED = 4_000_000
"""The crowding from which edges are straight lines, for which no way around the boxes is looked for."""


def measure_crowding(diagram: Diagram) -> int:
    """Return the sum over all rows of boxes of the square of how many boxes and edges are in them.

    Graphviz compares all that is in a row with all that is in the next one.
    """
    rows = _find_rows(diagram)
    changes = defaultdict[int, int](int)
    for row in rows.values():
        changes[row] += 1
        changes[row + 1] -= 1
    for edge in diagram.edges:
        first, last = sorted((rows[edge.source], rows[edge.target]))
        changes[first + 1] += 1
        changes[max(last, first + 1)] -= 1
    return sum(width * width for width in accumulate(changes[row] for row in range(max(changes, default=0) + 1)))


def _find_rows(diagram: Diagram) -> Mapping[str, int]:
    """Return the row of each box and terminal, below all that it reads; edges are in the order of the file."""
    rows = defaultdict[str, int](int)
    for edge in diagram.edges:
        rows[edge.target] = max(rows[edge.target], rows[edge.source] + 1)
    return rows


def choose_effort(crowding: int) -> Mapping[str, str]:
    """Return what tells Graphviz to spend less time on a crowded diagram; nothing for others."""
    if crowding < CROWDED:
        return {}
    return {"nslimit": "0.3", "mclimit": "0.1", **({"splines": "line"} if crowding >= OVERCROWDED else {})}
