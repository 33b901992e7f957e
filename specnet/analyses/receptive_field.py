"""Receptive fields: the number of input pixels, along height and width, that one position of a map depends on.

Each layer declares what one output position reads (`specnet.layers.base.traits`). A window of k positions and stride s
sees r = r' + (k − 1)·j' pixels, and neighbouring output positions are j = j'·s pixels apart, with r' = j' = 1 at the
input; where paths meet, the largest r counts
(Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks").

The field of a vector is that of all its elements together. Pixels in the padding count, the statistics of a whole map
(bn, gn, ln) do not. Behind a layer that does not declare what it reads, the field is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod

from specnet.graph import Network, Node
from specnet.layers.base import Shape
from specnet.layers.base.traits import SAME_POSITION, Elements, Reach, Reading

Pixels = tuple[int, int]
"""The pixels along height and width."""

MAX_STEP = 1e12
"""The largest step in pixels from one position to the next; beyond it, a map has a single position."""


@dataclass(frozen=True)
class Field:
    """The field along one axis of a value.

    `along` is the corresponding axis of the image, `size` the number of pixels seen, `step` the number of pixels from
    one position to the next.
    """

    along: int
    size: float = 1
    step: float = 1

    def read_by(self, reach: Reach) -> Field:
        """Return the field of an output that reads this value."""
        size = self.size + (reach.positions - 1) * self.step
        return Field(self.along, size, min(self.step * reach.stride, MAX_STEP))


Fields = tuple[Field, ...]
"""The fields along height and width of a map, or for a vector, of the image; empty for a value that sees no image."""


def compute_receptive_fields(network: Network) -> Mapping[str, Pixels]:
    """Return the known receptive field of each value that sees an image."""
    found = _trace_fields(network)
    return {name: _pixels(fields) for name, fields in found.items() if fields}


def compute_largest_receptive_field(network: Network) -> Pixels | None:
    """Return the largest field of the layers that slide a window, (0, 0) without any; None if a field is unknown."""
    found = _trace_fields(network)
    if next(_unknown(network, found), None):
        return None
    seen = [_pixels(fields) for node in network.nodes if _slides(node) and (fields := found[node.name])]
    return max((height for height, _ in seen), default=0), max((width for _, width in seen), default=0)


def find_unknown_layer(network: Network) -> str:
    """Return the name of the first layer whose field is unknown."""
    return next(_unknown(network, _trace_fields(network)))


def _unknown(network: Network, found: Mapping[str, Fields | None]) -> Iterator[str]:
    """Yield the names of the layers with an unknown field, except those at or behind an error."""
    return (node.name for node in network.nodes if node.output is not None and found[node.name] is None)


def _slides(node: Node) -> bool:
    return node.layer is not None and node.layer.slides


def _pixels(fields: Fields) -> Pixels:
    height, width = sorted(fields, key=lambda field: field.along)
    return ceil(height.size - 1e-6), ceil(width.size - 1e-6)


def _trace_fields(network: Network) -> Mapping[str, Fields | None]:
    """Return the fields of every value; None if unknown."""
    found: dict[str, Fields | None] = {i.name: _fields_of_input(i.shape) for i in network.inputs}
    for node in network.nodes:
        inputs = [found[name] for name in node.inputs]
        known = [fields for fields in inputs if fields is not None]
        found[node.name] = _fields_of_node(network, node, known) if len(known) == len(inputs) else None
    return found


def _fields_of_input(shape: Shape) -> Fields | None:
    return (Field(0), Field(1)) if len(shape) == 3 else () if shape else None


def _fields_of_node(network: Network, node: Node, inputs: Sequence[Fields]) -> Fields | None:
    shapes = network.input_shapes(node)
    readings = node.layer.receptive_field(shapes) if node.layer and node.output and shapes else None
    if readings is None or shapes is None or node.output is None:
        return None
    read = list[Fields]()
    for reading, shape, fields in zip(readings, shapes, inputs, strict=True):
        through = _apply_reading(reading, shape, fields, node.output)
        if through is None:
            return None
        read += [through] if through else []
    return _join_fields(read, node.output)


def _apply_reading(reading: Reading, shape: Shape, fields: Fields, output: Shape) -> Fields | None:
    """Return the field that an output sees through one of its inputs; None if unknown."""
    if not fields or (len(shape) == 1 and reading == SAME_POSITION):
        return fields
    if reading is Elements.ALL:
        return _field_of_whole(shape, fields, 0)
    if reading is Elements.MOVED:
        return _field_of_moved(shape, fields, output)
    if len(shape) == 1:
        return None
    axes = (reach.axis if reach.axis is not None else axis for axis, reach in enumerate(reading))
    return tuple(fields[axis].read_by(reach) for axis, reach in zip(axes, reading, strict=True))


def _field_of_whole(shape: Shape, fields: Fields, step: float) -> Fields:
    """Return the field of all positions of a map, or of all elements of a vector, together."""
    sizes = shape[:2] if len(shape) == 3 else (1, 1)
    return tuple(replace(f.read_by(Reach(size)), step=step) for f, size in zip(fields, sizes, strict=True))


def _field_of_moved(shape: Shape, fields: Fields, output: Shape) -> Fields | None:
    """Return the field of rearranged elements: known only if all see the same pixels or end up in one position."""
    if all(field.step == 0 for field in fields) or shape[:-1] == (1, 1):
        return _field_of_whole(shape, fields, 0)
    is_one = len(output) == 1 or output[:2] == (1, 1)
    return _field_of_whole(shape, fields, 1) if is_one and prod(output) >= prod(shape) else None


def _join_fields(read: Sequence[Fields], output: Shape) -> Fields | None:
    """Return the largest field along each axis; None if fields run along different axes of the image."""
    if len(output) == 1:
        read = [tuple(sorted(fields, key=lambda field: field.along)) for fields in read]
    joined = list[Field]()
    for first, *others in zip(*read, strict=True):
        if any(other.along != first.along for other in others):
            return None
        size = max(field.size for field in (first, *others))
        differ = len(output) == 1 and any(other.size != first.size for other in others)
        joined.append(Field(first.along, size, 1 if differ else max(field.step for field in (first, *others))))
    return tuple(joined)
