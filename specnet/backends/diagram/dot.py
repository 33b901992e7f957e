"""A diagram in Graphviz's language, to be laid out or with the places of a layout."""

from __future__ import annotations

from itertools import pairwise

import graphviz

from specnet.backends.diagram import palette
from specnet.backends.diagram.crowding import choose_effort, measure_crowding
from specnet.backends.diagram.html_labels import make_printable
from specnet.backends.diagram.layout import CLUSTER, POINTS_PER_INCH, Layout, Point, Rectangle
from specnet.backends.diagram.model import Diagram, Edge
from specnet.backends.diagram.palette import Style
from specnet.backends.diagram.sizes import CHARACTER
from specnet.backends.diagram.styles import Styles, format_size_label
from specnet.backends.diagram.themes import LIGHT, Theme


def to_dot(diagram: Diagram, is_across: bool = False, theme: Theme = LIGHT) -> graphviz.Digraph:
    """Return the diagram as a graph from top to bottom, or from left to right."""
    return _Writer(diagram, theme, is_across).write()


def to_unlabelled_dot(diagram: Diagram, theme: Theme, is_across: bool = False) -> graphviz.Digraph:
    """Return a graph without sizes, which would bend the edges; the comment of each edge is its number."""
    return _UnlabelledWriter(diagram, theme, is_across).write()


def to_placed_dot(diagram: Diagram, theme: Theme, layout: Layout) -> graphviz.Digraph:
    """Return a graph with the places of a layout, for Graphviz's engine nop2, which is named in the graph."""
    return _PlacedWriter(diagram, theme, layout).write()


class _Writer:
    """Writes one diagram."""

    def __init__(self, diagram: Diagram, theme: Theme, is_across: bool = False) -> None:
        self.diagram, self.theme, self.is_across = diagram, theme, is_across
        self.styles = Styles(theme, diagram.largest_share)

    def write(self) -> graphviz.Digraph:
        graph = graphviz.Digraph(graphviz.nohtml(make_printable(self.diagram.name).replace("\\", "/")))
        graph.attr("graph", **(self.styles.style_graph(self.diagram) | self._place_graph()))
        graph.attr("node", **palette.NODE)
        graph.attr("edge", **self.theme.style_edges())
        for terminal in self.diagram.inputs:
            graph.node(terminal.identity, **self.styles.style_terminal(terminal), **self._place_box(terminal.identity))
        self._add_contents(graph, self.diagram.contents)
        for terminal in self.diagram.ends:
            graph.node(terminal.identity, **self.styles.style_terminal(terminal), **self._place_box(terminal.identity))
        for number, edge in enumerate(self.diagram.edges):
            self._add_edge(graph, number, edge)
        return graph

    def _add_contents(self, graph: graphviz.Digraph, names: tuple[str, ...]) -> None:
        """Add boxes and scopes, in the order of the file."""
        for name in names:
            if name in self.diagram.boxes:
                graph.node(name, **self.styles.style_box(self.diagram.boxes[name]), **self._place_box(name))
            else:
                scope = self.diagram.scopes[name]
                with graph.subgraph(name=CLUSTER + name) as inside:
                    inside.attr(
                        label=self.styles.make_caption(scope), **self.theme.style_clusters(), **self._place_scope(name)
                    )
                    self._add_contents(inside, scope.contents)
        for arms in self.diagram.arms:
            if set(arms) <= {*names}:
                self._put_side_by_side(graph, arms)

    def _put_side_by_side(self, graph: graphviz.Digraph, names: tuple[str, ...]) -> None:
        """Put boxes side by side, in the order of the file."""
        with graph.subgraph(graph_attr={"rank": "same"}, edge_attr={"style": "invis"}) as row:
            for one, other in pairwise(names[::-1] if self.is_across else names):  # upwards, if across
                row.edge(one, other)

    def _add_edge(self, graph: graphviz.Digraph, number: int, edge: Edge) -> None:
        graph.edge(edge.source, edge.target, **self.styles.style_edge(edge))

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
        graph.edge(edge.source, edge.target, **self.styles.style_weight(edge), **room, comment=str(number))

    def _place_graph(self) -> Style:
        effort = {**choose_effort(measure_crowding(self.diagram))}
        if not self.is_across:
            return {"ranksep": "0.3"} | effort
        longest = max((len(make_printable(edge.label)) for edge in self.diagram.edges), default=0)
        return {"rankdir": "LR", "ranksep": f"{(CHARACTER * longest + 24) / POINTS_PER_INCH:.2f}"} | effort


class _PlacedWriter(_Writer):
    """Writes a diagram with its layout."""

    def __init__(self, diagram: Diagram, theme: Theme, layout: Layout) -> None:
        super().__init__(diagram, theme)
        self.layout = layout

    def _put_side_by_side(self, graph: graphviz.Digraph, names: tuple[str, ...]) -> None:
        """Leave the order to the places."""

    def _add_edge(self, graph: graphviz.Digraph, number: int, edge: Edge) -> None:
        if number in self.layout.curves:
            graph.edge(edge.source, edge.target, **self.styles.style_line(edge), **self._place_edge(number, edge))

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
