"""A checked network as a picture, by Graphviz: what each layer is, what flows between them, and where it is broken."""

from __future__ import annotations

from itertools import pairwise

import graphviz

from specnet.backends.diagram import palette
from specnet.backends.diagram.describe import Description
from specnet.backends.diagram.faults import faults
from specnet.backends.diagram.figure import Figure, figure
from specnet.backends.diagram.label import printable
from specnet.backends.diagram.scopes import Scopes
from specnet.compiler import Checked


def draw(checked: Checked, depth: int | None = None) -> graphviz.Digraph:
    """The network from top to bottom, with blocks and repetitions opened `depth` deep (None: all of them).

    A broken network is drawn up to the error and around it. Raises ValueError for a negative depth.
    """
    if depth is not None and depth < 0:
        raise ValueError(f"scopes cannot be opened {depth} deep")
    scopes, wrong = Scopes(checked.network), faults(checked)
    drawn = figure(checked.network, scopes, depth, wrong.layers)
    describe = Description(checked, scopes, wrong)
    graph = graphviz.Digraph(graphviz.escape(printable(checked.network.name or "network")))
    graph.attr("graph", label=describe.title(), **palette.GRAPH)
    graph.attr("node", **palette.NODE)
    graph.attr("edge", **palette.EDGE)
    _add_inputs(graph, describe)
    _add_contents(graph, drawn, describe, "")
    _add_edges(graph, drawn, describe)
    _add_gaps(graph, drawn, describe)
    _add_outputs(graph, drawn, describe)
    return graph


def _add_inputs(graph: graphviz.Digraph, describe: Description) -> None:
    for each in describe.network.inputs:
        graph.node(each.name, **describe.terminal(each.name, "input" if each.name != "input" else "", each.name))


def _add_contents(graph: graphviz.Digraph, drawn: Figure, describe: Description, scope: str) -> None:
    """The boxes of a scope, and the scopes in it, in the order of the file."""
    for name in drawn.contents[scope]:
        if name in drawn.boxes:
            graph.node(name, **describe.box(drawn.boxes[name]))
        else:
            with graph.subgraph(name=f"cluster_{name}") as inside:
                inside.attr(**describe.scope(name))
                _add_contents(inside, drawn, describe, name)


def _add_edges(graph: graphviz.Digraph, drawn: Figure, describe: Description) -> None:
    """A value's size stands on the first edge that it takes; a shortcut does not pull at the trunk."""
    said: set[str] = set()
    for edge in drawn.edges:
        is_shortcut = edge.value in said and drawn.boxes[edge.target].is_join
        weight = {"weight": "0"} if is_shortcut else {}
        graph.edge(edge.source, edge.target, **describe.edge(edge.value, edge.target, edge.value not in said), **weight)
        said.add(edge.value)


def _add_gaps(graph: graphviz.Digraph, drawn: Figure, describe: Description) -> None:
    """Where nothing is known to arrive, an error stands between a box and the one before it in the file."""
    reached = {edge.target for edge in drawn.edges}
    for before, box in pairwise(drawn.boxes):
        if box not in reached:
            graph.edge(before, box, **describe.gap())


def _add_outputs(graph: graphviz.Digraph, drawn: Figure, describe: Description) -> None:
    """What leaves the network; no layer has a name with a space."""
    for value in describe.network.outputs:
        graph.node("the output", **describe.terminal("output", "", value))
        graph.edge(drawn.sources[value], "the output", **describe.edge(value))
    for head in describe.network.heads:
        end = f"head {head.name}"
        graph.node(end, **describe.terminal(head.name, f"head, weight {head.weight:g}", head.value))
        graph.edge(drawn.sources[head.value], end, **describe.edge(head.value))
