"""A checked network as a picture, by Graphviz: what each layer is, what flows between them, and where it is broken."""

from __future__ import annotations

from itertools import pairwise

import graphviz

from specnet.backends.diagram import palette
from specnet.backends.diagram.boxes import Boxes
from specnet.backends.diagram.captions import scope_caption, title
from specnet.backends.diagram.faults import Faults, faults
from specnet.backends.diagram.figure import Figure, figure
from specnet.backends.diagram.label import printable
from specnet.backends.diagram.scopes import Scopes
from specnet.backends.diagram.values import GAP, edge, terminal
from specnet.compiler import Checked
from specnet.graph import Network


def draw(checked: Checked, depth: int | None = None) -> graphviz.Digraph:
    """The network from top to bottom, with blocks and repetitions opened `depth` deep (None: all of them).

    A broken network is drawn up to the error and around it. Raises ValueError for a negative depth.
    """
    if depth is not None and depth < 0:
        raise ValueError(f"scopes cannot be opened {depth} deep")
    network, scopes, wrong = checked.network, Scopes(checked.network), faults(checked)
    drawn = figure(network, scopes, depth, wrong.layers)
    graph = graphviz.Digraph(graphviz.nohtml(printable(network.name or "network").replace("\\", "/")))
    graph.attr("graph", label=title(checked, wrong), **palette.GRAPH)
    graph.attr("node", **palette.NODE)
    graph.attr("edge", **palette.EDGE)
    _add_inputs(graph, network)
    _add_contents(graph, drawn, Boxes(checked, scopes, wrong), "")
    _add_edges(graph, drawn, network, wrong)
    _add_outputs(graph, drawn, network, wrong)
    return graph


def _add_inputs(graph: graphviz.Digraph, network: Network) -> None:
    for each in network.inputs:
        graph.node(each.name, **terminal(each.name, "input" if each.name != "input" else "", each.shape))


def _add_contents(graph: graphviz.Digraph, drawn: Figure, boxes: Boxes, scope: str) -> None:
    """The boxes of a scope, and the scopes in it, in the order of the file."""
    for name in drawn.contents[scope]:
        if name in drawn.boxes:
            graph.node(name, **boxes.style(drawn.boxes[name], scope))
        else:
            with graph.subgraph(name=f"cluster_{name}") as inside:
                inside.attr(label=scope_caption(name, scope, boxes.scopes), **palette.CLUSTER)
                _add_contents(inside, drawn, boxes, name)


def _add_edges(graph: graphviz.Digraph, drawn: Figure, network: Network, wrong: Faults) -> None:
    """A value's size stands on the first edge that it takes; a shortcut does not pull at the trunk."""
    said: set[str] = set()
    for each in drawn.edges:
        is_first = each.value not in said
        weight = {} if is_first or not drawn.boxes[each.target].is_join else {"weight": "0"}
        style = edge(each.value, network.shapes[each.value], wrong, each.readers, is_first)
        graph.edge(each.source, each.target, **style, **weight)
        said.add(each.value)
    reached = {each.target for each in drawn.edges}
    for before, box in pairwise(drawn.boxes):
        if box not in reached:
            graph.edge(before, box, **GAP)


def _add_outputs(graph: graphviz.Digraph, drawn: Figure, network: Network, wrong: Faults) -> None:
    """What leaves the network. (No layer has a name with a space.)"""
    ends = [("the output", "output", "", value) for value in network.outputs]
    ends += [(f"head {head.name}", head.name, f"head, weight {head.weight:g}", head.value) for head in network.heads]
    for identity, name, role, value in ends:
        shape = network.shapes[value]
        graph.node(identity, **terminal(name, role, shape))
        graph.edge(drawn.sources[value], identity, **edge(value, shape, wrong))
