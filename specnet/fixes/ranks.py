"""Fixes for a layer that gets a sequence and needs a map, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isqrt

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.goals import find_upstream
from specnet.fixes.inputs import add_channels
from specnet.layers.base import Shape, is_map, is_sequence
from specnet.layers.base.shapes import TO_MAP, TO_SEQUENCE


def change_rank(checked: Checked, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield channels for an input above that has two sizes, and a layer before this one that makes what it needs."""
    network, node = checked.network, checked.network.by_name[diagnostic.node]
    upstream = find_upstream(network, node.name)
    for given in network.inputs:
        if given.name in upstream and is_sequence(given.shape):
            yield from add_channels(checked, given.name)
    shape = network.shapes[node.inputs[0]] if node.inputs else None
    if is_map(shape):
        yield _insert(checked, node.name, TO_SEQUENCE, 1.3)
    elif shape and is_sequence(shape):
        sizes = [size for name in upstream if (size := network.shapes[name]) and is_map(size)]
        for number, written in enumerate(_list_sizes(shape[0], sizes)):
            yield _insert(checked, node.name, f"{TO_MAP} {written}", 1.3 + number / 10)


def _list_sizes(length: int, maps: list[Shape]) -> list[str]:
    """Return the sizes of a map of so many positions: those of maps above, else the square."""
    found = dict.fromkeys(f"{height}x{width}" for height, width, _ in maps if height * width == length)
    side = isqrt(length)
    return [*found] or [f"{side}x{side}"] * (side**2 == length)


def _insert(checked: Checked, node: str, layer: str, cost: float) -> Candidate:
    """Return the candidate that writes a layer before another one on its line."""
    place = checked.elaborated.places[node].element
    before = replace(place, end=place.start)
    return Candidate((Change("", f"{layer} -> {place.text}", "", Edit(before, f"{layer} -> ")),), cost)
