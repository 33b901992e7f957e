"""Arrange the layers of a file in queues, within each of which they follow one another as in the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from specnet.weights.stored import StoredLayer, StoredWeights

NUMBER = re.compile(r"\d+[a-z]?")
"""What counts layers in a name: `3` of `conv3`, `4b` of `block4b_conv`."""

AUXILIARY = re.compile(r"(^|[._/])(aux|auxlogits|aux_?\d|aux_?logits\d?|aux_?classifier)[._/]", re.IGNORECASE)
"""The names of classifiers beside the last one, which serve training alone: in GoogLeNet, in DeepLab."""

POOLING = re.compile("pool", re.IGNORECASE)
"""What names say of an arm that pools: `branch_pool` in a file, `AvgPool2d` and `max_pool2d` in torch."""

BIASES = re.compile(r"bias_table$")
"""The names of what attention adds by distance: Swin's and MaxViT's `relative_position_bias_table`."""


@dataclass(frozen=True)
class Arrangement:
    """Queues of layers, in one of which is the next layer of the network."""

    queues: tuple[tuple[StoredLayer, ...], ...]
    follows_names: bool = False
    """Whether only the names tell which queue gives the next layer."""
    follows_branches: bool = True
    """Whether the order of layers in parallel branches is known."""
    is_doubtful: bool = False
    """Whether the names say another order, so that a match by them must agree."""


def arrange(weights: StoredWeights) -> list[Arrangement]:
    """Return the arrangements that a file allows, the most trustworthy first.

    torch lists layers as they are made, Keras by their depth, safetensors by name. The numbers in names count layers as
    they are made. A file of torch whose names were sorted says as little by its order as safetensors.
    """
    numbered = sorted(weights.layers, key=lambda layer: _find_numbers(layer.name))
    by_names = Arrangement(_split(numbered, _find_pattern), follows_names=True)
    if weights.order == "lost" or (weights.order == "made" and _is_sorted(weights.layers)):
        return [by_names]
    has_kinds = any(layer.kind for layer in weights.layers)
    queues = _split(weights.layers, _find_sort)
    is_doubtful = weights.order == "made" and any(map(_is_disordered, _find_series(weights.layers)))
    by_order = Arrangement(queues, has_kinds, weights.order == "made", is_doubtful)
    has_names = not any(layer.name.startswith("layers/") for layer in weights.layers)
    return [by_order, by_names] if has_names else [by_order]


def _find_series(layers: Iterable[StoredLayer]) -> list[list[str]]:
    """Return the names that differ in their numbers alone, in the order of the file."""
    series: dict[Any, list[str]] = {}
    for layer in layers:
        series.setdefault(_find_pattern(layer), []).append(layer.name)
    return list(series.values())


def _is_sorted(layers: Sequence[StoredLayer]) -> bool:
    """Whether a file of torch was sorted by names, which a module is not: it lists `weight` before `bias`.

    Without biases, the names of layers tell it: sorted as text, `conv10` comes before `conv2`.
    """
    roles = [list(layer.tensors) for layer in layers if len(layer.tensors) > 1]
    names = [layer.name for layer in layers]
    if all(own == sorted(own) for own in roles) and (roles or names == sorted(names)):
        return True
    return any(_is_disordered(series) and series == sorted(series) for series in _find_series(layers))


def _is_disordered(names: Sequence[str]) -> bool:
    """Whether the numbers of names do not ascend."""
    numbers = [_find_numbers(name) for name in names]
    return numbers != sorted(numbers)


def _split(layers: Iterable[StoredLayer], sort: Callable[[StoredLayer], Any]) -> tuple[tuple[StoredLayer, ...], ...]:
    """Return the layers of each sort; auxiliary classifiers stand last, as those that make them have forks there."""
    queues: dict[Any, list[StoredLayer]] = {}
    for layer in sorted(layers, key=lambda layer: bool(AUXILIARY.search(layer.name))):
        queues.setdefault(sort(layer), []).append(layer)
    return tuple(map(tuple, queues.values()))


def _find_sort(layer: StoredLayer) -> Any:
    """Return the sort of a layer: its class, and whether it has a weight of several axes, or which vectors.

    Embeddings of a class or of positions, 1×L×C, are a sort for each length: torch lists them before all other layers.
    Biases by distance are one, too: attention lists them before or behind its projections.
    """
    if BIASES.search(layer.name):
        return layer.kind, "biases"
    weight = layer.tensors.get("weight")
    if weight is not None and weight.ndim == 3 and weight.shape[0] == 1:
        return layer.kind, tuple(weight.shape)
    return layer.kind, "weights" if weight is not None and weight.ndim > 1 else frozenset(layer.tensors)


def _find_pattern(layer: StoredLayer) -> Any:
    return NUMBER.sub("#", layer.name), _find_sort(layer)


def _find_numbers(name: str) -> list[tuple[int, str]]:
    """Return the numbers of a name, by which layers of a pattern are sorted: `conv2d` comes before `conv2d_1`."""
    return [split_number(number) for number in NUMBER.findall(name.replace("conv2d", "convolution"))]


def split_number(number: str) -> tuple[int, str]:
    """Return 4 and `b` for `4b`."""
    digits = number.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits), number.removeprefix(digits)
