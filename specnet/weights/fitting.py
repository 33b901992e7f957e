"""Whether a stored tensor fits one of the network, and the values in the network's own form.

A torch Linear over a flattened map reads C·H·W values, a Keras Dense H·W·C: its columns are put in torch's order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod

from torch import Tensor

from specnet.weights.stored import Layout, StoredLayer

Shape = tuple[int, ...]

COUNTER = "num_batches_tracked"
"""What torch's bn counts; a file may lack it."""


def fits_layer(stored: StoredLayer, wanted: Mapping[str, Shape], layout: Layout) -> bool:
    """Whether a stored layer has the wanted tensors and no others, in shapes that fit."""
    names = name_stored(stored, wanted)
    return stored.tensors.keys() - {COUNTER} == set(names.values()) and all(
        fits(tuple(stored.tensors[names[role]].shape), shape, layout) for role, shape in wanted.items()
    )


def name_stored(stored: StoredLayer, wanted: Collection[str]) -> Mapping[str, str]:
    """Return the stored name of each wanted tensor: its own, or any where a layer has but one, as `bias_table`."""
    if len(wanted) == len(stored.tensors) == 1:
        return dict(zip(wanted, stored.tensors, strict=True))
    return {role: role for role in wanted}


def fits(stored: Shape, wanted: Shape, layout: Layout) -> bool:
    """Whether the values of a stored shape are those of the wanted one: an fc may be a conv of a map of its size."""
    if _drop_ones(stored) == _drop_ones(wanted):
        return True
    if {len(stored), len(wanted)} == {2, 4} and stored[0] == wanted[0]:
        return prod(stored) == prod(wanted)
    return is_google_bias(stored, wanted) or (layout == "keras" and is_depthwise(stored, wanted))


def is_google_bias(stored: Shape, wanted: Shape) -> bool:
    """Whether a bias by distance is MaxViT's, heads×(2h − 1)×(2w − 1) by the key's place less the query's.

    Here, as in Swin, it is (2h − 1)(2w − 1)×heads by the query's place less the key's.
    """
    return len(stored) == 3 and (stored[1] * stored[2], stored[0]) == wanted


def differs_in_outputs(stored: StoredLayer, wanted: Mapping[str, Shape], layout: Layout) -> bool:
    """Whether a stored layer differs from the wanted one in the number of its outputs alone."""
    there, here = stored.tensors.get("weight"), wanted.get("weight")
    return (
        there is not None
        and here is not None
        and fits((here[0], *there.shape[1:]), here, layout)
        and stored.tensors.keys() - {COUNTER} == wanted.keys()
    )


def is_depthwise(stored: Shape, wanted: Shape) -> bool:
    """Whether Keras's F×F×C×1, read as one filter of C channels, is C filters of one channel each."""
    return len(stored) == 4 and stored[0] == 1 and (stored[1], 1, *stored[2:]) == wanted


def _drop_ones(shape: Shape) -> Shape:
    """Return a shape without ones at its end: K×C×1×1 as K×C."""
    while shape[-1:] == (1,) and len(shape) > 1:
        shape = shape[:-1]
    return shape


def convert(tensor: Tensor, wanted: Shape, layout: Layout, flattened: Shape | None) -> Tensor:
    """Return a tensor that fits in the wanted shape; `flattened` is the C×H×W of the map that its layer reads as one.

    Whatever reads a vector made of Keras's H·W·C is put in the order C·H·W.
    """
    shape = tuple(tensor.shape)
    if is_google_bias(shape, wanted):
        return tensor.flip(1, 2).flatten(1).T
    if layout == "keras" and shape != wanted and is_depthwise(shape, wanted):
        return tensor.transpose(0, 1)
    if layout == "keras" and len(shape) == 2 and len(wanted) == 4:
        flattened = wanted[1:]
    if layout == "keras" and flattened and len(shape) < 3:
        channels, height, width = flattened
        tensor = tensor.reshape(*shape[:-1], height, width, channels).movedim(-1, -3)
    return tensor.reshape(wanted)
