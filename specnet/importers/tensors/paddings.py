"""Zeros that are put around a map for the convolution behind, as tools without uneven padding do."""

from __future__ import annotations

from dataclasses import replace

from specnet.importers.tensors.program import Operator, Program
from specnet.importers.tensors.rewriting import Finder, replace_operators
from specnet.layers.base.padding import compute_same_padding

Sides = tuple[tuple[int, int], ...]

LOWEST = float("-inf")
"""What a maximum is padded with."""


def fuse_uneven_padding(program: Program) -> Program:
    """Return a program in which convolutions and maxima have the padding before them, where its sides differ.

    Padding of equal sides stays an operator, as whoever wrote it could have written it as that of the convolution.
    """
    finder, changed = Finder(program), dict[str, tuple[Operator, ...]]()
    for op in program.operators:
        pad = finder.find(op.inputs[0], "pad") if op.kind in ("conv", "max_pool") and op.inputs else None
        if pad and finder.reads[pad.output] == 1 and (sides := _find_sides(op, pad)):
            attributes = {**op.attributes, "padding": sides}
            inputs = (pad.inputs[0], *op.inputs[1:])
            changed[op.output] = (replace(op, inputs=inputs, attributes=attributes, absorbed=(pad.source,)),)
    return replace_operators(finder, changed)


def _find_sides(op: Operator, pad: Operator) -> Sides | None:
    """Return the padding as that of the operator behind; None if that cannot have it."""
    value = pad.attributes.get("value") or 0
    wanted = (0,) if op.kind == "conv" else (LOWEST,)
    sides = tuple((int(before), int(after)) for before, after in pad.attributes["padding"])
    if pad.attributes.get("mode", "constant") != "constant" or value not in wanted or len(sides) != 4:
        return None
    own = op.attributes["padding"]
    is_uneven = any(before != after for before, after in sides[2:])
    if any(map(any, (*sides[:2], *own))) or not is_uneven or min(map(min, sides)) < 0:
        return None
    return sides[2:]


def is_same(op: Operator, size: tuple[int, ...], window: tuple[int, ...]) -> bool:
    """Whether uneven padding is what `P=same` gives for a map of a height and width."""
    given = op.attributes
    return tuple(
        compute_same_padding(*axis)
        for axis in zip(size, window, given["stride"], given.get("dilation", (1, 1)), strict=True)
    ) == tuple(map(tuple, given["padding"])) and any(before != after for before, after in given["padding"])
