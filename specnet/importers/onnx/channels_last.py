"""Inputs and outputs N×H×W×C, as Keras and TensorFlow have them, which a file turns for its convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from specnet.importers.onnx.building import ProgramBuilder, Sizes
from specnet.importers.tensors.program import Operator

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)
"""The orders of axes that bring a map to N×C×H×W, and back."""

RULE = "the file takes N×H×W×C and turns it, and networks here take maps as they are"


def turn_inputs(program: ProgramBuilder, shapes: dict[str, Sizes]) -> set[str]:
    """Let inputs that the file turns first be maps; return which these are."""
    readers = dict[str, list[Operator]]()
    for op in program.operators:
        for name in filter(None, op.inputs):
            readers.setdefault(name, []).append(op)
    changed, turned = dict[str, Operator](), set[str]()
    for name, shape in shapes.items():
        found = _follow(name, readers) if len(shape) == 4 else None
        if found:
            changed |= found
            turned.add(name)
            shapes[name] = program.shapes[name] = _order(shape, FIRST)
    program.operators[:] = [changed.get(op.output, op) for op in program.operators]
    return turned


def _follow(name: str, readers: Mapping[str, Sequence[Operator]]) -> dict[str, Operator] | None:
    """Return the operators between an input and those that turn it, as they are for maps; None for any other use."""
    changed, waiting = dict[str, Operator](), [name]
    while waiting:
        following = readers.get(waiting.pop(), ())
        for op in following:
            made = _change(op)
            if made is None:
                return None
            changed[op.output] = made
            waiting += [] if op.kind == "permute" else [op.output]
    return changed or None


def _change(op: Operator) -> Operator | None:
    if op.kind == "permute" and op.attributes["dims"] == FIRST:
        return replace(op, kind="identity", attributes={}, rule=RULE)
    if op.kind == "identity":
        return replace(op, shape=_order(op.shape, FIRST))
    if op.kind == "pad":
        padding = tuple(op.attributes["padding"][axis] for axis in FIRST)
        return replace(op, shape=_order(op.shape, FIRST), attributes={**op.attributes, "padding": padding})
    return None


def _order(shape: Sizes, dims: Sequence[int]) -> Sizes:
    return tuple(shape[axis] for axis in dims)


def turn_outputs(outputs: Sequence[str], program: ProgramBuilder) -> tuple[tuple[str, ...], set[str]]:
    """Return maps in place of those with their channels last that a file gives, and which of them are such."""
    last = {op.output: op for op in program.operators if op.kind == "permute" and op.attributes["dims"] == LAST}
    made = tuple(str(last[name].inputs[0]) if name in last else name for name in outputs)
    return made, {new for name, new in zip(outputs, made, strict=True) if name in last}
