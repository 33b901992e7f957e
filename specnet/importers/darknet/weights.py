"""The numbers of a .weights file, section by section, in the order in which Darknet's parser.c loads them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.graph import Network, Node
from specnet.importers.darknet.cfg import Section
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import StoredArray
from specnet.importers.protobuf import map_file

if TYPE_CHECKING:
    from numpy import ndarray

LARGEST_VERSION = 1000
"""Above it, Darknet takes the weights of [connected] for transposed."""

NORM = ("weight", "running_mean", "running_var")
"""Of a normalisation, in the order of the file: scales, means and variances; its biases come first of all."""


@dataclass
class Numbers:
    """A file of float32 numbers behind a header, which are taken one array after the other."""

    path: Path
    data: memoryview
    at: int
    is_transposed: bool

    def take(self, shape: tuple[int, ...]) -> StoredArray:
        """Return the next array, which is read when it is used; raises UnreadableModel at the end of the file."""
        size = 4 * prod(shape)
        part = self.data[self.at : self.at + size]
        if len(part) < size:
            needed, there = (self.at + size) // 4, len(self.data) // 4
            raise UnreadableModel(
                f"{self.path} is of another network: it has {there:,} numbers, and {needed:,} or more are needed"
            )
        self.at += size
        return StoredArray(shape, _reader(part, shape))


def _reader(part: memoryview, shape: tuple[int, ...]) -> Callable[[], ndarray]:
    def read() -> ndarray:
        import numpy as np

        return np.frombuffer(part, "<f4").reshape(shape)

    return read


def open_numbers(path: Path) -> Numbers:
    """Open a file behind its header: three numbers for the version, and the images seen, of 4 or 8 bytes."""
    data = map_file(path)
    if len(data) < 16:
        raise UnreadableModel(f"{path} is no file of Darknet's weights: it has {len(data)} bytes")
    major, minor, _ = struct.unpack("<3i", data[:12])
    is_long = major * 10 + minor >= 2 and major < LARGEST_VERSION and minor < LARGEST_VERSION
    return Numbers(path, data, 20 if is_long else 16, major > LARGEST_VERSION or minor > LARGEST_VERSION)


def load_arrays(
    path: Path, sections: list[Section], nodes: Mapping[int, tuple[str, ...]], network: Network
) -> dict[str, StoredArray]:
    """Return the tensors of all nodes by node and role; raises UnreadableModel for a file of another network."""
    numbers, arrays = open_numbers(path), dict[str, StoredArray]()
    for section in sections:
        own = [network.by_name[name] for name in nodes.get(section.place, ()) if name in network.by_name]
        shared = section.options.get("share_index")
        if shared is not None:
            _copy(arrays, own, nodes.get(shared if shared >= 0 else section.place + shared, ()), network)
        else:
            arrays |= _load_section(numbers, section, own, network)
    if numbers.at != len(numbers.data):
        left = (len(numbers.data) - numbers.at) // 4
        raise UnreadableModel(f"{path} is of another network: {left:,} numbers are left over")
    return arrays


def _copy(arrays: dict[str, StoredArray], own: list[Node], others: tuple[str, ...], network: Network) -> None:
    for node, other in zip(own, others, strict=False):
        for role in ("bias", *NORM):
            if f"{other}.{role}" in arrays:
                arrays[f"{node.name}.{role}"] = arrays[f"{other}.{role}"]


def _load_section(numbers: Numbers, section: Section, own: list[Node], network: Network) -> dict[str, StoredArray]:
    found, learned, norm = dict[str, StoredArray](), None, None
    scales = []
    for node in own:
        shapes = network.input_shapes(node) or ()
        if node.layer is None or not node.layer.parameters(shapes):
            continue
        if node.layer.buffers(shapes):
            norm = (node, dict(node.layer.parameters(shapes)))
        elif len(node.layer.parameters(shapes)["weight"]) > 1:
            learned = (node, dict(node.layer.parameters(shapes)))
        else:
            scales.append((node, node.layer.parameters(shapes)["weight"]))
    if learned is None and norm is None:
        return _load_scales(numbers, section, scales)
    biased = norm or learned
    assert biased
    found[f"{biased[0].name}.bias"] = numbers.take(
        (biased[1]["weight"][0],) if norm or "bias" not in biased[1] else biased[1]["bias"]
    )
    is_connected = section.kind == "connected"
    if is_connected and learned:
        found[f"{learned[0].name}.weight"] = _take_connected(numbers, learned[1]["weight"])
    if norm:
        found |= {f"{norm[0].name}.{role}": numbers.take(norm[1]["weight"]) for role in NORM}
    if learned and not is_connected:
        found[f"{learned[0].name}.weight"] = numbers.take(learned[1]["weight"])
    return found


def _take_connected(numbers: Numbers, shape: tuple[int, ...]) -> StoredArray:
    if not numbers.is_transposed:
        return numbers.take(shape)
    stored = numbers.take(shape[::-1])
    return StoredArray(shape, lambda: stored.read().T)


def _load_scales(
    numbers: Numbers, section: Section, scales: list[tuple[Node, tuple[int, ...]]]
) -> dict[str, StoredArray]:
    """Return the weights of a [shortcut]: a row for each value, or a number for each."""
    found = {}
    is_single = section.options.get("weights_type") == "per_feature"
    for node, shape in scales:
        stored = numbers.take((1,) if is_single else shape)
        found[f"{node.name}.weight"] = StoredArray(shape, _repeat(stored, shape) if is_single else stored.read)
    return found


def _repeat(stored: StoredArray, shape: tuple[int, ...]) -> Callable[[], ndarray]:
    def read() -> ndarray:
        import numpy as np

        return np.broadcast_to(stored.read(), shape)

    return read
