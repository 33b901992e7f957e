"""Match the layers of a file to those of a network, by their names, or else by order and shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from specnet.weights.arrangement import arrange
from specnet.weights.errors import AmbiguousWeights, UnfitWeights, UnreadableWeights
from specnet.weights.fitting import COUNTER, Shape, convert, differs_in_outputs, fits_layer, name_stored
from specnet.weights.flattened import find_flattened
from specnet.weights.projections import join_projections
from specnet.weights.search import Found, Pairs, Search
from specnet.weights.stored import StoredLayer, StoredWeights
from specnet.weights.structure import Item, NetworkLayer, find_items, flatten_items, list_in_order
from specnet.weights.tables import describe_shape, format_ambiguity, format_pairs
from specnet.weights.torch_layout import ROLES


class Counts(NamedTuple):
    """The numbers of tensors that are matched under the same name, under another one, and not at all."""

    by_name: int
    by_order: int
    anew: int


@dataclass(frozen=True)
class Match:
    """The layers of a network with those of a file, the layer that has none, and what the file has beside."""

    weights: StoredWeights
    pairs: Pairs
    by_name: bool
    anew: NetworkLayer | None
    """The last layer, if the file has it in another size or not at all."""
    resized: StoredLayer | None
    """The layer of another size that the file has instead."""
    unused: tuple[StoredLayer, ...]

    def __str__(self) -> str:
        """Return a table of all pairs, with the shapes of both sides."""
        return "\n".join(format_pairs(self.weights.path, self.pairs))

    def format_ends(self) -> list[str]:
        """Return the first and last lines of that table."""
        return format_pairs(self.weights.path, self.pairs, ends=True)

    def count_tensors(self) -> Counts:
        """Count the network's tensors, without bn's counters."""
        by_name = sum(len(ours.shapes) for ours, theirs in self.pairs if ours.name == theirs.name)
        matched = sum(len(ours.shapes) for ours, _ in self.pairs)
        return Counts(by_name, matched - by_name, len(self.anew.shapes) if self.anew else 0)

    def describe_anew(self) -> str:
        """Return the layer that has no weights, with the shape on both sides: `fc (1000×512 there, 10×512 here)`."""
        if not self.anew:
            return ""
        there = describe_shape(self.resized.tensors["weight"].shape) if self.resized else "not"
        return f"{self.anew.name} ({there} there, {describe_shape(self.anew.shapes['weight'])} here)"

    def convert(self, module: nn.Module, input_shape: Shape) -> dict[str, Tensor]:
        """Return the tensors by the network's names and in its shapes, for an input of H×W×C.

        Raises UnreadableWeights if one has no floats, or such as no network computes with.
        """
        layout = self.weights.layout
        flattened = find_flattened(module, input_shape) if layout == "keras" else {}
        tensors = {}
        for ours, theirs in self.pairs:
            names = name_stored(theirs, ours.shapes)
            for role, shape in ours.shapes.items():
                tensor = _read_floats(self.weights, theirs, names[role])
                is_output = role == "bias" and len(ours.shapes.get("weight", ())) > 1
                read = None if is_output else flattened.get(ours.name)
                tensors[f"{ours.name}.{role}"] = convert(tensor, shape, layout, read)
            if COUNTER in theirs.tensors:
                tensors[f"{ours.name}.{COUNTER}"] = theirs.tensors[COUNTER]
        return tensors


def match_weights(weights: StoredWeights, module: nn.Module) -> Match:
    """Match all layers of a network but, if need be, the last; raises UnfitWeights."""
    items = find_items(module)
    ours = tuple(flatten_items(items))
    weights = join_projections(_join_own_tensors(weights, ours), ours)
    if named := _match_names(weights, ours):
        return named
    found = _search_forks(weights, module, items, ours)
    return Match(weights, found.pairs, False, found.anew, found.resized, found.unused)


def _search_forks(
    weights: StoredWeights, module: nn.Module, items: Sequence[Item], ours: tuple[NetworkLayer, ...]
) -> Found:
    """Return the match in which arms are whole, in any order, or else that of all layers in the order of the spec."""
    try:
        return _search(weights, items, ours)
    except AmbiguousWeights:
        raise
    except UnfitWeights as refusal:
        in_order = list_in_order(module, ours)
        try:
            return _search(weights, in_order, in_order)
        except UnfitWeights:
            raise refusal from None


def _join_own_tensors(weights: StoredWeights, ours: Sequence[NetworkLayer]) -> StoredWeights:
    """Return the weights with such tensors as `swish1.beta`, layers of their own in a file, in the layer here.

    The modules of plugins have them.
    """
    homes = {f"{layer.name}.{role}": (layer.name, role) for layer in ours for role in layer.shapes if role not in ROLES}
    if not homes.keys() & {layer.name for layer in weights.layers}:
        return weights
    tensors = dict[str, dict[str, Tensor]]()
    for layer in weights.layers:
        name, role = homes.get(layer.name, (layer.name, ""))
        tensors.setdefault(name, {}).update({role: layer.tensors["weight"]} if role else layer.tensors)
    return replace(weights, layers=tuple(StoredLayer(name, each) for name, each in tensors.items()))


def _search(weights: StoredWeights, items: Sequence[Item], ours: tuple[NetworkLayer, ...]) -> Found:
    """Return the match in the first arrangement that fits; raises UnfitWeights, also if the next contradicts it."""
    refusals, doubtful = list[UnfitWeights](), None
    for arrangement in arrange(weights):
        try:
            found = Search(weights, arrangement, ours).match(items)
        except UnfitWeights as refusal:
            if doubtful and isinstance(refusal, AmbiguousWeights):
                raise
            refusals.append(refusal)
            continue
        if doubtful and _name_pairs(doubtful) != _name_pairs(found):
            raise AmbiguousWeights(
                f"{weights.path} fits this network in several ways: the order of its layers says one, "
                "and the numbers in their names another",
                *format_ambiguity(weights.path, doubtful.pairs, found.pairs),
            )
        if not arrangement.is_doubtful:
            return found
        doubtful = found
    if doubtful:
        return doubtful
    raise refusals[0]


def _name_pairs(found: Found) -> set[tuple[str, str]]:
    return {(ours.name, theirs.name) for ours, theirs in found.pairs}


def _match_names(weights: StoredWeights, ours: Sequence[NetworkLayer]) -> Match | None:
    """Return the match by names, if all layers are there under their own, the last perhaps with other outputs.

    The file may have more layers: names that agree say that it is of a larger network, or has other heads beside.
    """
    stored = {layer.name: layer for layer in weights.layers}
    pairs = tuple(
        (layer, stored[layer.name])
        for layer in ours
        if layer.name in stored and fits_layer(stored[layer.name], layer.shapes, weights.layout)
    )
    matched = {layer.name for layer, _ in pairs}
    missing = [layer for layer in ours if layer.name not in matched]
    if not pairs or missing not in ([], [ours[-1]]):
        return None
    anew = missing[0] if missing else None
    resized = stored.get(anew.name) if anew else None
    if anew and resized and not differs_in_outputs(resized, anew.shapes, weights.layout):
        return None
    unused = tuple(layer for layer in weights.layers if layer.name not in {own.name for own in ours})
    return Match(weights, pairs, True, anew, resized, unused)


def _read_floats(weights: StoredWeights, layer: StoredLayer, role: str) -> Tensor:
    """Return a tensor as fp32, in which networks are kept.

    Raises UnreadableWeights for one without floats, with NaN or infinity, or with negative variances.
    """
    tensor, name = layer.tensors[role], f"{layer.name}.{role}"
    if reason := _describe_unusable(tensor):
        raise UnreadableWeights(f"{weights.path} has no usable weights: {name} {reason}")
    try:
        floats = tensor.float()
    except NotImplementedError:
        raise UnreadableWeights(
            f"{weights.path} has no usable weights: {name} holds {_name_type(tensor)}, which torch does not convert"
        ) from None
    total = f"of {floats.numel():,} numbers in {name}"
    if bad := int((~floats.isfinite()).sum()):
        kind = f" in fp32, to which {_name_type(tensor)} is converted" if tensor.dtype == torch.float64 else ""
        raise UnreadableWeights(f"{weights.path} has no usable weights: {bad:,} {total} are not finite{kind}")
    if role == "running_var" and (bad := int((floats < 0).sum())):
        raise UnreadableWeights(
            f"{weights.path} has no usable weights: {bad:,} {total} are negative, and no variance is"
        )
    return floats


def _describe_unusable(tensor: Tensor) -> str:
    """Return why a tensor has no values to compute with; empty if it has."""
    if tensor.is_meta:
        return "is a meta tensor, which has a shape and no values; load the values into the module before it is saved"
    if tensor.layout != torch.strided:
        return f"is no dense tensor ({tensor.layout}); in Python, tensor.to_dense() returns one"
    if not tensor.is_floating_point():
        return f"holds {_name_type(tensor)}, and no floats"
    return ""


def _name_type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
