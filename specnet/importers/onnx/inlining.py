"""Functions of a file and branches with a known condition, as the operators that they consist of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from specnet.importers.onnx.model import Function, Graph, Node
from specnet.importers.protobuf import Message

REFERS = 21
"""The field of an attribute that names the attribute of the function that it stands for."""


def inline_function(function: Function, call: Node) -> Iterator[Node]:
    """Yield the operators of a function with the values and attributes of a call."""
    names = dict(zip(function.inputs, call.inputs, strict=False))
    names |= dict.fromkeys(function.inputs[len(call.inputs) :], "")
    names |= dict(zip(function.outputs, call.outputs, strict=False))
    given = {**function.defaults, **call.attributes}
    for node in function.nodes:
        attributes = dict(_resolve(node, given))
        yield replace(_rename(node, names, call.label), attributes=attributes)


def _resolve(node: Node, given: dict[str, Message]) -> Iterator[tuple[str, Message]]:
    for name, message in node.attributes.items():
        wanted = message.text(REFERS)
        if not wanted:
            yield name, message
        elif wanted in given:
            yield name, given[wanted]


def inline_branch(branch: Graph, call: Node) -> Iterator[Node]:
    """Yield the operators of a branch, which may read values from around it, and an Identity for each output."""
    names = dict[str, str]()
    for node in branch.nodes:
        yield _rename(node, names, call.label, keep_inputs=True)
    for value, name in zip(branch.outputs, call.outputs, strict=False):
        source = names.get(value.name, value.name)
        yield Node("Identity", "", f"{call.label}/{value.name}", (source,), (name,), {})


def _rename(node: Node, names: dict[str, str], prefix: str, keep_inputs: bool = False) -> Node:
    """Return an operator whose values have the names from around it, or new ones that no other call has."""
    inputs = tuple(names.get(name, name if keep_inputs else f"{prefix}/{name}") if name else "" for name in node.inputs)
    for name in node.outputs:
        if name:
            names.setdefault(name, f"{prefix}/{name}")
    outputs = tuple(names[name] if name else "" for name in node.outputs)
    return replace(node, name=f"{prefix}/{node.label}", inputs=inputs, outputs=outputs)
