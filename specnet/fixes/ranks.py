"""Fixes for a layer that gets a map, a sequence or a vector, and needs another of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from math import isqrt

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.exclusions import widen
from specnet.fixes.expectations import find_expectation
from specnet.fixes.goals import find_upstream
from specnet.fixes.inputs import add_channels
from specnet.graph import Node
from specnet.layers.base import Shape, is_map, is_sequence
from specnet.layers.base.shapes import MEAN, TO_MAP, TO_SEQUENCE
from specnet.source import Span

POOLED = 1.0
"""The cost of a global pool before a layer that flattens a map."""


def change_rank(checked: Checked, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield channels for an input above that has two sizes, and a layer before this one that makes what it needs."""
    network, node = checked.network, checked.network.by_name[diagnostic.node]
    upstream = find_upstream(network, node.name)
    for given in network.inputs:
        if given.name in upstream and is_sequence(given.shape):
            yield from add_channels(checked, given.name)
    yield from _leave_out(checked, node, diagnostic)
    shape = network.shapes[node.inputs[0]] if node.inputs else None
    if shape and len(shape) == 1:
        yield from _take_before_flattening(checked, node)
    if is_map(shape):
        yield _insert(checked, node.name, TO_SEQUENCE, 1.3)
    elif shape and is_sequence(shape):
        yield from _change_kind(checked, node)
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


def _leave_out(checked: Checked, node: Node, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield the layer without the attribute that the error is about."""
    for span in checked.elaborated.places[node.name].attributes.values():
        if span == diagnostic.span:
            yield Candidate((Change("", f"without {span.text}", node.name, Edit(widen(span), "")),), 1.0)


def _take_before_flattening(checked: Checked, node: Node) -> Iterator[Candidate]:
    """Yield tokens before the layer above that has flattened a map: `tokens -> fc 64` for `fc 64`."""
    above = checked.network.by_name.get(node.inputs[0])
    if above is None or not above.inputs or not is_map(checked.network.shapes[above.inputs[0]]):
        return
    yield _insert(checked, above.name, TO_SEQUENCE, 1.2)
    first, second = (checked.elaborated.places[name].element for name in (above.name, node.name))
    between = first.source.text[first.end : second.start] if first.source is second.source else ""
    if second.text == TO_SEQUENCE and re.fullmatch(r"\s*->\s*", between):
        text = f"{second.text} -> {first.text}"
        edit = Edit(Span(first.source, first.start, second.end), text)
        yield Candidate((Change("", text, "", edit),), 1.0)


def _change_kind(checked: Checked, node: Node) -> Iterator[Candidate]:
    """Yield what does the same to a sequence: `ln` for `bn`, `permute CL` for `permute CHW`."""
    if node.layer and node.layer.for_sequences:
        place, other = checked.elaborated.places[node.name], node.layer.for_sequences
        span = place.element if " " in other else place.word
        yield Candidate((Change(span.text, other, "", Edit(span, other)),), 1.0)


def pool_before_flattening(checked: Checked, unmet: Diagnostic) -> Iterator[Candidate]:
    """Yield a global pool before each layer that flattens a map, which may have more parameters than are expected."""
    if find_expectation(checked, unmet.labels[0].span).comparison != "==":
        return
    for node in checked.network.nodes:
        flattens = node.layer and node.layer.flattens and node.output and len(node.output) == 1
        if flattens and is_map(checked.network.shapes[node.inputs[0]]):
            yield _insert(checked, node.name, MEAN, POOLED)
