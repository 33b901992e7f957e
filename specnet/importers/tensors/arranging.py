"""Find the layers that bring the axes of a value into another order: `tokens`, `permute WHC`, `shuffle G=2` …"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from specnet.builder import make_layer
from specnet.importers.tensors.views import Dims, Part, join, measure, split
from specnet.layers.base import Layer

DEEPEST = 3
"""The most layers that a value is brought into another order by."""

MOST = 4_000
"""The orders that are tried."""


class _Order(NamedTuple):
    """The axes of a value without the batch, C, H, W or L, C or C, and the layers that have made it."""

    dims: Dims
    layers: tuple[tuple[str, tuple[tuple[str, object], ...]], ...] = ()


@lru_cache(maxsize=4096)
def arrange(own: Dims, wanted: Dims) -> tuple[Layer, ...] | None:
    """Return the fewest layers that make a value with the axes `wanted` of one with `own`; None if there are none.

    Axes are in torch's order without the batch: C, H, W of a map, L, C of a sequence, C of a vector.
    """
    orders, tried = [_Order(own)], 0
    for _ in range(DEEPEST + 1):
        for order in orders:
            if order.dims == wanted:
                return tuple(make_layer(kind, dict(attributes)) for kind, attributes in order.layers)
        following = list[_Order]()
        for order in orders:
            following += _list_next(order, wanted)
        tried += len(following)
        if tried > MOST:
            break
        orders = following
    return None


def _list_next(order: _Order, wanted: Dims) -> Iterator[_Order]:
    for kind, attributes, dims in _list_layers(order.dims, wanted):
        if dims is not None:
            yield _Order(dims, (*order.layers, (kind, tuple(attributes.items()))))


_Step = tuple[str, dict[str, object], Dims | None]


def _list_layers(dims: Dims, wanted: Dims) -> Iterator[_Step]:
    """Yield the layers that a value may be given to, with the axes of their results."""
    if len(dims) == 3:
        channels, height, width = dims
        yield "tokens", {}, (join(height, width), channels)
        yield "flatten", {}, (join(channels, height, width),)
        yield from _list_shuffles(dims, wanted)
        for order in ("WHC", "HCW", "WCH", "CHW", "CWH"):
            axes = {"H": height, "W": width, "C": channels}
            new = [axes[letter] for letter in order]
            yield "permute", {"order": order}, (new[2], new[0], new[1])
    if len(dims) == 2:
        yield from _list_maps(dims, wanted)
        yield "permute", {"order": "CL"}, dims[::-1]
        yield "flatten", {}, (join(*dims),)
    yield from _list_reshapes(dims, wanted)


def _list_maps(dims: Dims, wanted: Dims) -> Iterator[_Step]:
    length, channels = dims
    sizes = {(measure(a), measure(b)) for a in wanted for b in wanted if a is not b}
    for height, width in sorted(sizes, reverse=True):
        if height * width == measure(length) and (sides := split(length, (height, width))) is not None:
            yield "map", {"to": (height, width)}, (channels, *sides)


def _list_shuffles(dims: Dims, wanted: Dims) -> Iterator[_Step]:
    channels, height, width = dims
    sizes = sorted({part.size for parts in wanted for part in parts})
    for groups in sizes:
        if (halves := split(channels, (groups, measure(channels) // groups))) and measure(channels) % groups == 0:
            yield "shuffle", {"G": groups}, (join(halves[1], halves[0]), height, width)
    for factor in sizes:
        yield from _list_blocks(dims, factor)


def _list_blocks(dims: Dims, factor: int) -> Iterator[_Step]:
    channels, height, width = dims
    rows = split(height, (measure(height) // factor, factor)) if measure(height) % factor == 0 else None
    columns = split(width, (measure(width) // factor, factor)) if measure(width) % factor == 0 else None
    if rows and columns:
        for order in permutations("CHW"):
            parts = {"C": channels, "H": rows[1], "W": columns[1]}
            made = (join(*(parts[letter] for letter in order)), rows[0], columns[0])
            yield "space_to_depth", _name_block(factor, order), made
    if measure(channels) % factor**2 == 0:
        for order in permutations("CHW"):
            sizes = [measure(channels) // factor**2 if letter == "C" else factor for letter in order]
            if found := split(channels, sizes):
                by = dict(zip(order, found, strict=True))
                yield "depth_to_space", _name_block(factor, order), (
                    by["C"], join(height, by["H"]), join(width, by["W"])
                )  # fmt: skip


def _name_block(factor: int, order: Sequence[str]) -> dict[str, object]:
    letters = "".join(order)
    return {"factor": factor} if letters == "CHW" else {"factor": factor, "order": letters}


def _list_reshapes(dims: Dims, wanted: Dims) -> Iterator[_Step]:
    """Yield the reshape to the wanted sizes, where the elements are in the order of torch already."""
    sizes = tuple(map(measure, wanted))
    made = split(tuple(part for axis in dims for part in axis), sizes)
    if made == wanted and len(sizes) in (1, 2, 3):
        shape = (*sizes[1:], sizes[0]) if len(sizes) == 3 else sizes
        yield "reshape", {"shape": shape}, made


def count_whole(parts: Sequence[Part], axis: str) -> int:
    """Return the elements of an axis that parts of it read, if they are all of the first; 0 otherwise."""
    ordered, count = sorted(part for part in parts if part.axis == axis), 1
    for part in ordered:
        if part.inner != count:
            return 0
        count *= part.size
    return count
