"""Convert a network to a graph of networkx, for its algorithms: paths, cuts, dominators."""

from __future__ import annotations

import networkx

from specnet.argument_types import require_type
from specnet.graph import Network


def digraph(network: Network) -> networkx.DiGraph:
    """Return a graph of the values by name, with `layer` (None for an input) and `shape`; edges follow the data.

    Raises TypeError for a spec that is not checked yet: its network is `specnet.check(spec).network`.
    """
    require_type("network", network, Network, "a network, as `specnet.check(…).network` is")
    graph: networkx.DiGraph = networkx.DiGraph()
    for i in network.inputs:
        graph.add_node(i.name, layer=None, shape=i.shape)
    for node in network.nodes:
        graph.add_node(node.name, layer=node.layer, shape=node.output)
        graph.add_edges_from((name, node.name) for name in node.inputs)
    return graph
