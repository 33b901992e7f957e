"""Operators on the shape of a value, which become reshapes, and those that give a shape as numbers."""

from __future__ import annotations

from math import prod

import numpy as np

from specnet.importers.imported import StoredArray
from specnet.importers.onnx.building import Conversion, Sizes, broadcast, record_constant
from specnet.importers.onnx.evaluation import fill_sizes


def _reshape(conversion: Conversion, sizes: Sizes) -> None:
    if prod(sizes) != prod(conversion.shape()):
        raise conversion.error(f"cannot make {'×'.join(map(str, sizes))} of {'×'.join(map(str, conversion.shape()))}")
    conversion.give("reshape", [conversion.input()], sizes, shape=sizes)


def convert_reshape(conversion: Conversion) -> None:
    sizes = conversion.integers(1, "shape")
    if sizes is None:
        raise conversion.error("does not say a shape")
    _reshape(conversion, fill_sizes(conversion.shape(), sizes, bool(conversion.node.get("allowzero", 0))))


def convert_flatten(conversion: Conversion) -> None:
    shape = conversion.shape()
    axis = conversion.node.get("axis", 1)
    axis = len(shape) if axis == len(shape) else conversion.count_axis(axis, len(shape))
    _reshape(conversion, (prod(shape[:axis]), prod(shape[axis:])))


def convert_squeeze(conversion: Conversion) -> None:
    shape, axes = conversion.shape(), conversion.integers(1, "axes")
    gone = {place for place, size in enumerate(shape) if size == 1}
    if axes is not None:
        gone = {conversion.count_axis(axis, len(shape)) for axis in axes}
    _reshape(conversion, tuple(size for place, size in enumerate(shape) if place not in gone))


def convert_unsqueeze(conversion: Conversion) -> None:
    shape, axes = conversion.shape(), conversion.integers(1, "axes") or []
    rank = len(shape) + len(axes)
    new = {conversion.count_axis(axis, rank) for axis in axes}
    left = iter(shape)
    _reshape(conversion, tuple(1 if place in new else next(left) for place in range(rank)))


def convert_expand(conversion: Conversion) -> None:
    wanted = conversion.integers(1)
    shape = broadcast(conversion.shape(), tuple(wanted or ()))
    kind, attributes = ("identity", {}) if shape == conversion.shape() else ("expand", {"shape": shape})
    conversion.give(kind, [conversion.input()], shape, **attributes)


def convert_tile(conversion: Conversion) -> None:
    """Repeat a value along its axes; along one of size 1 that is to expand it."""
    shape, repeats = conversion.shape(), conversion.integers(1) or []
    if len(repeats) != len(shape) or max(repeats, default=1) > 4096:
        raise conversion.error("repeats its input along other axes than it has, or too often")
    name, sizes = conversion.input(), list(shape)
    for axis, count in enumerate(repeats):
        if count == 1:
            continue
        sizes[axis] *= count
        if shape[axis] == 1:
            name = conversion.emit("expand", [name], sizes, shape=tuple(sizes))
        else:
            name = conversion.emit("cat", [name] * count, sizes, dim=axis)
    conversion.give("identity", [name], sizes)


def give_shape(conversion: Conversion) -> None:
    """Shape, from one axis to another; the number of elements for Size."""
    shape = conversion.shape()
    if conversion.node.kind == "Size":
        _give_constant(conversion, np.array(prod(shape), "i8"))
        return
    start, end = conversion.node.get("start", 0), conversion.node.get("end")
    _give_constant(conversion, np.array(shape[start:end], "i8"))


def give_constant(conversion: Conversion) -> None:
    """A constant that an attribute holds: a tensor, numbers or a number."""
    get, program = conversion.node.get, conversion.program
    if (tensor := get("value")) is not None:
        program.keep(conversion.output, conversion.tensor(tensor))
        return
    for name, dtype in (("value_float", "f4"), ("value_int", "i8"), ("value_floats", "f4"), ("value_ints", "i8")):
        if (value := get(name)) is not None:
            program.keep_value(conversion.output, np.array(value, dtype))
            return
    raise conversion.error("holds a value of a kind that is not read, such as text or a sparse tensor")


def give_filled(conversion: Conversion) -> None:
    """A constant whose numbers are all the same, and take no memory."""
    sizes = tuple(conversion.integers(0) or ())
    tensor = conversion.node.get("value")
    if any(size < 0 for size in sizes):
        raise conversion.error("has a negative size")

    def fill() -> np.ndarray:
        number = conversion.tensor(tensor).read().reshape(-1)[:1] if tensor else np.zeros(1, "f4")
        return np.broadcast_to(number.reshape(()), sizes)

    conversion.program.keep(conversion.output, StoredArray(sizes, fill))


def _give_constant(conversion: Conversion, value: np.ndarray) -> None:
    conversion.program.keep_value(conversion.output, value)
    record_constant(conversion.program, conversion.source)


CONVERTED = {
    "Reshape": convert_reshape,
    "Flatten": convert_flatten,
    "Squeeze": convert_squeeze,
    "Unsqueeze": convert_unsqueeze,
    "Expand": convert_expand,
    "Tile": convert_tile,
    "Shape": give_shape,
    "Size": give_shape,
    "Constant": give_constant,
    "ConstantOfShape": give_filled,
}
