"""A diagram in Graphviz's language: its markup, colours and attributes."""

from __future__ import annotations

from itertools import islice, pairwise

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
from specnet.backends.diagram.palette import FAMILIES, FAULT, FOLDED, INK, STATES, TERMINAL, Colours, Style
from specnet.backends.diagram.sizes import CAPTION, CHARACTER, measure_caption

WIDEST = 44
"""The largest number of characters of a line in a box."""

MOST_ERROR_LINES = 6
"""The largest number of lines about errors in a box."""

TRUNK = "20"
"""The weight of an edge that is to be straight."""

STRESSED = (State.FAULT, State.ADDED, State.CHANGED)
"""The states of an edge that is drawn bold."""

BROKEN_LINES = (State.BEHIND, State.REMOVED)
"""The states of a box or an edge that is drawn dashed."""

MOST_MESSAGES = 5
"""The largest number of messages in the title."""


def to_dot(diagram: Diagram, is_across: bool = False) -> graphviz.Digraph:
    """Return the diagram as a graph from top to bottom, or from left to right."""
    return _Writer(diagram, is_across).write()


def to_unlabelled_dot(diagram: Diagram, is_across: bool = False) -> graphviz.Digraph:
    """Return a graph without sizes, which would bend the edges; the comment of each edge is its number."""
    return _UnlabelledWriter(diagram, is_across).write()


def to_placed_dot(diagram: Diagram, layout: Layout) -> graphviz.Digraph:
    """Return a graph with the places of a layout, for Graphviz's engine nop2, which is named in the graph."""
    return _PlacedWriter(diagram, layout).write()


class _Writer:
    """Writes one diagram."""

    def __init__(self, diagram: Diagram, is_across: bool = False) -> None:
        self.diagram, self.is_across = diagram, is_across

    def write(self) -> graphviz.Digraph:
        graph = graphviz.Digraph(graphviz.nohtml(make_printable(self.diagram.name).replace("\\", "/")))
        graph.attr("graph", **(style_graph(self.diagram) | self._place_graph()))
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
            if set(arms) <= {*names}:
                self._put_side_by_side(graph, arms)

    def _put_side_by_side(self, graph: graphviz.Digraph, names: tuple[str, ...]) -> None:
        """Put boxes side by side, in the order of the file."""
        with graph.subgraph(graph_attr={"rank": "same"}, edge_attr={"style": "invis"}) as row:
            for left, right in pairwise(names):
                row.edge(left, right)

    def _add_edge(self, graph: graphviz.Digraph, number: int, edge: Edge) -> None:
        graph.edge(edge.source, edge.target, **style_edge(edge))

    def _place_graph(self) -> Style:
        return {"rankdir": "LR"} if self.is_across else {}

    def _place_box(self, name: str) -> Style:
        return {}

    def _place_scope(self, name: str) -> Style:
        return {}


class _UnlabelledWriter(_Writer):
    """Writes a diagram to be laid out, with room for sizes between the boxes."""

    def _add_edge(self, graph: graphviz.Digraph, number: int, edge: Edge) -> None:
        room = {"minlen": "2"} if edge.leaves and not edge.enters and not self.is_across else {}
        graph.edge(edge.source, edge.target, **_style_weight(edge), **room, comment=str(number))

    def _place_graph(self) -> Style:
        if not self.is_across:
            return {"ranksep": "0.3"}
        longest = max((len(make_printable(edge.label)) for edge in self.diagram.edges), default=0)
        return {"rankdir": "LR", "ranksep": f"{(CHARACTER * longest + 24) / POINTS_PER_INCH:.2f}"}


class _PlacedWriter(_Writer):
    """Writes a diagram with its layout."""

    def __init__(self, diagram: Diagram, layout: Layout) -> None:
        super().__init__(diagram)
        self.layout = layout

    def _put_side_by_side(self, graph: graphviz.Digraph, names: tuple[str, ...]) -> None:
        """Leave the order to the places."""

    def _add_edge(self, graph: graphviz.Digraph, number: int, edge: Edge) -> None:
        if number in self.layout.curves:
            graph.edge(edge.source, edge.target, **_style_line(edge), **self._place_edge(number, edge))

    def _place_graph(self) -> Style:
        box, title = self.layout.picture, self.layout.title
        return {"layout": "nop2", "bb": _format_rectangle(box), "lp": _format_point(title.centre)}

    def _place_box(self, name: str) -> Style:
        return {"pos": _format_point(self.layout.boxes[name].centre)}

    def _place_scope(self, name: str) -> Style:
        caption = self.layout.captions[name]
        return {"bb": _format_rectangle(self.layout.scopes[name]), "lp": _format_point(caption.centre)}

    def _place_edge(self, number: int, edge: Edge) -> Style:
        curve = self.layout.curves[number]
        place = {"pos": " ".join([f"e,{_format_point(curve.tip)}", *map(_format_point, curve.points)])}
        if number in self.layout.sizes:
            place |= {"label": format_size_label(edge), "lp": _format_point(self.layout.sizes[number].centre)}
        return place


def _format_point(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _format_rectangle(box: Rectangle) -> str:
    return f"{box.left:.1f},{box.bottom:.1f},{box.right:.1f},{box.top:.1f}"


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
    return {
        "label": stack_rows(rows),
        "tooltip": _make_tooltip(box.tooltip),
        **choose_colours(box).style(),
        **_style_border(box),
    }


def _style_border(box: Box) -> Style:
    return {"style": "rounded,filled,dashed"} if box.state in BROKEN_LINES else {}


def choose_colours(box: Box | Part) -> Colours:
    """Return the colours of a box or of a part of one."""
    if box.state is not State.SOUND:
        return STATES[box.state]
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
    colours = TERMINAL if terminal.state is State.SOUND else STATES[terminal.state]
    name, role = bold(escape_text(terminal.name)), small(escape_text(terminal.role), colours.ink)
    return {"label": stack_rows([join_side_by_side(small(name, colours.ink, 11), role)]), **colours.style()}


def style_edge(edge: Edge) -> Style:
    """Return the attributes of an edge with its size; at an error it is red, and at weight 0 it bends aside."""
    label = {"label": format_size_label(edge)} if edge.label else {}
    return label | _style_line(edge) | _style_weight(edge)


def format_size_label(edge: Edge) -> str:
    """Return the size on an edge as a label."""
    return str(graphviz.escape(f" {make_printable(edge.label)} "))


def _style_weight(edge: Edge) -> Style:
    if edge.is_shortcut or edge.is_trunk:
        return {"weight": "0" if edge.is_shortcut else TRUNK}
    return {}


def _style_line(edge: Edge) -> Style:
    colours = {} if edge.state is State.SOUND else STATES[edge.state].style_line()
    if edge.is_gap or edge.state in BROKEN_LINES:
        return colours | {"style": "dashed"}
    return colours | ({"penwidth": "2"} if edge.state in STRESSED else {})
