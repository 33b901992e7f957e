"""Layers that arrange elements anew, or for which it matters how they are arranged."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from specnet.importers.caffe.axes import find_axis, from_dims, name_axis, to_dims
from specnet.importers.caffe.network import NetWalk
from specnet.importers.caffe.prototxt import CaffeLayer
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate
from specnet.importers.recorder import describe_source
from specnet.layers.base import Shape, format_shape, is_map, is_sequence


def _write(shape: Shape) -> str:
    return format_shape(shape).replace("×", "x")


def _add_reshape(walk: NetWalk, layer: CaffeLayer, dims: tuple[int, ...]) -> None:
    shape = walk.shapes(layer)[0]
    if len(dims) > 3 or not dims:
        walk.leave_out(layer, f"it makes a blob of {len(dims) + 1} axes; there are at most 4 here")
    elif from_dims(dims) == shape:
        walk.rename(layer, "the blob has this shape already")
    elif len(dims) == 1:
        walk.add(layer, "flatten")
    else:
        walk.add(layer, f"reshape {_write(from_dims(dims))}")


def add_flatten(walk: NetWalk, layer: CaffeLayer) -> None:
    """Merge the axes from one to another."""
    parameters = walk.parameters(layer)
    dims = to_dims(walk.shapes(layer)[0])
    first = find_axis(parameters.get("axis", 1), dims)
    last = find_axis(parameters.get("end_axis", -1), dims)
    if not first:
        walk.leave_out(layer, "it merges the images of a batch")
        return
    last = max(first, last)
    _add_reshape(walk, layer, (*dims[: first - 1], prod(dims[first - 1 : last]), *dims[last:]))


def add_reshape(walk: NetWalk, layer: CaffeLayer) -> None:
    """Arrange the elements by `dim`, in which 0 keeps an axis and -1 is computed."""
    parameters = walk.parameters(layer)
    shapes = [each.values("dim") for each in layer.message.messages("reshape_param") for each in each.messages("shape")]
    wanted: Sequence[Any] = shapes[-1] if shapes else []
    dims = to_dims(walk.shapes(layer)[0])
    axis = parameters.get("axis", 0)
    if axis not in (0, 1) or parameters.get("num_axes", -1) != -1 or not all(isinstance(dim, int) for dim in wanted):
        walk.leave_out(layer, "its `axis` has no counterpart here")
        return
    if axis == 0:
        if not wanted or wanted[0] not in (0, 1, -1):
            walk.leave_out(layer, "it makes other images of a batch")
            return
        is_open, wanted = wanted[0] == -1, wanted[1:]
    else:
        is_open = False
    _add_reshape(walk, layer, _fill(layer, dims, [*wanted], is_open))


def _fill(layer: CaffeLayer, dims: tuple[int, ...], wanted: list[int], is_open: bool) -> tuple[int, ...]:
    """Return the dimensions without the batch; raises UnreadableModel where they do not fit."""
    filled = [dims[place] if dim == 0 and place < len(dims) else dim for place, dim in enumerate(wanted)]
    known = prod(dim for dim in filled if dim != -1)
    if filled.count(-1) == 1 and known > 0 and not is_open:
        filled[filled.index(-1)] = prod(dims) // known
    if any(dim < 1 for dim in filled) or prod(filled) != prod(dims):
        shape = "×".join(map(str, wanted))
        raise UnreadableModel(f"{describe_source(layer.source)} cannot arrange {format_shape(dims)} as {shape}")
    return tuple(filled)


def add_permute(walk: NetWalk, layer: CaffeLayer) -> None:
    """Reorder the axes; those of N×C×H×W are C, H and W."""
    order = walk.parameters(layer).get("order", ())
    order = order if isinstance(order, tuple) else (order,)
    shape = walk.shapes(layer)[0]
    given = [axis for axis in order if isinstance(axis, int)]
    whole = [*given, *(axis for axis in range(len(shape) + 1) if axis not in given)]
    if sorted(whole) != [*range(len(shape) + 1)] or whole[0] != 0:
        walk.leave_out(layer, f"the order {whole} of axes has no counterpart here")
        return
    letters = [name_axis(axis, shape) for axis in whole[1:]]
    if whole == sorted(whole):
        walk.rename(layer, "the axes are in this order already")
    elif is_map(shape):
        walk.add(layer, f"permute {letters[1]}{letters[2]}{letters[0]}")
    else:
        walk.add(layer, "permute CL")


def add_softmax(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add a softmax over the channels, or over another axis, which takes their place for it."""
    parameters = walk.parameters(layer)
    shape = walk.shapes(layer)[0]
    letter = name_axis(find_axis(parameters.get("axis", 1), shape), shape)
    if letter == "C":
        walk.add(layer, "softmax")
    elif not letter:
        walk.leave_out(layer, "it is a softmax over the images of a batch")
    else:
        there = {"H": "CWH", "W": "HCW", "L": "CL"}[letter]
        reason = f"its axis {letter} takes the place of the channels for it"
        walk.add(layer, f"permute {there} -> softmax -> permute {there}", fate=Fate.EQUAL, reason=reason)


def add_inner_product(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add a fully connected layer, which reads all elements from an axis on."""
    parameters = walk.parameters(layer)
    shape = walk.shapes(layer)[0]
    axis = find_axis(parameters.get("axis", 1), shape)
    if axis == 1 and is_sequence(shape):
        walk.add(layer, "flatten", None, f"{layer.source.name}/flat", name=f"{layer.source.name}_flat")
        _add_fc(walk, layer, [f"{layer.source.name}/flat"], parameters)
    elif axis == 1 or (axis == 2 and is_sequence(shape)):
        _add_fc(walk, layer, None, parameters)
    elif axis == 2 and is_map(shape):
        rows = f"{layer.source.name}/rows"
        walk.add(layer, f"reshape {shape[2]}x{shape[0] * shape[1]}", None, rows, name=f"{layer.source.name}_rows")
        _add_fc(walk, layer, [rows], parameters)
    else:
        walk.leave_out(layer, f"`axis={parameters.get('axis')}` has no counterpart here")


def _add_fc(walk: NetWalk, layer: CaffeLayer, bottoms: list[str] | None, parameters: dict[str, Any]) -> None:
    if not isinstance(parameters.get("num_output"), int):
        raise UnreadableModel(f"{describe_source(layer.source)} has no `num_output`")
    bias = "" if parameters.get("bias_term", True) else " bias=no"
    walk.add(layer, f"fc {parameters['num_output']}{bias}", bottoms)


def add_reduction(walk: NetWalk, layer: CaffeLayer) -> None:
    """Take the mean or sum over height and width; other reductions have no counterpart."""
    parameters = walk.parameters(layer)
    shape = walk.shapes(layer)[0]
    operation = parameters.get("operation", "SUM")
    if not is_map(shape) or find_axis(parameters.get("axis", 0), shape) != 2 or operation not in ("SUM", "MEAN", 1, 4):
        walk.leave_out(layer, f"the reduction {operation} over these axes has no counterpart here")
        return
    factor = float(parameters.get("coeff", 1.0)) * (shape[0] * shape[1] if operation in ("SUM", 1) else 1)
    times = f" -> times by={factor:g}" if factor != 1 else ""
    walk.add(layer, f"pool avg global -> flatten{times}", fate=Fate.EQUAL, reason="it is the mean of each map")
