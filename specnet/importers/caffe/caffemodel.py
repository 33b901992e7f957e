"""The blobs of a caffemodel by the names of their layers; the numbers of the fields are those of caffe.proto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.graph import Network, Node
from specnet.importers.caffe.network import NetWalk
from specnet.importers.caffe.prototxt import CaffeLayer
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import StoredArray
from specnet.importers.protobuf import Message, map_file

if TYPE_CHECKING:
    from numpy import ndarray

OLD_LAYERS, LAYERS = 2, 100
"""The layers of a network, in files of before and after 2014."""

NAME, BLOBS, OLD_NAME, OLD_BLOBS = 1, 7, 4, 6
"""The name and the blobs of a layer, after and before."""

DATA, DOUBLES = 5, 8
"""The numbers of a blob, of 4 or of 8 bytes."""


@dataclass(frozen=True)
class Blob:
    """An array of a caffemodel, whose shape is that of the layer that it is for."""

    message: Message

    def read(self, shape: tuple[int, ...]) -> ndarray:
        import numpy as np

        number, kind = (DATA, "<f4") if self.message.has(DATA) else (DOUBLES, "<f8")
        parts = self.message.parts(number)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        return np.frombuffer(data, kind).astype("f4").reshape(shape)

    @property
    def size(self) -> int:
        """The number of its elements."""
        number, size = (DATA, 4) if self.message.has(DATA) else (DOUBLES, 8)
        return sum(map(len, self.message.parts(number))) // size


def read_blobs(path: Path) -> dict[str, list[Blob]]:
    """Return the blobs of each layer that has some; raises UnreadableModel if the file is no caffemodel."""
    net = Message(map_file(path))
    found = dict[str, list[Blob]]()
    for number, name, blobs in ((OLD_LAYERS, OLD_NAME, OLD_BLOBS), (LAYERS, NAME, BLOBS)):
        for layer in net.messages(number):
            own = [Blob(each) for each in layer.messages(blobs)]
            if own:
                found[layer.text(name)] = own
    if not found:
        raise UnreadableModel(f"{path} is no caffemodel, or one without weights")
    return found


def load_arrays(path: Path, walk: NetWalk, network: Network) -> dict[str, StoredArray]:
    """Return the tensors of all nodes by node and role, matched by the names of layers."""
    blobs, arrays = read_blobs(path), dict[str, StoredArray]()
    for layer in walk.net.layers:
        own = blobs.get(layer.source.name, [])
        for name in walk.nodes.get(layer.source.name, ()) if own and not layer.excluded else ():
            node = network.by_name.get(name)
            if node is not None and node.layer is not None:
                arrays |= _load_node(layer, node, own, network)
    return arrays


def _load_node(layer: CaffeLayer, node: Node, blobs: Sequence[Blob], network: Network) -> dict[str, StoredArray]:
    shapes = network.input_shapes(node) or ()
    assert node.layer
    sizes: Mapping[str, tuple[int, ...]] = {**node.layer.parameters(shapes), **node.layer.buffers(shapes)}
    found = {}
    for role, (place, factor) in _list_roles(layer, blobs, sizes).items():
        if role in sizes and place < len(blobs):
            found[f"{node.name}.{role}"] = _take(layer, role, blobs[place], sizes[role], factor)
    if layer.kind == "Bias":
        found[f"{node.name}.weight"] = StoredArray(sizes["weight"], lambda: _fill(sizes["weight"]))
    return found


def _list_roles(
    layer: CaffeLayer, blobs: Sequence[Blob], sizes: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, float]]:
    """Return the place of the blob for each role, and the factor of its numbers."""
    match layer.kind:
        case "BatchNorm":
            stored = float(blobs[2].read((-1,))[0]) if len(blobs) > 2 and blobs[2].size else 1.0
            factor = 1 / stored if stored else 0.0
            statistics = {"running_mean": (0, factor), "running_var": (1, factor)}
            return statistics | ({"weight": (3, 1.0), "bias": (4, 1.0)} if len(blobs) > 3 else {})
        case "BN":
            return {role: (place, 1.0) for place, role in enumerate(("weight", "bias", "running_mean", "running_var"))}
        case "Bias":
            return {"bias": (0, 1.0)}
        case "Normalize":
            return {"weight": (0, 1 / sqrt(sizes["weight"][0]))}
    return {"weight": (0, 1.0), "bias": (1, 1.0)}


def _take(layer: CaffeLayer, role: str, blob: Blob, shape: tuple[int, ...], factor: float) -> StoredArray:
    is_transposed = layer.kind == "InnerProduct" and role == "weight" and _is_transposed(layer)
    stored = shape[::-1] if is_transposed else shape
    if blob.size not in (prod(shape), 1):
        what = f"{blob.size:,} numbers for its {role}, and {prod(shape):,} are needed"
        raise UnreadableModel(f"the caffemodel is of another network: `{layer.source.name}` has {what}")

    def read() -> ndarray:
        import numpy as np

        values = blob.read(stored) if blob.size == prod(shape) else np.broadcast_to(blob.read((1,)), stored)
        return np.ascontiguousarray((values.T if is_transposed else values) * np.float32(factor))

    return StoredArray(shape, read)


def _is_transposed(layer: CaffeLayer) -> bool:
    return any(each.text("transpose") == "True" for each in layer.message.messages("inner_product_param"))


def _fill(shape: tuple[int, ...]) -> ndarray:
    import numpy as np

    return np.ones(shape, "f4")
