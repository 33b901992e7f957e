"""Computes operators whose inputs are small constants, as those are that say the sizes of other operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from specnet.importers.errors import UnreadableModel
from specnet.importers.onnx.building import LARGEST_VALUE
from specnet.importers.onnx.model import Node
from specnet.importers.onnx.tensors import TYPES

Arrays = Sequence[ndarray | None]

LARGEST_COMPUTED = LARGEST_VALUE * 8
"""The elements of the largest result, where that is larger than what it is computed from."""


def can_evaluate(node: Node) -> bool:
    """Whether an operator is computed here, given constants."""
    return not node.domain and node.kind in COMPUTED


def evaluate(node: Node, inputs: Arrays, opset: int) -> list[ndarray] | None:
    """Return the outputs of an operator, None for one that is not computed here; raises UnreadableModel."""
    if not can_evaluate(node):
        return None
    with np.errstate(all="ignore"):
        made = COMPUTED[node.kind](node, inputs, opset)
    return [np.asarray(each) for each in made] if isinstance(made, list) else [np.asarray(made)]


def _allow(node: Node, size: int, inputs: Arrays) -> None:
    given = sum(array.size for array in inputs if array is not None)
    if size > max(LARGEST_COMPUTED, given):
        raise UnreadableModel(
            f"the {node.kind} `{node.label}` makes a constant of {size:,} numbers: too many to compute"
        )


def _with(function: Callable[..., Any]) -> Callable[[Node, Arrays, int], Any]:
    def compute(node: Node, inputs: Arrays, opset: int) -> Any:
        shapes = np.broadcast_shapes(*(each.shape for each in inputs if each is not None))
        _allow(node, prod(shapes), inputs)
        return function(*inputs)

    return compute


def _divide(a: ndarray, b: ndarray) -> ndarray:
    """Return the quotient; of whole numbers it is whole, towards zero."""
    if not np.issubdtype(a.dtype, np.integer):
        return np.asarray(a / b)
    if not np.all(b):
        raise UnreadableModel("a size is divided by zero")
    return np.asarray(np.sign(a) * np.sign(b) * (abs(a) // abs(b))).astype(a.dtype)


def _remainder(node: Node, inputs: Arrays, opset: int) -> ndarray:
    a, b = _need(inputs, 0), _need(inputs, 1)
    if not np.all(b):
        raise UnreadableModel("a size is divided by zero")
    return np.asarray(np.fmod(a, b) if node.get("fmod", 0) else np.mod(a, b))


def _power(a: ndarray, b: ndarray) -> ndarray:
    return np.asarray(np.power(a.astype("f8"), b.astype("f8"))).astype(a.dtype)


def _reduce(function: Callable[..., Any]) -> Callable[[Node, Arrays, int], Any]:
    def compute(node: Node, inputs: Arrays, opset: int) -> Any:
        data, axes = _need(inputs, 0), read_axes(node, inputs)
        if axes is None and node.get("noop_with_empty_axes", 0):
            return data
        return function(data, axis=axes, keepdims=bool(node.get("keepdims", 1))).astype(data.dtype)

    return compute


def read_axes(node: Node, inputs: Arrays, place: int = 1) -> tuple[int, ...] | None:
    """Return axes that are an input, or in older files an attribute."""
    given = inputs[place] if place < len(inputs) else None
    axes = node.get("axes") if given is None else given.reshape(-1).tolist()
    return None if not axes else tuple(int(axis) for axis in axes)


def _need(inputs: Arrays, place: int) -> ndarray:
    array = inputs[place] if place < len(inputs) else None
    if array is None:
        raise UnreadableModel("an operator on constants lacks an input")
    return array


def _cast(node: Node, inputs: Arrays, opset: int) -> ndarray:
    kind = TYPES.get(node.get("to", 1))
    if kind is None:
        raise UnreadableModel(f"the Cast `{node.label}` is to a type that is not read")
    return _need(inputs, 0).astype(kind.dtype)


def _concatenate(node: Node, inputs: Arrays, opset: int) -> ndarray:
    return np.concatenate([each for each in inputs if each is not None], axis=node.get("axis", 1))


def _gather(node: Node, inputs: Arrays, opset: int) -> ndarray:
    data, indices = _need(inputs, 0), _need(inputs, 1)
    axis = node.get("axis", 0)
    _allow(node, prod(data.shape) // max(data.shape[axis], 1) * max(indices.size, 1), inputs)
    return np.take(data, indices, axis=axis)


def _gather_places(node: Node, inputs: Arrays, opset: int) -> ndarray:
    """Return what stands at whole places, whose last axis says where along the first axes."""
    data, places, batch = _need(inputs, 0), _need(inputs, 1), node.get("batch_dims", 0)
    if batch:
        raise UnreadableModel(f"the GatherND `{node.label}` goes through a batch of constants, which is not read")
    count = places.shape[-1]
    _allow(node, places.size // max(count, 1) * prod(data.shape[count:]), inputs)
    return np.asarray(data[tuple(np.moveaxis(places, -1, 0))])


def _squeeze(node: Node, inputs: Arrays, opset: int) -> ndarray:
    return np.squeeze(_need(inputs, 0), read_axes(node, inputs))


def _unsqueeze(node: Node, inputs: Arrays, opset: int) -> ndarray:
    return np.expand_dims(_need(inputs, 0), read_axes(node, inputs) or ())


def _reshape(node: Node, inputs: Arrays, opset: int) -> ndarray:
    data = _need(inputs, 0)
    sizes = node.get("shape") if len(inputs) < 2 else _need(inputs, 1).tolist()
    return data.reshape(fill_sizes(data.shape, sizes, bool(node.get("allowzero", 0))))


def fill_sizes(shape: Sequence[int], sizes: Sequence[int], allow_zero: bool) -> tuple[int, ...]:
    """Return the sizes that Reshape means: 0 copies the size of an axis, -1 is what is left; raises ValueError."""
    filled = [shape[place] if size == 0 and not allow_zero else int(size) for place, size in enumerate(sizes)]
    if filled.count(-1) > 1 or any(size < -1 for size in filled):
        raise ValueError("more than one size is open, or one is negative")
    if -1 in filled:
        others = -prod(filled)
        if not others or prod(shape) % others:
            raise ValueError("the sizes do not fit")
        filled[filled.index(-1)] = prod(shape) // others
    if prod(filled) != prod(shape):
        raise ValueError("the sizes do not fit")
    return tuple(filled)


def _slice(node: Node, inputs: Arrays, opset: int) -> ndarray:
    data = _need(inputs, 0)
    parts = [slice(None)] * data.ndim
    for axis, start, end, step in read_slices(node, inputs, data.ndim):
        parts[axis] = slice(start, None if step < 0 and end < -data.shape[axis] else end, step)
    return data[tuple(parts)]


def read_slices(node: Node, inputs: Arrays, rank: int) -> list[tuple[int, int, int, int]]:
    """Return axis, start, end and step for each axis that is cut, as inputs or in older files attributes."""

    def read(place: int, name: str) -> list[int] | None:
        given = inputs[place] if place < len(inputs) else None
        found: list[int] | None = given.reshape(-1).tolist() if given is not None else node.get(name)
        return found

    starts, ends = read(1, "starts") or [], read(2, "ends") or []
    axes, steps = read(3, "axes") or [*range(len(starts))], read(4, "steps") or [1] * len(starts)
    if not all(steps) or any(not -rank <= axis < rank for axis in axes):
        raise ValueError("a step of 0, or an axis that is not there")
    return [(axis % rank, start, end, step) for axis, start, end, step in zip(axes, starts, ends, steps, strict=True)]


def _transpose(node: Node, inputs: Arrays, opset: int) -> ndarray:
    return np.transpose(_need(inputs, 0), node.get("perm"))


def _range(node: Node, inputs: Arrays, opset: int) -> ndarray:
    start, limit, step = (_need(inputs, place).reshape(()) for place in range(3))
    _allow(node, int(max(0, (limit - start) / step)) if step else 1 << 62, inputs)
    return np.arange(start.item(), limit.item(), step.item(), dtype=start.dtype)


def _expand(node: Node, inputs: Arrays, opset: int) -> ndarray:
    data = _need(inputs, 0)
    shape = np.broadcast_shapes(data.shape, tuple(_need(inputs, 1).tolist()))
    _allow(node, prod(shape), inputs)
    return np.broadcast_to(data, shape)


def _tile(node: Node, inputs: Arrays, opset: int) -> ndarray:
    data, repeats = _need(inputs, 0), _need(inputs, 1)
    _allow(node, data.size * prod(int(each) for each in repeats.tolist()), inputs)
    return np.tile(data, repeats)


def _split(node: Node, inputs: Arrays, opset: int) -> list[ndarray]:
    data, axis = _need(inputs, 0), node.get("axis", 0)
    given = inputs[1].tolist() if len(inputs) > 1 and inputs[1] is not None else node.get("split")
    sizes = given or split_evenly(data.shape[axis], node.get("num_outputs") or len(node.outputs))
    return np.split(data, np.cumsum(sizes)[:-1], axis=axis)


def split_evenly(size: int, parts: int) -> list[int]:
    """Return equal sizes, of which the last may be smaller."""
    whole = -(-size // parts)
    return [whole] * (parts - 1) + [size - whole * (parts - 1)]


def _scatter(node: Node, inputs: Arrays, opset: int) -> ndarray:
    data, indices, updates = _need(inputs, 0).copy(), _need(inputs, 1), _need(inputs, 2)
    data[tuple(np.moveaxis(indices, -1, 0))] = updates
    return data


def _triangle(node: Node, inputs: Arrays, opset: int) -> ndarray:
    k = int(inputs[1].reshape(())) if len(inputs) > 1 and inputs[1] is not None else 0
    return (np.triu if node.get("upper", 1) else np.tril)(_need(inputs, 0), k)


def _clip(node: Node, inputs: Arrays, opset: int) -> ndarray:
    low = inputs[1] if len(inputs) > 1 else node.get("min")
    high = inputs[2] if len(inputs) > 2 else node.get("max")
    data = _need(inputs, 0)
    clipped: ndarray = np.clip(data, low, high)
    return clipped.astype(data.dtype)


def _accumulate(node: Node, inputs: Arrays, opset: int) -> ndarray:
    summed: ndarray = np.cumsum(_need(inputs, 0), axis=int(_need(inputs, 1).reshape(())))
    return summed


COMPUTED: dict[str, Callable[[Node, Arrays, int], Any]] = {
    "Abs": _with(np.abs), "Add": _with(np.add), "And": _with(np.logical_and), "Ceil": _with(np.ceil),
    "Cos": _with(np.cos), "Div": _with(_divide), "Equal": _with(np.equal), "Exp": _with(np.exp),
    "Floor": _with(np.floor), "Greater": _with(np.greater), "GreaterOrEqual": _with(np.greater_equal),
    "Identity": _with(np.asarray), "Less": _with(np.less), "LessOrEqual": _with(np.less_equal), "Log": _with(np.log),
    "Mul": _with(np.multiply), "Neg": _with(np.negative), "Not": _with(np.logical_not), "Or": _with(np.logical_or),
    "Pow": _with(_power), "Reciprocal": _with(np.reciprocal), "Round": _with(np.round), "Sign": _with(np.sign),
    "Sin": _with(np.sin), "Sqrt": _with(np.sqrt), "Sub": _with(np.subtract), "Where": _with(np.where),
    "Max": _with(lambda *arrays: reduce(np.maximum, arrays)), "Min": _with(lambda *arrays: reduce(np.minimum, arrays)),
    "ReduceMax": _reduce(np.max), "ReduceMean": _reduce(np.mean), "ReduceMin": _reduce(np.min),
    "ReduceProd": _reduce(np.prod), "ReduceSum": _reduce(np.sum),
    "Cast": _cast, "Clip": _clip, "Concat": _concatenate, "CumSum": _accumulate, "Expand": _expand,
    "Gather": _gather, "GatherND": _gather_places,
    "Mod": _remainder, "Range": _range, "Reshape": _reshape, "ScatterND": _scatter, "Slice": _slice, "Split": _split,
    "Squeeze": _squeeze, "Tile": _tile, "Transpose": _transpose, "Trilu": _triangle, "Unsqueeze": _unsqueeze,
}  # fmt: skip
