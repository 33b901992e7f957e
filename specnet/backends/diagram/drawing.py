"""Draw a checked network: its layers, the sizes of the values between them, and its errors."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import graphviz

from specnet.analyses.cost import format_count
from specnet.backends.diagram import palette
from specnet.backends.diagram.boxes import Boxes, ErrorPlaces, locate_errors
from specnet.backends.diagram.folding import FoldedNetwork, fold_network, shorten_name
from specnet.backends.diagram.html_labels import (
    SPACE,
    bold,
    escape_text,
    format_size,
    join_side_by_side,
    make_printable,
    small,
    stack_rows,
    wrap_text,
)
from specnet.backends.diagram.palette import BEHIND, FAULT, INK, TERMINAL, Style
from specnet.compiler import Checked
from specnet.graph import Network
from specnet.layers.base import Shape
from specnet.printer.scopes import Scopes

MOST_MESSAGES = 5
"""The largest number of messages in the title."""

GAP_EDGE: Style = {"label": " ? ", "color": FAULT.line, "fontcolor": FAULT.line, "style": "dashed"}
"""The style of an edge across lines that could not be read."""


def draw(checked: Checked, depth: int | None = None) -> graphviz.Digraph:
    """Draw a network from top to bottom, with blocks and repetitions opened `depth` deep, None for all.

    A broken network is drawn up to the error and around it. Raises ValueError for a negative depth.
    """
    if depth is not None and depth < 0:
        raise ValueError(f"scopes cannot be opened {depth} deep")
    network, scopes, errors = checked.network, Scopes(checked.network), locate_errors(checked)
    folded = fold_network(network, scopes, depth, errors.layers)
    graph = graphviz.Digraph(graphviz.nohtml(make_printable(network.name or "network").replace("\\", "/")))
    graph.attr("graph", label=_make_title(checked, errors), **palette.GRAPH)
    graph.attr("node", **palette.NODE)
    graph.attr("edge", **palette.EDGE)
    _add_inputs(graph, network)
    _add_contents(graph, folded, Boxes(checked, scopes, errors), "")
    _add_edges(graph, folded, network, errors)
    _add_outputs(graph, folded, network, errors)
    return graph


def _add_inputs(graph: graphviz.Digraph, network: Network) -> None:
    for each in network.inputs:
        graph.node(each.name, **_style_terminal(each.name, "input" if each.name != "input" else "", each.shape))


def _add_contents(graph: graphviz.Digraph, folded: FoldedNetwork, boxes: Boxes, scope: str) -> None:
    """Add the boxes and scopes within a scope, in the order of the file."""
    for name in folded.contents[scope]:
        if name in folded.boxes:
            graph.node(name, **boxes.style(folded.boxes[name], scope))
        else:
            with graph.subgraph(name=f"cluster_{name}") as inside:
                inside.attr(label=_make_caption(name, scope, boxes.scopes), **palette.CLUSTER)
                _add_contents(inside, folded, boxes, name)


def _add_edges(graph: graphviz.Digraph, folded: FoldedNetwork, network: Network, errors: ErrorPlaces) -> None:
    """Add the edges; the first of each value has its size. At weight 0 a shortcut bends around the trunk."""
    labelled: set[str] = set()
    for each in folded.edges:
        is_first = each.value not in labelled
        weight = {} if is_first or not folded.boxes[each.target].is_join else {"weight": "0"}
        style = _style_edge(each.value, network.shapes[each.value], errors, each.readers, is_first)
        graph.edge(each.source, each.target, **style, **weight)
        labelled.add(each.value)
    reached = {each.target for each in folded.edges}
    for before, box in pairwise(folded.boxes):
        if box not in reached:
            graph.edge(before, box, **GAP_EDGE)


def _add_outputs(graph: graphviz.Digraph, folded: FoldedNetwork, network: Network, errors: ErrorPlaces) -> None:
    """Add the outputs and heads, under names with a space, which no layer has."""
    ends = [("the output", "output", "", value) for value in network.outputs]
    ends += [(f"head {head.name}", head.name, f"head, weight {head.weight:g}", head.value) for head in network.heads]
    for identity, name, role, value in ends:
        shape = network.shapes[value]
        graph.node(identity, **_style_terminal(name, role, shape))
        graph.edge(folded.sources[value], identity, **_style_edge(value, shape, errors))


# Labels and styles


def _make_title(checked: Checked, errors: ErrorPlaces) -> str:
    """Return the network's name, description and totals, or the errors that have no place in the diagram."""
    network, totals = checked.network, checked.totals
    totals_text = f"{totals.parameters:,} parameters · {format_count(totals.macs)} MACs" if checked.ok else ""
    messages = (small(wrap_text(message, 90), FAULT.line) for message in errors.elsewhere[:MOST_MESSAGES])
    name = small(bold(escape_text(network.name or "network")), INK, 18)
    return stack_rows(
        [
            name,
            small(wrap_text(network.description, 90)),
            small(escape_text(totals_text)),
            *messages,
            small(SPACE, size=4),
        ]
    )


def _make_caption(name: str, around: str, scopes: Scopes) -> str:
    """Return a scope's name above its call, so narrow that the edge into its middle passes beside."""
    heading, call = small(bold(escape_text(shorten_name(name, around)))), small(wrap_text(scopes.format_call(name), 30))
    return stack_rows([small(SPACE, size=3), heading, call], "LEFT")


def _style_terminal(name: str, role: str, shape: Shape | None) -> Style:
    """Return the attributes of an input, an output or a head."""
    colours = TERMINAL if shape else BEHIND
    label = join_side_by_side(small(bold(escape_text(name)), colours.ink, 11), small(escape_text(role), colours.ink))
    return {"label": stack_rows([label]), **colours.style()}


def _style_edge(
    value: str, shape: Shape | None, errors: ErrorPlaces, readers: Iterable[str] = (), is_first: bool = True
) -> Style:
    """Return the attributes of an edge: the size if it is the first of its value; at an error the edge is red."""
    if value in errors.claims:
        return _mark_edge(f"{format_size(shape)}, not {errors.claims[value]} as claimed")
    if shape and errors.layers.keys() & set(readers):
        return _mark_edge(format_size(shape))
    style = {"label": f" {format_size(shape)} "} if is_first else {}
    return style if shape else style | {"color": BEHIND.line, "fontcolor": BEHIND.ink}


def _mark_edge(label: str) -> Style:
    return {
        "label": graphviz.escape(f" {make_printable(label)} "),
        "color": FAULT.line,
        "fontcolor": FAULT.line,
        "penwidth": "2",
    }
