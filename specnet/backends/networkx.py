"""The network as a graph of networkx, for whoever wants its algorithms: paths, cuts, dominators."""

from __future__ import annotations

import networkx

from specnet.graph import Network


def digraph(network: Network) -> networkx.DiGraph[str]:
    """Values by name, each with its `layer` (None for an input) and `shape`; edges as data flows."""
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    for i in network.inputs:
        graph.add_node(i.name, layer=None, shape=i.shape)
    for node in network.nodes:
        graph.add_node(node.name, layer=node.layer, shape=node.output)
        graph.add_edges_from((name, node.name) for name in node.inputs)
    return graph
