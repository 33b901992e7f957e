"""The parts of a diagram from which a page assembles it, whatever blocks and repetitions are folded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from specnet.backends.diagram import palette
from specnet.backends.diagram.describe import Describer
from specnet.backends.diagram.errors import locate_errors
from specnet.backends.diagram.folding import Group, fold_network
from specnet.backends.diagram.legend import list_entries
from specnet.backends.diagram.model import Diagram
from specnet.backends.diagram.repetitions import find_runs
from specnet.backends.diagram.styles import Styles
from specnet.backends.diagram.themes import LIGHT
from specnet.compiler import Checked
from specnet.printer.scopes import Scopes

STYLES = Styles(LIGHT)


def list_parts(checked: Checked) -> dict[str, Any]:
    """Return the boxes, scopes and edges of a network with all scopes open as JSON values, finished but for the layout.

    A scope also has the box that it is when it is folded, and a run what its first member is when it stands for all.
    Labels that begin with `<` are Graphviz's markup. An edge goes from the box that computes a value to one that reads
    it.
    """
    scopes, errors = Scopes(checked.network), locate_errors(checked)
    folded = fold_network(checked.network, scopes, None, errors.layers)
    describer = Describer(checked, folded, scopes, errors)
    diagram = describer.describe()
    runs = find_runs(folded, checked.network, scopes, errors.layers.keys() | errors.claims.keys())
    collapsed = Describer(checked, replace(folded, runs=runs), scopes, errors)
    return {
        "name": diagram.name,
        "graph": STYLES.style_graph(diagram),
        "node": palette.NODE,
        "edge": palette.EDGE,
        "cluster": palette.CLUSTER,
        "legend": [
            {"word": each.word, "fill": each.colours.fill, "line": each.colours.line}
            for each in list_entries(diagram, LIGHT)
        ],
        "contents": diagram.contents,
        "terminals": {each.identity: STYLES.style_terminal(each) for each in (*diagram.inputs, *diagram.ends)},
        "boxes": {
            name: {"attributes": STYLES.style_box(box), "layers": box.layers} for name, box in diagram.boxes.items()
        },
        "scopes": dict(_list_scopes(describer, diagram)),
        "runs": [*_list_runs(collapsed, diagram)],
        "edges": [
            {"value": edge.value, "source": edge.source, "target": edge.target, "attributes": STYLES.style_edge(edge)}
            for edge in diagram.edges
        ],
    }


def _list_scopes(describer: Describer, diagram: Diagram) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, scope in diagram.scopes.items():
        box = describer.describe_group(_fold(describer, name))
        yield (
            name,
            {
                "caption": STYLES.make_caption(scope),
                "folded": STYLES.style_box(box),
                "contents": scope.contents,
                "layers": box.layers,
                "open": True,
            },
        )


def _fold(describer: Describer, scope: str) -> Group:
    nodes = describer.checked.network.nodes
    return Group(scope, tuple(node for node in nodes if node.name.startswith(f"{scope}.")), is_folded=True)


def _list_runs(describer: Describer, diagram: Diagram) -> Iterator[dict[str, Any]]:
    """Yield the runs: the boxes and scopes of their members, and their first one as it stands for all of them."""
    boxes = {scope: name for name in diagram.boxes for scope in describer.scopes.list_enclosing(name)}
    for run in describer.folded.runs.values():
        members = [unit if unit in diagram.scopes else boxes[unit] for unit in run]
        first = members[0]
        if first in diagram.scopes:
            caption = STYLES.make_caption(describer.describe_scope(first))
            box = describer.describe_group(_fold(describer, first))
        else:
            caption, box = "", describer.describe_group(describer.folded.groups[first])
        yield {
            "scopes": members,
            "caption": caption,
            "folded": STYLES.style_box(box),
            "layers": box.layers,
            "open": False,
        }
