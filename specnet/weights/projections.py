"""Join the queries, keys and values of an attention that a file holds apart and the network in one layer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import torch

from specnet.weights.fitting import fits_layer
from specnet.weights.stored import StoredLayer, StoredWeights
from specnet.weights.structure import NetworkLayer

PARTS = (("q", "kv"), ("q", "k", "v"), ("query", "key", "value"), ("q_proj", "k_proj", "v_proj"))
"""The names of layers that follow each other in a file, as PVT, BEiT and the libraries of transformers have them."""

JOINED = "qkv"


def join_projections(weights: StoredWeights, ours: Sequence[NetworkLayer]) -> StoredWeights:
    """Return the weights with such layers in one, where only in one the network has their shapes."""
    wanted = [layer for layer in ours if layer.name.endswith(f".{JOINED}")]
    kept = [layer for layer in ours if layer.name.endswith(f".{PARTS[0][0]}")]
    if not wanted:
        return weights
    stored = {layer.name: layer for layer in weights.layers}
    joined: dict[str, StoredLayer] = {}
    for parts in _find_parts(stored):
        whole = _concatenate(parts)
        if _fits(whole, wanted, weights) and not _fits(parts[0], kept, weights):
            joined |= {part.name: whole for part in parts}
    layers = dict.fromkeys(joined.get(layer.name, layer).name for layer in weights.layers)
    named = stored | {whole.name: whole for whole in joined.values()}
    return replace(weights, layers=tuple(named[name] for name in layers))


def _find_parts(stored: Mapping[str, StoredLayer]) -> Iterator[list[StoredLayer]]:
    """Yield the layers of each attention whose projections are apart."""
    for name in stored:
        owner, _, role = name.rpartition(".")
        for parts in PARTS:
            layers = [stored[name] for part in parts if (name := f"{owner}.{part}") in stored]
            if role == parts[0] and len(layers) == len(parts) and _are_alike(layers):
                yield layers


def _are_alike(layers: Sequence[StoredLayer]) -> bool:
    """Whether layers have the same tensors, which differ in the number of outputs at most."""
    shapes = [{role: tensor.shape[1:] for role, tensor in layer.tensors.items()} for layer in layers]
    return all(each == shapes[0] for each in shapes)


def _concatenate(parts: Sequence[StoredLayer]) -> StoredLayer:
    """Return one layer with the outputs of all parts, which have the same tensors."""
    owner = parts[0].name.rpartition(".")[0]
    roles = parts[0].tensors
    return StoredLayer(f"{owner}.{JOINED}", {role: torch.cat([part.tensors[role] for part in parts]) for role in roles})


def _fits(stored: StoredLayer, layers: Collection[NetworkLayer], weights: StoredWeights) -> bool:
    return any(fits_layer(stored, layer.shapes, weights.layout) for layer in layers)
