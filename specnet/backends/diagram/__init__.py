"""The diagram of a checked network, by Graphviz: describe the network, then write it in Graphviz's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specnet.backends.diagram.describe import describe_network

if TYPE_CHECKING:
    import graphviz

    from specnet.compiler import Checked


def draw(checked: Checked, depth: int | None = None) -> graphviz.Digraph:
    """Draw a network from top to bottom, with blocks and repetitions opened `depth` deep, None for all.

    A broken network is drawn up to the error and around it. Raises ValueError for a negative depth.
    """
    from specnet.backends.diagram.dot import to_dot

    return to_dot(describe_network(checked, depth))
