"""The parts of a diagram from which a page assembles it, whatever blocks and repetitions are folded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specnet.backends.diagram import palette
from specnet.backends.diagram.describe import Describer
from specnet.backends.diagram.dot import make_caption, style_box, style_edge, style_graph, style_terminal
from specnet.backends.diagram.folding import Group, fold_network
from specnet.backends.diagram.model import Diagram
from specnet.compiler import Checked


def list_parts(checked: Checked) -> dict[str, Any]:
    """Return the boxes, scopes and edges of a network with all scopes open as JSON values, finished but for the layout.

    A scope also has the box that it is when it is folded. Labels that begin with `<` are Graphviz's markup. An edge
    goes from the box that computes a value to one that reads it.
    """
    describer = Describer(checked)
    folded = fold_network(checked.network, describer.scopes, None, describer.errors.layers)
    diagram = describer.describe(folded)
    return {
        "name": diagram.name,
        "graph": style_graph(diagram),
        "node": palette.NODE,
        "edge": palette.EDGE,
        "cluster": palette.CLUSTER,
        "contents": diagram.contents,
        "terminals": {each.identity: style_terminal(each) for each in (*diagram.inputs, *diagram.ends)},
        "boxes": {name: {"attributes": style_box(box), "layers": box.layers} for name, box in diagram.boxes.items()},
        "scopes": dict(_list_scopes(describer, diagram)),
        "runs": [],
        "edges": [
            {"value": edge.value, "source": edge.source, "target": edge.target, "attributes": style_edge(edge)}
            for edge in diagram.edges
        ],
    }


def _list_scopes(describer: Describer, diagram: Diagram) -> Iterator[tuple[str, dict[str, Any]]]:
    nodes = describer.checked.network.nodes
    around = {inner: scope.name for scope in diagram.scopes.values() for inner in scope.contents}
    for name, scope in diagram.scopes.items():
        inside = tuple(node for node in nodes if node.name.startswith(f"{name}."))
        box = describer.describe_group(Group(name, inside, is_folded=True), around.get(name, ""))
        yield (
            name,
            {
                "caption": make_caption(scope),
                "folded": style_box(box),
                "contents": scope.contents,
                "layers": box.layers,
                "open": True,
            },
        )
