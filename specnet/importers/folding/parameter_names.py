"""Names of a block's parameters: the letter of the attribute, or in an inception module those of its paper."""

from __future__ import annotations

from specnet.importers.folding.items import Leaf, Sequence, get_window
from specnet.layers.base import Layer

LEAST_ARMS = 3
"""The number of arms from which on the filters of each have names of their own."""


def name_parameter(key: str, layers: list[Layer], arms: list[Sequence], taken: set[str]) -> str:
    """Return a name for an attribute that differs from call to call."""
    name = _name_filters(layers[0], arms[-1]) if key == "K" and arms else key
    new, number = name, 1
    while new in taken:
        number += 1
        new = f"{name}{number}"
    return new


def _name_filters(layer: Layer, arm: Sequence) -> str:
    """Return `n3` for 3x3 filters in an arm, `r3` for the 1x1 ones before them, `pool` behind a pool."""
    layers = [item.node.layer for item in arm if isinstance(item, Leaf) and item.node.layer]
    sized = [(each, size[0]) for each in layers if (size := get_window(each)) and size[0] == size[1]]
    place = next((n for n, (each, _) in enumerate(sized) if each is layer), None)
    if place is None:
        return "K"
    if place and not sized[0][0].output_field:
        return "pool"
    own = sized[place][1]
    later = [other for _, other in sized[place + 1 :] if other != 1]
    return f"r{later[0]}" if own == 1 and later else f"n{own}"
