"""Receptive fields: how many pixels of the input, along height and width, one position of a map depends on.

A window of k positions that moves by s sees r = r' + (k − 1)·j' pixels, and the next position of its output stands
j = j'·s pixels further on, with r' = j' = 1 at the input; where paths meet, the largest r counts
(Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks").

What lies in the padding is counted, and what is drawn from the statistics of a whole map (bn, gn, ln) is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, gcd
from typing import TYPE_CHECKING, cast

from specnet.graph import Network, Node
from specnet.layers.base import Family, Shape
from specnet.layers.base.window import Windowed

if TYPE_CHECKING:
    from specnet.layers.deconv import Deconv

Pixels = tuple[int, int]
"""Along height and width."""

MOST = 1e12
"""Pixels from one position to the next, at most: beyond, a map has a single position."""

BY_POSITION = frozenset({Family.ACTIVATION, Family.NORMALISATION, Family.REGULARISATION, Family.JOIN})
KEEP_POSITIONS = frozenset({"identity", "slice", "shuffle", "pad", "crop"})
"""Families and kinds whose output depends on the same position of what arrives."""

TAPS = {"nearest": 1, "nearest_exact": 1, "bilinear": 2, "bicubic": 4}
"""Positions that an interpolation reads."""


@dataclass(frozen=True)
class Field:
    """Along one axis: pixels that a position depends on, and pixels from one position to the next."""

    size: float = 1
    step: float = 1

    def read_by(self, window: float, stride: float) -> Field:
        return Field(self.size + (window - 1) * self.step, min(self.step * stride, MOST))


Fields = tuple[Field, Field]


def receptive_fields(network: Network) -> Mapping[str, Pixels]:
    """Those of all values that come from an image and whose layers are known to keep its axes."""
    return {name: (ceil(h.size - 1e-6), ceil(w.size - 1e-6)) for name, (h, w) in _fields(network).items()}


def receptive_field(network: Network, fields: Mapping[str, Pixels]) -> Pixels:
    """The largest among the layers that slide a window; 0 where there is none."""
    seen = [fields[node.name] for node in network.nodes if slides(node) and node.name in fields]
    return max((height for height, _ in seen), default=0), max((width for _, width in seen), default=0)


def slides(node: Node) -> bool:
    """Whether a layer has a window (a global pool has none)."""
    return isinstance(node.layer, Windowed) and getattr(node.layer, node.layer.window) is not None


def _fields(network: Network) -> Mapping[str, Fields]:
    found: dict[str, Fields] = {i.name: (Field(), Field()) for i in network.inputs if len(i.shape) == 3}
    for node in network.nodes:
        arriving = [found[name] for name in node.inputs if name in found]
        shapes = network.input_shapes(node)
        if shapes and node.output and len(arriving) == len(shapes):
            fields = _field(node, shapes, node.output, arriving, 0), _field(node, shapes, node.output, arriving, 1)
            if fields[0] and fields[1]:
                found[node.name] = fields[0], fields[1]
    return found


def _field(node: Node, shapes: Sequence[Shape], output: Shape, arriving: Sequence[Fields], axis: int) -> Field | None:
    """Along one axis, what the layer's output depends on; None where the axes are lost."""
    before = _together(shapes, [fields[axis] for fields in arriving], axis)
    if len(shapes[0]) == 1:
        return before if len(output) == 1 else None
    if len(output) == 1:
        return before.read_by(shapes[0][axis], 1)
    read = _window(node, shapes[0], output, axis)
    return before.read_by(*read) if read else None


def _together(shapes: Sequence[Shape], fields: Sequence[Field], axis: int) -> Field:
    """Where arms meet: the largest field, and the step of those that have all positions (not of 1×1×C gates)."""
    positions = max(shape[axis] if len(shape) == 3 else 1 for shape in shapes)
    steps = [f.step for f, shape in zip(fields, shapes, strict=True) if len(shape) == 1 or 2 * shape[axis] > positions]
    return Field(max(field.size for field in fields), max(steps))


def _window(node: Node, arriving: Shape, output: Shape, axis: int) -> tuple[float, float] | None:
    """How many positions are read, and how far the next output's are; below 1 where a map is enlarged."""
    size, ratio = arriving[axis], arriving[axis] / output[axis]
    if isinstance(node.layer, Windowed) and slides(node):
        slide = node.layer.axes((arriving,))[axis]
        return slide.extent, slide.stride
    match node.kind:
        case "deconv":
            spread = cast("Deconv", node.layer).axes((arriving,))[axis]
            return -(-spread.extent // spread.stride), 1 / spread.stride
        case "pool":
            common = gcd(size, output[axis])
            return -(-(size // common + output[axis] // common - 1) // (output[axis] // common)), ratio
        case "upsample":
            return TAPS[getattr(node.layer, "mode", "nearest")], ratio
        case "space_to_depth" | "depth_to_space":
            return max(ratio, 1), ratio
        case kind if kind in KEEP_POSITIONS or (node.layer and node.layer.family in BY_POSITION):
            return 1, 1
    return None
