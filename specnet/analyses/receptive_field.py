"""Receptive fields: the input pixels, along height and width, that one position of a map depends on.

Each layer declares what one output position reads (`specnet.layers.base.traits.Reach`). A window of k positions, stride
s and padding p before it sees r = r' + (k − 1)·j' pixels; the first position's field begins at pixel u = u' − p·j', and
neighbouring output positions are j = j'·s pixels apart, with r' = j' = 1 and u' = 0 at the input
(Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks").

Where paths meet, the field is from the first pixel of any of them to the last. If their strides differ, the fields
drift apart from position to position: then the largest counts, and stride and centre are unknown.

The field of a vector is that of all its elements together, that of a sequence the largest of a token. Pixels in the
padding count, the statistics of a whole map (bn, gn, ln) do not. Behind a layer that does not declare what it reads,
the field is unknown. A field is global if each position depends on a whole map: behind a global pool, a fully connected
layer, attention, a gate. A gate does not widen the field that it multiplies, which stays that of the windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil, prod

from specnet.analyses.axis_fields import Field, join_elements, join_positions, join_tokens
from specnet.graph import Network, Node, once_per_layer
from specnet.layers.base import Layer, Shape, Shapes, is_map, is_sequence
from specnet.layers.base.traits import SAME_POSITION, Elements, Reading, ReceptiveField
from specnet.records import Record

Pixels = tuple[int, int]
"""The pixels along height and width."""

Position = tuple[float, float]
"""A distance or a place in pixels along height and width; 0 is the centre of the first pixel."""

ROUNDING = 1e-6
"""The error of fields that are no integers, in pixels."""


class InputWindow(Record):
    """The pixels of the input that a position of a value depends on."""

    size: Pixels
    stride: Position | None
    """The pixels from one position to the next; None for a vector, a single global position, and where paths drift."""
    centre: Position | None
    """The centre of the first position's field, in the mean of an enlarged map; None where the stride is, or global."""
    is_global: bool
    """Whether each position depends on a whole map."""


Fields = tuple[Field, ...]
"""The fields along height and width of a map, or for a vector, of the image; empty for a value that sees no image."""

TracedFields = Mapping[str, Fields | None]
"""The fields of every value by its name; None if unknown."""


def compute_receptive_fields(network: Network) -> Mapping[str, Pixels]:
    """Return the size of the known receptive field of each value that sees an image."""
    return {name: _pixels(fields) for name, fields in trace_fields(network).items() if fields}


def locate_receptive_fields(network: Network, found: TracedFields | None = None) -> Mapping[str, InputWindow]:
    """Return the known receptive field of each value that sees an image; `found` are the traced ones, if at hand."""
    found = found or trace_fields(network)
    made, windows = dict[tuple[int, bool], InputWindow](), dict[str, InputWindow]()
    for name, fields in found.items():
        if fields:  # most values have the very fields of another one
            is_map = len(network.shapes[name] or ()) == 3
            key = id(fields), is_map
            windows[name] = made[key] = made.get(key) or _make_window(fields, is_map)
    return windows


def find_output_stride(network: Network) -> Position | None:
    """Return the stride of the only output, a map; None if it is unknown, or the output is no map."""
    name = network.outputs[0]
    if len(network.shapes[name] or ()) != 3 or not (fields := trace_fields(network)[name]):
        return None
    return _make_window(fields, is_map=True).stride


def compute_largest_receptive_field(network: Network, found: TracedFields | None = None) -> Pixels | None:
    """Return the largest field of the layers that slide a window, (0, 0) without any; None if a field is unknown.

    `found` are the traced fields, if at hand.
    """
    found = found or trace_fields(network)
    if next(_unknown(network, found), None):
        return None
    seen = [_pixels(fields) for node in network.nodes if _slides(network, node) and (fields := found[node.name])]
    return max((height for height, _ in seen), default=0), max((width for _, width in seen), default=0)


def find_unknown_layer(network: Network) -> str:
    """Return the name of the first layer whose field is unknown."""
    return next(_unknown(network, trace_fields(network)))


def _unknown(network: Network, found: Mapping[str, Fields | None]) -> Iterator[str]:
    """Yield the names of the layers with an unknown field, except those at or behind an error."""
    return (node.name for node in network.nodes if node.output is not None and found[node.name] is None)


def _slides(network: Network, node: Node) -> bool:
    """Whether a window slides, or could: those of a gate read the only position that a global pool leaves."""
    if node.layer is None or not node.layer.slides:
        return False
    shapes = network.input_shapes(node)
    return shapes is not None and shapes[0][:2] != (1, 1)


def _order(fields: Fields) -> Fields:
    """Return the field along the image's height, and that along its width."""
    return fields if fields[0].along == 0 else fields[::-1]


def _pixels(fields: Fields) -> Pixels:
    height, width = _order(fields)
    return ceil(height.size - ROUNDING), ceil(width.size - ROUNDING)


def _make_window(fields: Fields, is_map: bool) -> InputWindow:
    height, width = _order(fields)
    is_global = height.is_global and width.is_global
    has_steps = is_map and not any(field.drifts or field.advance == 0 for field in fields)
    stride = (_round(height.step), _round(width.step)) if has_steps else None
    centre = (_round(height.centre), _round(width.centre)) if has_steps and not is_global else None
    return InputWindow(_pixels(fields), stride, centre, is_global)


def _round(pixels: float) -> float:
    """Return a number of pixels without the error of fractions, as an integer if it is one."""
    if isinstance(pixels, int):
        return pixels
    rounded = round(pixels, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def trace_fields(network: Network) -> TracedFields:
    """Return the fields of every value; None if unknown."""
    found: dict[str, Fields | None] = {i.name: _fields_of_input(i.shape) for i in network.inputs}
    reads = once_per_layer(lambda layer, shapes: layer.receptive_field(shapes))
    for node in network.nodes:
        found[node.name] = _fields_of_node(network, node, reads, [found[name] for name in node.inputs])
    return found


def _fields_of_input(shape: Shape) -> Fields | None:
    return (Field(0), Field(1)) if len(shape) == 3 else () if shape else None


def _fields_of_node(
    network: Network, node: Node, reads: Callable[[Layer, Shapes], ReceptiveField], inputs: Sequence[Fields | None]
) -> Fields | None:
    shapes = network.input_shapes(node)
    readings = reads(node.layer, shapes) if node.layer and node.output and shapes else None
    if readings is None or shapes is None or node.output is None:
        return None
    if len(inputs) == 1 and len(node.output) > 1 and readings[0] is SAME_POSITION:  # as most layers
        return inputs[0]
    read = list[Fields]()
    for reading, shape, fields in zip(readings, shapes, inputs, strict=True):
        through = _apply_reading(reading, shape, fields, node.output)
        if through is None:
            return None
        read += [through] if through else []
    return _join_fields(read, node.output)


def _apply_reading(reading: Reading, shape: Shape, fields: Fields | None, output: Shape) -> Fields | None:
    """Return the field that an output sees through one of its inputs; None if unknown."""
    if reading is Elements.NONE:
        return ()
    if not fields or reading is SAME_POSITION:
        return fields
    if reading is Elements.ALL:
        return _field_of_whole(shape, fields, 0)
    if reading is Elements.SOME:
        is_known = len(shape) > 1 or all(field.advance == 0 for field in fields)
        return _field_of_whole(shape, fields, 0) if is_known else None
    if reading is Elements.POSITIONS:
        return _field_of_positions(shape, fields, output)
    if reading is Elements.MOVED:
        return _field_of_moved(shape, fields, output)
    if len(shape) == 1:
        return None
    axes = [reach.axis if reach.axis is not None else axis for axis, reach in enumerate(reading)]
    sizes = zip(axes, reading, output[:2], strict=True)
    return tuple(fields[axis].read_by(reach, shape[axis], size) for axis, reach, size in sizes)


def _field_of_whole(shape: Shape, fields: Fields, advance: float) -> Fields:
    """Return the field of all positions of a map, or of all elements of a vector, together."""
    sizes = shape[:2] if len(shape) == 3 else (1, 1)
    return tuple(field.combine(size, advance) for field, size in zip(fields, sizes, strict=True))


def _field_of_positions(shape: Shape, fields: Fields, output: Shape) -> Fields:
    """Return the field of positions that become tokens, of tokens that become positions, or of other tokens."""
    if is_map(shape):
        return tuple(field.become_tokens(size) for field, size in zip(fields, shape[:2], strict=True))
    axes = zip(fields, output[:2], strict=False) if is_map(output) else ()
    return tuple(field.become_positions(size) for field, size in axes) or fields


def _field_of_moved(shape: Shape, fields: Fields, output: Shape) -> Fields | None:
    """Return the field of rearranged elements: known of tokens, if all see the same, or end up in one position."""
    if all(field.advance == 0 for field in fields) or shape[:-1] == (1, 1):
        return _field_of_whole(shape, fields, 0)
    if is_sequence(shape) or (is_map(shape) and is_sequence(output)):
        return _field_of_whole(shape, fields, 0)
    is_one = len(output) == 1 or output[:2] == (1, 1)
    return _field_of_whole(shape, fields, 1) if is_one and prod(output) >= prod(shape) else None


def _join_fields(read: Sequence[Fields], output: Shape) -> Fields | None:
    """Return the fields of an output along each axis; None if they run along different axes of the image."""
    if len(output) < 3:
        read = [*map(_order, read)]
    elif len(read) == 1:
        return read[0]
    if is_sequence(output):
        return tuple(map(join_tokens, zip(*read, strict=True))) if read else ()
    joined = list[Field]()
    for axis, fields in enumerate(zip(*read, strict=True)):
        if any(other.along != fields[0].along for other in fields):
            return None
        joined.append(join_elements(fields) if len(output) == 1 else join_positions(fields, output[axis]))
    return tuple(joined)
