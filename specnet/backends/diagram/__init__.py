"""A checked network as a picture, by Graphviz: what each layer is, what flows between them, and where it is broken."""

from __future__ import annotations

import graphviz

from specnet.backends.diagram import palette
from specnet.backends.diagram.describe import Description
from specnet.backends.diagram.faults import faults
from specnet.backends.diagram.figure import Figure, figure
from specnet.compiler import Checked


def draw(checked: Checked, depth: int | None = None) -> graphviz.Digraph:
    """The network from top to bottom, with blocks and repetitions opened `depth` deep (None: all of them).

    Raises nothing for a broken network: it is drawn up to the error and around it.
    """
    wrong = faults(checked)
    drawn = figure(checked.network, depth, wrong.layers)
    describe = Description(checked, wrong)
    graph = graphviz.Digraph(checked.network.name or "network")
    graph.attr("graph", label=describe.title(), **palette.GRAPH)
    graph.attr("node", **palette.NODE)
    graph.attr("edge", **palette.EDGE)
    _add_inputs(graph, describe)
    _add_contents(graph, drawn, describe, "")
    _add_edges(graph, drawn, describe)
    _add_outputs(graph, drawn, describe)
    return graph


def _add_inputs(graph: graphviz.Digraph, describe: Description) -> None:
    for each in describe.network.inputs:
        graph.node(each.name, **describe.terminal(each.name, "input" if each.name != "input" else ""))


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
    """A value's size stands on the first edge that it takes."""
    said: set[str] = set()
    for edge in drawn.edges:
        graph.edge(edge.source, edge.target, **describe.edge(edge.value, edge.target, edge.value not in said))
        said.add(edge.value)


def _add_outputs(graph: graphviz.Digraph, drawn: Figure, describe: Description) -> None:
    for value in describe.network.outputs:
        graph.node("output →", **describe.terminal("output"))
        graph.edge(drawn.sources[value], "output →", **describe.edge(value))
    for head in describe.network.heads:
        graph.node(f"{head.name} →", **describe.terminal(head.name, f"head, weight {head.weight:g}"))
        graph.edge(drawn.sources[head.value], f"{head.name} →", **describe.edge(head.value))
