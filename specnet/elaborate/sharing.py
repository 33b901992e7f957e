"""`same LABEL`: a labelled line once more, with the same weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.diagnostics import Code, Label
from specnet.elaborate.context import Context
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.elaborate.scope import LineLabel, ValueName
from specnet.foreign import closest_word
from specnet.graph import Node
from specnet.layers.base import Shape, format_shape
from specnet.printer.values import format_layer
from specnet.syntax import tree


def repeat_line(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """`same LABEL`"""
    name = call.arguments[0].value if len(call.arguments) == 1 else None
    scope, graph = context.scope, context.graph
    if not isinstance(name, tree.Name):
        context.report(Code.E106, "`same` is written `same LABEL`", call.span)
        return None
    if name.text not in scope.labelled:
        meant = closest_word(name.text, list(scope.labelled))
        context.report_in_call(Code.E202, f"no line above has the label `{name.text}`", name.span, meant=meant)
        return None
    first = len(graph.nodes)
    end = _walk_again(name.text, context, value)
    nodes = {node.name: node for node in graph.nodes}
    originals = [nodes[original] for original in scope.labelled[name.text][1]]
    why = find_difference(graph, originals, graph.nodes[first:]) if end else ""
    if why:
        graph.mark_broken(first)
        line = Label(scope.labels[name.text].span, "first here", primary=False)
        context.report_in_call(Code.E305, f"`{name.text}` cannot be repeated here: {why}", call.span, line)
    return None if why else end


def _walk_again(name: str, context: Context, value: ValueName) -> ValueName:
    """Walk the elements of a labelled line; the new nodes share the weights of the first ones."""
    scope = context.scope
    chain, originals = scope.labelled[name]
    label = context.label or LineLabel(scope.name_for(name, None).removeprefix(scope.path))
    inner = context.change(label=label, originals=iter(originals))
    for element in chain.elements:
        if not isinstance(element, tree.Resume):
            value = context.walker.walk_element(element, inner, value)
    return value


def find_difference(graph: GraphBuilder, originals: Sequence[Node], again: Sequence[Node]) -> str:
    """Return why the nodes of a repeated line cannot share the weights of the first ones; empty if they can.

    The maps may be higher and wider, but must have as many channels and lead to the same layers.
    """
    if any(node.output is None for node in (*originals, *again)):
        return ""  # an error that is reported already
    for first, node in zip(originals, again, strict=False):
        assert first.layer and node.layer, "a layer without an output is reported already"
        if first.layer != node.layer:
            first_text, text = format_layer(first.layer), format_layer(node.layer)
            return f"`{first.name}` is `{first_text}`, and `{node.name}` would be `{text}`"
        for name, shape in _weights(graph, first).items():
            if _weights(graph, node)[name] != shape:
                needed = format_shape(_weights(graph, node)[name])
                return f"the weights of `{first.name}` are {format_shape(shape)}, and `{node.name}` needs {needed}"
    if len(originals) != len(again):
        return f"the line had {len(originals)} layers, and would have {len(again)} here"
    return ""


def _weights(graph: GraphBuilder, node: Node) -> Mapping[str, tuple[int, ...]]:
    """The shapes of the parameters and buffers of a node, by name."""
    shapes: list[Shape | None] = [graph.shapes[name] for name in node.inputs]
    assert node.layer, "only nodes with an output are compared"
    known = tuple(shape for shape in shapes if shape)
    return {**node.layer.parameters(known), **node.layer.buffers(known)}
