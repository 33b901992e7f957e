"""Arms of a join that should meet: another attribute in one of them, or a projection beside the identity."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit, Fix
from specnet.fixes.attributes import settings_that_give
from specnet.graph import Node
from specnet.layers.base import Shape
from specnet.source import Span


def arms_that_meet(checked: Checked, diagnostic: Diagnostic) -> Iterator[Fix]:
    """The projection first, as it leaves the arms alone; then each arm made to give another's shape."""
    join = checked.network.by_name[diagnostic.node]
    yield from _projection(checked, join)
    shapes = [checked.network.shapes[name] for name in join.inputs]
    for name in join.inputs:
        for shape in dict.fromkeys(shapes):
            if shape and shape != checked.network.shapes[name]:
                yield from _made_to_give(checked, name, shape, join.kind == "concat")


def _made_to_give(checked: Checked, name: str, shape: Shape, keep_channels: bool) -> Iterator[Fix]:
    """The layer that gave an arm its shape with one attribute changed."""
    node = checked.network.shape_origin(name)
    if node and node.output and node.layer:
        wanted = (*shape[:-1], node.output[-1]) if keep_channels else shape
        for setting in settings_that_give(checked, node, wanted):
            yield setting.fix


def _projection(checked: Checked, join: Node) -> Iterator[Fix]:
    """`identity` → `identity or { conv K=… F=1 S=… }`, with K and S as the other arm says them."""
    element = checked.elaborated.places[join.name].element
    identity = re.search(r"\bidentity\b(?!\s+or\b)", element.text)
    if join.kind != "add" or not identity:
        return
    filters = re.findall(r"\bconv\b[^\n|}]*?\bK=(\S+)", element.text)
    strides = [stride for stride in re.findall(r"\bS=(\S+)", element.text) if stride != "1"]
    if filters:
        stride = f" S={strides[0]}" if strides else ""
        end = element.start + identity.end()
        text = f" or {{ conv K={filters[-1]} F=1{stride} }}"
        yield Fix(f"identity{text}", (Edit(Span(element.source, end, end), text),))
