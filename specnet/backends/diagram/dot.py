"""A diagram in Graphviz's language: its markup, colours and attributes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import graphviz

from specnet.backends.diagram import palette
from specnet.backends.diagram.html_labels import (
    SPACE,
    bold,
    escape_text,
    join_side_by_side,
    make_printable,
    make_strips,
    small,
    stack_rows,
    wrap_text,
)
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State, Terminal
from specnet.backends.diagram.palette import FAMILIES, FAULT, FOLDED, INK, STATES, TERMINAL, Colours, Style

WIDEST = 44
"""The largest number of characters of a line in a box."""

MOST_ERROR_LINES = 6
"""The largest number of lines about errors in a box."""

STRESSED = (State.FAULT, State.ADDED, State.CHANGED)
"""The states of an edge that is drawn bold."""

MOST_MESSAGES = 5
"""The largest number of messages in the title."""


def to_dot(diagram: Diagram) -> graphviz.Digraph:
    """Return the diagram as a graph from top to bottom."""
    graph = graphviz.Digraph(graphviz.nohtml(make_printable(diagram.name).replace("\\", "/")))
    graph.attr("graph", **style_graph(diagram))
    graph.attr("node", **palette.NODE)
    graph.attr("edge", **palette.EDGE)
    for terminal in diagram.inputs:
        graph.node(terminal.identity, **style_terminal(terminal))
    _add_contents(graph, diagram, diagram.contents)
    for terminal in diagram.ends:
        graph.node(terminal.identity, **style_terminal(terminal))
    for edge in diagram.edges:
        graph.edge(edge.source, edge.target, **style_edge(edge))
    return graph


def _add_contents(graph: graphviz.Digraph, diagram: Diagram, names: tuple[str, ...]) -> None:
    """Add boxes and scopes, in the order of the file."""
    for name in names:
        if name in diagram.boxes:
            graph.node(name, **style_box(diagram.boxes[name]))
        else:
            with graph.subgraph(name=f"cluster_{name}") as inside:
                inside.attr(label=make_caption(diagram.scopes[name]), **palette.CLUSTER)
                _add_contents(inside, diagram, diagram.scopes[name].contents)


def style_graph(diagram: Diagram) -> Style:
    """Return the attributes of the picture; its title also has the errors that have no place among the layers."""
    messages = (small(wrap_text(message, 90), FAULT.line) for message in diagram.messages[:MOST_MESSAGES])
    rows = [
        small(bold(escape_text(diagram.name)), INK, 18),
        small(wrap_text(diagram.description, 90)),
        small(escape_text(diagram.totals)),
        *messages,
        small(SPACE, size=4),
    ]
    return {"label": stack_rows(rows), **palette.GRAPH}


def style_box(box: Box) -> Style:
    """Return the attributes of a box: its name and layer, facts, errors and the other layers in it."""
    rows = [
        join_side_by_side(bold(escape_text(box.title)), wrap_text(box.call, WIDEST)),
        *(small(escape_text(fact)) for fact in box.facts),
        *islice((small(wrap_text(message, WIDEST), FAULT.line) for message in box.messages), MOST_ERROR_LINES),
        *make_strips((escape_text(part.text), choose_colours(part)) for part in box.parts),
    ]
    return {"label": stack_rows(rows), "tooltip": _make_tooltip(box.tooltip), **choose_colours(box).style()}


def choose_colours(box: Box | Part) -> Colours:
    """Return the colours of a box or of a part of one."""
    if box.state is not State.SOUND:
        return STATES[box.state]
    return FAMILIES[box.family] if box.family else FOLDED


def _make_tooltip(lines: tuple[str, ...]) -> str:
    return str(graphviz.escape("\n".join(map(make_printable, lines))))


def make_caption(scope: Scope) -> str:
    """Return a scope's name above its call, so narrow that the edge into its middle passes beside."""
    heading, call = small(bold(escape_text(scope.title))), small(wrap_text(scope.call, 30))
    return stack_rows([small(SPACE, size=3), heading, call], "LEFT")


def style_terminal(terminal: Terminal) -> Style:
    """Return the attributes of an input, an output or a head."""
    colours = TERMINAL if terminal.state is State.SOUND else STATES[terminal.state]
    name, role = bold(escape_text(terminal.name)), small(escape_text(terminal.role), colours.ink)
    return {"label": stack_rows([join_side_by_side(small(name, colours.ink, 11), role)]), **colours.style()}


def style_edge(edge: Edge) -> Style:
    """Return the attributes of an edge with its size; at an error it is red, and at weight 0 it bends aside."""
    return dict(_style_edge(edge))


def _style_edge(edge: Edge) -> Iterator[tuple[str, str]]:
    if edge.label:
        yield "label", str(graphviz.escape(f" {make_printable(edge.label)} "))
    if edge.state is not State.SOUND:
        colours = STATES[edge.state]
        yield from (("color", colours.line), ("fontcolor", colours.line))
    if edge.is_gap or edge.state is State.REMOVED:
        yield "style", "dashed"
    elif edge.state in STRESSED:
        yield "penwidth", "2"
    if edge.is_shortcut:
        yield "weight", "0"
