"""A diagram in Graphviz's language: its markup, colours and attributes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from math import atan2, degrees, hypot

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
from specnet.backends.diagram.layout import POINTS_PER_INCH, Layout, Point, Rectangle
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State, Terminal
from specnet.backends.diagram.palette import BEHIND, FAMILIES, FAULT, FOLDED, INK, TERMINAL, Colours, Style
from specnet.backends.diagram.sizes import CAPTION, CHARACTER, measure_caption

WIDEST = 44
"""The largest number of characters of a line in a box."""

MOST_ERROR_LINES = 6
"""The largest number of lines about errors in a box."""

TRUNK = "20"
"""The weight of an edge that is to be straight."""

MOST_MESSAGES = 5
"""The largest number of messages in the title."""


def to_dot(diagram: Diagram, is_across: bool = False, layout: Layout | None = None) -> graphviz.Digraph:
    """Return the diagram as a graph from top to bottom, or from left to right, with the places of a layout, if given.

    The comment of an edge is its number. Places are those for Graphviz's engine nop2, which is named in the graph.
    """
    return _Writer(diagram, layout).write(is_across)


class _Writer:
    """Writes one diagram."""

    def __init__(self, diagram: Diagram, layout: Layout | None) -> None:
        self.diagram, self.layout = diagram, layout

    def write(self, is_across: bool) -> graphviz.Digraph:
        graph = graphviz.Digraph(graphviz.nohtml(make_printable(self.diagram.name).replace("\\", "/")))
        graph.attr("graph", **(style_graph(self.diagram) | self._place_graph(is_across)))
        graph.attr("node", **palette.NODE)
        graph.attr("edge", **palette.EDGE)
        for terminal in self.diagram.inputs:
            graph.node(terminal.identity, **style_terminal(terminal), **self._place_box(terminal.identity))
        self._add_contents(graph, self.diagram.contents)
        for terminal in self.diagram.ends:
            graph.node(terminal.identity, **style_terminal(terminal), **self._place_box(terminal.identity))
        for number, edge in enumerate(self.diagram.edges):
            self._add_edge(graph, number, edge)
        return graph

    def _add_contents(self, graph: graphviz.Digraph, names: tuple[str, ...]) -> None:
        """Add boxes and scopes, in the order of the file."""
        for name in names:
            if name in self.diagram.boxes:
                graph.node(name, **style_box(self.diagram.boxes[name]), **self._place_box(name))
            else:
                scope = self.diagram.scopes[name]
                with graph.subgraph(name=f"cluster_{name}") as inside:
                    inside.attr(label=make_caption(scope), **palette.CLUSTER, **self._place_scope(name))
                    self._add_contents(inside, scope.contents)
        for arms in self.diagram.arms:
            if arms[0] in names and not self.layout:
                _put_side_by_side(graph, arms)

    def _add_edge(self, graph: graphviz.Digraph, number: int, edge: Edge) -> None:
        if self.layout is None:
            graph.edge(edge.source, edge.target, **style_edge(edge), comment=str(number))
        elif number in self.layout.curves:
            graph.edge(edge.source, edge.target, **_style_line(edge), **self._place_edge(number, edge))

    def _place_graph(self, is_across: bool) -> Style:
        if self.layout:
            box, title = self.layout.picture, self.layout.title
            return {"layout": "nop2", "bb": _format_rectangle(box), "lp": _format_point(title.centre)}
        if not is_across:
            return {}
        longest = max((len(make_printable(edge.label)) for edge in self.diagram.edges), default=0)
        return {"rankdir": "LR", "ranksep": f"{(CHARACTER * longest + 24) / POINTS_PER_INCH:.2f}"}

    def _place_box(self, name: str) -> Style:
        return {"pos": _format_point(self.layout.boxes[name].centre)} if self.layout else {}

    def _place_scope(self, name: str) -> Style:
        if not self.layout:
            return {}
        caption = self.layout.captions[name]
        return {"bb": _format_rectangle(self.layout.scopes[name]), "lp": _format_point(caption.centre)}

    def _place_edge(self, number: int, edge: Edge) -> Style:
        return dict(self._list_places(number, edge))

    def _list_places(self, number: int, edge: Edge) -> Iterator[tuple[str, str]]:
        assert self.layout
        curve = self.layout.curves[number]
        yield "pos", " ".join([f"e,{_format_point(curve.tip)}", *map(_format_point, curve.points)])
        if number in self.layout.sizes:
            yield "label", str(graphviz.escape(make_printable(edge.label)))
            yield "lp", _format_point(self.layout.sizes[number].centre)


def _format_point(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _format_rectangle(box: Rectangle) -> str:
    return f"{box.left:.1f},{box.bottom:.1f},{box.right:.1f},{box.top:.1f}"


def _put_side_by_side(graph: graphviz.Digraph, names: tuple[str, ...]) -> None:
    """Put boxes side by side, in the order of the file."""
    with graph.subgraph(graph_attr={"rank": "same"}, edge_attr={"style": "invis"}) as row:
        for left, right in pairwise(names):
            row.edge(left, right)


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
        join_side_by_side(bold(escape_text(box.title)), wrap_text(box.call, WIDEST), _format_repeats(box.count)),
        *(small(escape_text(fact)) for fact in box.facts),
        *islice((small(wrap_text(message, WIDEST), FAULT.line) for message in box.messages), MOST_ERROR_LINES),
        *make_strips((escape_text(part.text), choose_colours(part)) for part in box.parts),
    ]
    return {"label": stack_rows(rows), "tooltip": _make_tooltip(box.tooltip), **choose_colours(box).style()}


def choose_colours(box: Box | Part) -> Colours:
    """Return the colours of a box or of a part of one."""
    if box.state is not State.SOUND:
        return FAULT if box.state is State.FAULT else BEHIND
    return FAMILIES[box.family] if box.family else FOLDED


def _make_tooltip(lines: tuple[str, ...]) -> str:
    return str(graphviz.escape("\n".join(map(make_printable, lines))))


def make_caption(scope: Scope) -> str:
    """Return a scope's name above its call, with so much space to the right that the edge into its middle passes."""
    heading = join_side_by_side(small(bold(escape_text(scope.title))), _format_repeats(scope.count))
    rows = [small(SPACE, size=3), heading, small(wrap_text(scope.call, CAPTION))]
    return stack_rows(rows, "LEFT", measure_caption(scope))


def _format_repeats(count: int) -> str:
    """Return `×3` in large letters for a box or scope that stands for three."""
    return small(bold(f"×{count:,}"), INK, 14) if count > 1 else ""


def style_terminal(terminal: Terminal) -> Style:
    """Return the attributes of an input, an output or a head; without a name, of a point that is not seen."""
    if not terminal.name:
        return {"shape": "point", "width": "0.01", "style": "invis"}
    colours = TERMINAL if terminal.state is State.SOUND else BEHIND
    name, role = bold(escape_text(terminal.name)), small(escape_text(terminal.role), colours.ink)
    return {"label": stack_rows([join_side_by_side(small(name, colours.ink, 11), role)]), **colours.style()}


def style_edge(edge: Edge) -> Style:
    """Return the attributes of an edge with its size; at an error it is red, and at weight 0 it bends aside."""
    style = _style_line(edge) | (dict(_style_label(edge)) if edge.label else {})
    return style | ({"weight": "0" if edge.is_shortcut else TRUNK} if edge.is_shortcut or edge.is_trunk else {})


def _style_line(edge: Edge) -> Style:
    if edge.state is State.FAULT:
        line = {"style": "dashed"} if edge.is_gap else {"penwidth": "2"}
        return {"color": FAULT.line, "fontcolor": FAULT.line, **line}
    if edge.state is State.BEHIND:
        return {"color": BEHIND.line, "fontcolor": BEHIND.ink, "style": "dashed"}
    return {}


def _style_label(edge: Edge) -> Iterator[tuple[str, str]]:
    """Yield the size of a value beside the beginning of its edge, or beside its end where that is in another scope.

    It is no label of Graphviz's, which would take a rank of its own and bend the edge.
    """
    text = make_printable(edge.label)
    across, along = 5 + CHARACTER * len(text) / 2, 11 + 10 * edge.leaves * (not edge.enters)
    yield "headlabel" if edge.enters else "taillabel", str(graphviz.escape(text))
    yield "labelangle", f"{(-1 if edge.enters else 1) * degrees(atan2(across, along)):.0f}"
    yield "labeldistance", f"{hypot(across, along) / 10:.1f}"
    if edge.leaves and not edge.enters:
        yield "minlen", "2"
