"""Constants that a value is added to or multiplied by, and that training does not change, as of a normalisation."""

from __future__ import annotations

from math import prod

from specnet.importers.imported import Fate, StoredArray
from specnet.importers.tensors.arrays import combine, fill_array, read_along, read_uniform
from specnet.importers.tensors.draft import Draft, make
from specnet.importers.tensors.program import Operator
from specnet.importers.tensors.views import View
from specnet.layers.base import Layer
from specnet.layers.base.families import is_frozen

FIXED = "its constants are weights that are not learned, which come along with the weights"

REPEATED = "its constant has the same numbers at all positions"


def is_fixed(draft: Draft, op: Operator, whole: View) -> bool:
    """Whether the constant of an operator is none that training changes.

    Where the source does not tell parameters from other constants, it is one that is subtracted, one that divides, and
    one that follows such a constant: the layers that learn numbers add them and multiply by them.
    """
    learned = draft.program.learned
    if learned is not None:
        return not any(name in learned for name in op.inputs)
    return op.kind in ("sub", "div") or is_frozen_scale(draft.nodes[whole.node].layer)


def is_frozen_scale(layer: Layer | None) -> bool:
    return layer is not None and layer.kind == "scale" and all(is_frozen(layer, role) for role in ("weight", "bias"))


def collapse(placed: StoredArray, channel_axis: int) -> StoredArray | None:
    """Return a constant as one number for each channel, or for all; None if it differs from position to position."""
    if all(size == 1 for axis, size in enumerate(placed.shape) if axis != channel_axis):
        return None
    return read_along(placed, channel_axis)


def add_frozen_scale(draft: Draft, op: Operator, node: int, numbers: StoredArray, kind: str) -> int:
    """Add factors or numbers of the channels that are not learned; those of a scale right before it are the same one.

    From (x + b)·s come the factors s and the numbers b·s.
    """
    before, channels = draft.nodes[node], (draft.nodes[node].shape[-1],)
    factors, added, read = fill_array(channels, 1.0), fill_array(channels, 0.0), node
    if is_frozen_scale(before.layer):
        factors, added = before.arrays["weight"], before.arrays.get("bias", added)
        (read,) = before.inputs
    if kind == "mul":
        factors, added = combine(factors, numbers, "multiply"), combine(added, numbers, "multiply")
    else:
        added = combine(added, numbers, "add")
    init = {"init": number} if (number := read_uniform(factors)) is not None else {}
    layer = make("scale", {**init, "bias": True, "freeze": "all"})
    made = draft.add(op, layer, [read], {"weight": factors, "bias": added}, Fate.EQUAL, FIXED)
    draft.nodes[made].weights = ()  # those of another scale may differ by what comes before
    if read != node and before.source != op.source:
        draft.note(before.source, Fate.EQUAL, "its constants are those of the `scale` behind it here", made)
    return made


def spread(numbers: StoredArray, channels: int) -> StoredArray:
    """Return one number for each channel of a constant that has one for each, or one for all."""
    return numbers if prod(numbers.shape) == channels else fill_array((channels,), float(numbers.read().reshape(-1)[0]))
