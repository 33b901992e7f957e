"""The inputs of an ONNX file, with sizes for those that it leaves open."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.importers.errors import UnreadableModel
from specnet.importers.onnx.model import Value
from specnet.layers.base import Shape, format_shape, order_as_torch


def fill_shape(value: Value, asked: Shape | None) -> tuple[int, ...]:
    """Return the shape of an input in the order of the file; an open batch is one image. Raises UnreadableModel."""
    if value.sizes is None:
        raise UnreadableModel(f"the input `{value.name}` has no number of axes in the file, or is no tensor")
    if not 2 <= len(value.sizes) <= 4:
        raise UnreadableModel(
            f"the input `{value.name}` has {len(value.sizes)} axes; a network takes a batch of maps (4), sequences (3) "
            "or vectors (2)"
        )
    batch, *rest = value.sizes
    wanted = _order(asked, rest) if asked and len(asked) == len(rest) else None
    if wanted is None and any(isinstance(size, str) for size in rest):
        names = "×".join(str(size) or "?" for size in value.sizes)
        raise UnreadableModel(f"the file leaves sizes of its input `{value.name}` open ({names}); give its input shape")
    if wanted and any(isinstance(size, int) and size != own for size, own in zip(rest, wanted, strict=True)):
        given = format_shape(asked or ())
        names = "×".join(str(size) for size in value.sizes)
        raise UnreadableModel(f"the file fixes its input `{value.name}` at {names}, which {given} does not fit")
    sizes = wanted or tuple(size for size in rest if isinstance(size, int))
    return (batch if isinstance(batch, int) else 1, *sizes)


def _order(shape: Shape, sizes: Sequence[int | str]) -> tuple[int, ...]:
    """Return H×W×C in the order of the file, whose channels are last where these alone are fixed there."""
    is_channels_last = len(sizes) == 3 and sizes[2] == shape[2] and sizes[0] != shape[2]
    return tuple(shape) if is_channels_last else tuple(order_as_torch(shape))
