"""The parts of a diagram from which a page assembles it, whatever blocks and repetitions are folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specnet.backends.diagram import palette
from specnet.backends.diagram.describe import Describer
from specnet.backends.diagram.errors import locate_errors
from specnet.backends.diagram.folding import Group, fold_network
from specnet.backends.diagram.legend import list_entries
from specnet.backends.diagram.model import Box, Diagram, Scope
from specnet.backends.diagram.repetitions import find_runs
from specnet.backends.diagram.steps import unfold_steps
from specnet.backends.diagram.styles import Styles
from specnet.backends.diagram.themes import LIGHT
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.printer.scopes import Scopes

STYLES = Styles(LIGHT)


def list_parts(checked: Checked) -> dict[str, Any]:
    """Return the boxes, scopes and edges of a network with all scopes open as JSON values, finished but for the layout.

    A scope also has the box that it is when it is folded, and a run what its first member is when it stands for all. A
    layer of several steps is a scope, too, with the layers of its box in `layers`.
    Labels that begin with `<` are Graphviz's markup. An edge goes from the box that computes a value to one that reads
    it.
    """
    scopes, errors = Scopes(checked.network), locate_errors(checked)
    folded = fold_network(checked.network, scopes, None, errors.layers)
    describer = Describer(checked, folded, scopes, errors)
    diagram = unfold_steps(describer.describe(), folded, checked.network, scopes)
    groups = {**_fold_scopes(describer), **folded.groups}
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
        "scopes": dict(_list_scopes(describer, diagram, groups)),
        "runs": [*_list_runs(collapsed, diagram, groups)],
        "edges": [
            {"value": edge.value, "source": edge.source, "target": edge.target, "attributes": STYLES.style_edge(edge)}
            for edge in diagram.edges
        ],
    }


def _list_scopes(
    describer: Describer, diagram: Diagram, groups: Mapping[str, Group]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, scope in diagram.scopes.items():
        box = describer.describe_group(groups[name])
        yield (
            name,
            {
                "caption": STYLES.make_caption(scope),
                "folded": STYLES.style_box(box),
                "contents": scope.contents,
                "layers": () if box.is_folded else box.layers,
                "open": box.is_folded,
            },
        )


def _fold_scopes(describer: Describer) -> dict[str, Group]:
    """Return the folded group of each scope."""
    inside: dict[str, list[Node]] = {}
    for node in describer.checked.network.nodes:
        for scope in describer.scopes.list_enclosing(node.name):
            inside.setdefault(scope, []).append(node)
    return {scope: Group(scope, tuple(nodes), is_folded=True) for scope, nodes in inside.items()}


def _list_runs(describer: Describer, diagram: Diagram, groups: Mapping[str, Group]) -> Iterator[dict[str, Any]]:
    """Yield the runs: the boxes and scopes of their members, and their first one as it stands for all of them."""
    boxes = {scope: name for name in describer.folded.groups for scope in describer.scopes.list_enclosing(name)}
    for run in describer.folded.runs.values():
        members = [unit if unit in diagram.scopes else boxes[unit] for unit in run]
        alone = describer.limit_runs(describer.list_runs(members[0]))
        box = alone.describe_group(_leave_copies_out(groups[members[0]], alone))
        caption = _make_caption(alone, box) if members[0] in diagram.scopes else ""
        yield {"scopes": members, "caption": caption, "folded": STYLES.style_box(box), "open": False}


def _make_caption(describer: Describer, box: Box) -> str:
    """Return the caption of a scope that is open, be it a block or a layer with its steps, as markup."""
    scope = describer.describe_scope(box.name) if box.is_folded else Scope(box.name, box.title, box.call, (), box.count)
    return STYLES.make_caption(scope)


def _leave_copies_out(group: Group, describer: Describer) -> Group:
    """Return a box or folded scope without the layers that others of their runs stand for."""
    copies = tuple(f"{unit}." for run in describer.folded.runs.values() for unit in run[1:])
    return replace(group, nodes=tuple(node for node in group.nodes if not node.name.startswith(copies)))
