"""Means, sums and maxima along axes, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from specnet.importers.onnx.building import Conversion, Sizes


def _read_reduction(conversion: Conversion) -> tuple[tuple[int, ...], bool, Sizes]:
    """Return the axes, whether they stay with a size of 1, and the shape of the result."""
    shape = conversion.shape()
    axes = conversion.integers(1, "axes")
    if not axes:
        axes = [] if conversion.node.get("noop_with_empty_axes", 0) else [*range(len(shape))]
    dims = tuple(sorted(conversion.count_axis(axis, len(shape)) for axis in axes))
    keep = bool(conversion.node.get("keepdims", 1))
    sizes = [1 if place in dims else size for place, size in enumerate(shape) if keep or place not in dims]
    return dims, keep, tuple(sizes)


def _reduce(kind: str) -> Callable[[Conversion], None]:
    def convert(conversion: Conversion) -> None:
        dims, keep, sizes = _read_reduction(conversion)
        conversion.give(kind, [conversion.input()], sizes, dims=dims, keepdim=keep)

    return convert


def convert_norm(conversion: Conversion) -> None:
    """The sum of squares, or its root."""
    dims, keep, sizes = _read_reduction(conversion)
    value = conversion.input()
    if conversion.node.kind == "ReduceL2":
        conversion.give("norm", [value], sizes, dims=dims, keepdim=keep)
        return
    squares = conversion.emit("mul", (value, value), conversion.shape())
    conversion.give("sum", [squares], sizes, dims=dims, keepdim=keep)


def convert_softmax(conversion: Conversion) -> None:
    """Until opset 12 it is over all axes from one on, and since 13 over that one."""
    kind = "softmax" if conversion.node.kind == "Softmax" else "log_softmax"
    shape, old = conversion.shape(), conversion.opset < 13
    axis = conversion.axis(1 if old else -1)
    if not old or prod(shape[axis + 1 :]) == 1:
        conversion.give(kind, [conversion.input()], shape, dim=axis)
        return
    flat = (prod(shape[:axis]), prod(shape[axis:]))
    value = conversion.emit("reshape", [conversion.input()], flat, shape=flat)
    value = conversion.emit(kind, [value], flat, dim=1)
    conversion.give("reshape", [value], shape, shape=shape)


CONVERTED = {
    "ReduceMean": _reduce("mean"),
    "ReduceSum": _reduce("sum"),
    "ReduceMax": _reduce("amax"),
    "ReduceMin": _reduce("amin"),
    "ReduceL2": convert_norm,
    "ReduceSumSquare": convert_norm,
    "Softmax": convert_softmax,
    "LogSoftmax": convert_softmax,
}
