"""Match the layers of a file to those of a network, by their names, or else by order and shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from specnet.weights.arrangement import arrange
from specnet.weights.errors import UnfitWeights, UnreadableWeights
from specnet.weights.fitting import COUNTER, Shape, convert, fits_layer
from specnet.weights.search import Pairs, Search
from specnet.weights.stored import StoredLayer, StoredWeights
from specnet.weights.structure import NetworkLayer, find_flattened, find_items, flatten_items
from specnet.weights.tables import describe_shape, format_pairs


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

        Raises UnreadableWeights if one is no finite float.
        """
        layout = self.weights.layout
        flattened = find_flattened(module, input_shape) if layout == "keras" else {}
        tensors = {}
        for ours, theirs in self.pairs:
            for role, shape in ours.shapes.items():
                _refuse_not_finite(self.weights, theirs, role)
                is_output = role == "bias" and len(ours.shapes["weight"]) > 1
                read = None if is_output else flattened.get(ours.name)
                tensors[f"{ours.name}.{role}"] = convert(theirs.tensors[role], shape, layout, read)
            if COUNTER in theirs.tensors:
                tensors[f"{ours.name}.{COUNTER}"] = theirs.tensors[COUNTER]
        return tensors


def match_weights(weights: StoredWeights, module: nn.Module) -> Match:
    """Match all layers of a network but, if need be, the last; raises UnfitWeights."""
    items = find_items(module)
    ours = tuple(flatten_items(items))
    if named := _match_names(weights, ours):
        return named
    refusals = list[UnfitWeights]()
    for arrangement in arrange(weights):
        try:
            found = Search(weights, arrangement, ours).match(items)
        except UnfitWeights as refusal:
            refusals.append(refusal)
        else:
            return Match(weights, found.pairs, False, found.anew, found.resized, found.unused)
    raise refusals[0]


def _match_names(weights: StoredWeights, ours: Sequence[NetworkLayer]) -> Match | None:
    """Return the match by names, if all layers but the last have their names in the file."""
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
    unused = tuple(layer for layer in weights.layers if layer.name not in {own.name for own in ours})
    return Match(weights, pairs, True, anew, stored.get(anew.name) if anew else None, unused)


def _refuse_not_finite(weights: StoredWeights, layer: StoredLayer, role: str) -> None:
    """Raise UnreadableWeights for a tensor that holds no floats, or NaN or infinity."""
    tensor = layer.tensors[role]
    if not tensor.is_floating_point():
        kind = str(tensor.dtype).removeprefix("torch.")
        raise UnreadableWeights(
            f"{weights.path} has no usable weights: {layer.name}.{role} holds {kind}, and no floats"
        )
    if bad := int((~tensor.isfinite()).sum()):
        raise UnreadableWeights(
            f"{weights.path} has no usable weights: {bad:,} of {tensor.numel():,} numbers in {layer.name}.{role} "
            "are not finite"
        )
