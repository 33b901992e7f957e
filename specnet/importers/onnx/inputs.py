"""The inputs of an ONNX file, with sizes for those that it leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from specnet.importers.errors import UnreadableModel
from specnet.importers.onnx.model import Node, Value
from specnet.layers.base import Shape, format_shape, order_as_torch

CHANNELS_FIRST = [0, 3, 1, 2]
"""The order of axes in which a file with N×H×W×C inputs turns them for its convolutions."""


def find_channels_last(inputs: Sequence[Value], nodes: Iterable[Node]) -> set[str]:
    """Return the inputs that are N×H×W×C: nothing reads them but operators that turn them to N×C×H×W."""
    wanted = {value.name for value in inputs if value.sizes and len(value.sizes) == 4}
    found, others = set[str](), set[str]()
    for node in nodes:
        for name in wanted & {*node.inputs}:
            is_turned = node.kind == "Transpose" and node.get("perm") == CHANNELS_FIRST
            (found if is_turned else others).add(name)
    return found - others


def fill_shape(value: Value, asked: Shape | None, is_channels_last: bool) -> tuple[int, ...]:
    """Return the shape of an input, N×C×H×W; a batch that is open is one image. Raises UnreadableModel."""
    if value.sizes is None:
        raise UnreadableModel(f"the input `{value.name}` has no number of axes in the file, or is no tensor")
    if not 1 <= len(value.sizes) <= 5:
        raise UnreadableModel(f"the input `{value.name}` has {len(value.sizes)} axes, and a network takes maps")
    batch, *rest = value.sizes
    wanted = _order(asked, is_channels_last) if asked and len(asked) == len(rest) else None
    if wanted is None and any(isinstance(size, str) for size in rest):
        names = "×".join(str(size) or "?" for size in value.sizes)
        raise UnreadableModel(f"the file leaves sizes of its input `{value.name}` open ({names}); give its input shape")
    if wanted and any(isinstance(size, int) and size != own for size, own in zip(rest, wanted, strict=True)):
        given = format_shape(asked or ())
        names = "×".join(str(size) for size in value.sizes)
        raise UnreadableModel(f"the file fixes its input `{value.name}` at {names}, which {given} does not fit")
    sizes = wanted or tuple(size for size in rest if isinstance(size, int))
    sizes = (sizes[2], *sizes[:2]) if is_channels_last else sizes
    return (batch if isinstance(batch, int) else 1, *sizes)


def _order(shape: Shape, is_channels_last: bool) -> tuple[int, ...]:
    return tuple(shape) if is_channels_last else tuple(order_as_torch(shape))
