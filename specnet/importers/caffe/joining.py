"""Layers that join blobs, or take them apart: Eltwise, Concat, Slice, Split, Scale of two blobs, Axpy, Crop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from specnet.importers.caffe.axes import find_axis, name_axis
from specnet.importers.caffe.network import NetWalk
from specnet.importers.caffe.prototxt import CaffeLayer
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate
from specnet.importers.recorder import describe_source
from specnet.layers.base import Shape, format_shape

OPERATIONS = {"SUM": "add", "PROD": "mul", "MAX": "maximum", 0: "mul", 1: "add", 2: "maximum"}


def add_eltwise(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add a sum, product or maximum; summands with factors are multiplied by them first."""
    parameters = walk.parameters(layer)
    operation = OPERATIONS.get(parameters.get("operation", "SUM"), "")
    factors = _list_factors(parameters.get("coeff"), len(layer.bottoms)) if operation == "add" else []
    if not operation:
        walk.leave_out(layer, f"`operation={parameters['operation']}` has no counterpart here")
    elif len(layer.bottoms) == 1:
        walk.rename(layer, "it joins a single blob")
    elif factors == [1, -1]:
        walk.add(layer, "sub")
    elif any(factor != 1 for factor in factors):
        walk.add(layer, operation, _multiply(walk, layer, factors), fate=Fate.EQUAL,
                 reason="the factors of its `coeff` are layers of their own")  # fmt: skip
    else:
        walk.add(layer, operation)


def _list_factors(coeff: Any, count: int) -> list[float]:
    given = coeff if isinstance(coeff, tuple) else () if coeff is None else (coeff,)
    return [float(each) for each in given][:count]


def _multiply(walk: NetWalk, layer: CaffeLayer, factors: Sequence[float]) -> list[str]:
    """Multiply the summands by their factors; return the names of the values."""
    values = []
    for place, (bottom, factor) in enumerate(zip(walk.known(layer), factors, strict=False)):
        value = f"{layer.source.name}/factor{place}"
        if factor != 1:
            walk.add(layer, f"times by={factor:g}", [bottom], value, name=f"{layer.source.name}_factor{place}")
        values.append(value if factor != 1 else bottom)
    return values


def add_concat(walk: NetWalk, layer: CaffeLayer) -> None:
    parameters = walk.parameters(layer)
    axis = find_axis(parameters.get("axis", parameters.get("concat_dim", 1)), walk.shapes(layer)[0])
    letter = name_axis(axis, walk.shapes(layer)[0])
    if not letter:
        walk.leave_out(layer, "it joins the images of a batch")
    elif len(layer.bottoms) == 1:
        walk.rename(layer, "it joins a single blob")
    else:
        walk.add(layer, f"concat axis={letter}" if letter != "C" else "concat")


def add_slice(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add a slice for each top: between the given points, or of equal parts."""
    parameters = walk.parameters(layer)
    shape = walk.shapes(layer)[0]
    axis = find_axis(parameters.get("axis", parameters.get("slice_dim", 1)), shape)
    letter = name_axis(axis, shape)
    if not letter:
        walk.leave_out(layer, "it takes the images of a batch apart")
        return
    edges = _find_edges(layer, parameters.get("slice_point"), measure_axis(axis, shape))
    whole = _hold(walk, layer)
    for place, top in enumerate(layer.tops):
        along = f" axis={letter}" if letter != "C" else ""
        name = layer.source.name if len(layer.tops) == 1 else f"{layer.source.name}_{place}"
        walk.add(layer, f"slice {edges[place]}..{edges[place + 1]}{along}", [whole], top, name=name)


def _hold(walk: NetWalk, layer: CaffeLayer) -> str:
    """Return another name of the blob that is taken apart, as one of its parts may have its name."""
    value = f"{layer.source.name}/whole"
    walk.recorder.alias(value, walk.known(layer)[0])
    walk.mark_read(layer.bottoms)
    return value


def _find_edges(layer: CaffeLayer, points: Any, size: int) -> list[int]:
    parts = len(layer.tops)
    given = [*points] if isinstance(points, tuple) else [] if points is None else [points]
    if not given and parts and size % parts == 0:
        given = [size // parts * place for place in range(1, parts)]
    edges = [0, *given, size]
    if len(edges) != parts + 1 or any(not isinstance(edge, int) for edge in edges) or edges != sorted(set(edges)):
        raise UnreadableModel(f"{describe_source(layer.source)} cannot cut {size} into {parts} parts at {given}")
    return edges


def measure_axis(axis: int, shape: Shape) -> int:
    """Return the size along an axis of N×C×H×W, N×L×C or N×C."""
    order = (shape[2], shape[0], shape[1]) if len(shape) == 3 else shape
    return order[axis - 1]


def add_split(walk: NetWalk, layer: CaffeLayer) -> None:
    for top in layer.tops:
        walk.rename(layer, "each value may be read any number of times", top=top)


def add_scale(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add a learned scale, the end of a normalisation above, or the product of two blobs."""
    norm = walk.merged.get(layer.source.line)
    if norm:
        walk.rename(layer, "with the BatchNorm before it, it is one `bn`")
        walk.nodes[layer.source.name] = walk.nodes.get(norm.source.name, ())
        walk.recorder.note(layer.source, Fate.EQUAL, "", walk.nodes[layer.source.name])
    elif len(layer.bottoms) == 2:
        _add_product(walk, layer)
    else:
        walk.add_translated(layer)


def _add_product(walk: NetWalk, layer: CaffeLayer) -> None:
    """Multiply a map by a blob that begins at its first axis, such as N×C beside N×C×H×W."""
    whole, part = walk.shapes(layer)
    parameters = walk.parameters(layer)
    axis = find_axis(parameters.get("axis", 1), whole)
    if parameters.get("bias_term") or axis > 1 or (axis == 1 and len(part) > 1) or len(part) > len(whole):
        walk.leave_out(layer, f"`axis={axis}` of a product of two blobs has no counterpart here")
        return
    walk.add(layer, "mul", [layer.bottoms[0], make_broadcast(walk, layer, layer.bottoms[1], whole)])


def make_broadcast(walk: NetWalk, layer: CaffeLayer, blob: str, whole: Shape) -> str:
    """Return a blob as a map of one pixel, if it is a vector beside a map."""
    shape = walk.recorder.shape(blob)
    if len(whole) == 1 or len(shape) != 1:
        return blob
    value = f"{layer.source.name}/factors"
    sizes = format_shape((*[1] * (len(whole) - 1), shape[0])).replace("×", "x")
    walk.add(layer, f"reshape {sizes}", [blob], value, name=f"{layer.source.name}_factors")
    return value


def add_axpy(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add a·x + y for the blobs a, x and y (SENet, Hu et al. 2018)."""
    if len(layer.bottoms) != 3:
        raise UnreadableModel(f"{describe_source(layer.source)} reads {len(layer.bottoms)} blobs, and not a, x and y")
    factor, value, summand = walk.known(layer)
    product = f"{layer.source.name}/product"
    factor = make_broadcast(walk, layer, factor, walk.recorder.shape(value))
    walk.add(layer, "mul", [value, factor], product, name=f"{layer.source.name}_mul")
    walk.add(layer, "add", [product, summand], fate=Fate.EQUAL, reason="it is a product and a sum")


def add_bias(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add a learned number for each channel, or the sum of two blobs."""
    parameters = walk.parameters(layer)
    if len(layer.bottoms) == 2:
        whole = walk.shapes(layer)[0]
        walk.add(layer, "add", [layer.bottoms[0], make_broadcast(walk, layer, layer.bottoms[1], whole)])
    elif parameters.get("axis", 1) != 1 or parameters.get("num_axes", 1) != 1:
        walk.leave_out(layer, "a learned number for each element has no counterpart here")
    else:
        reason = "`scale` has a learned factor for each channel beside the number, which is 1 at first"
        walk.add(layer, "scale bias=yes", fate=Fate.APPROXIMATED, reason=reason)


def add_crop(walk: NetWalk, layer: CaffeLayer) -> None:
    """Cut a map to the size of another, from its offset on."""
    if len(layer.bottoms) != 2 or not all(map(walk.is_image, walk.known(layer))):
        walk.leave_out(layer, "it crops blobs that are no maps")
        return
    shape, wanted = walk.shapes(layer)
    parameters = walk.parameters(layer)
    axis = find_axis(parameters.get("axis", 2), shape)
    given = parameters.get("offset", 0)
    offsets = [*given] if isinstance(given, tuple) else [given] * (4 - axis)
    if axis < 1 or len(offsets) not in (1, 4 - axis):
        walk.leave_out(layer, f"`axis={axis}` has no counterpart here")
        return
    offsets = [*offsets * (4 - axis if len(offsets) == 1 else 1)]
    before = [0] * (3 - len(offsets)) + offsets
    ends = [whole - part - start for whole, part, start in zip(_order(shape), _order(wanted), before, strict=True)]
    if axis > 1:
        ends[0] = 0
    if min(ends) < 0 or min(before) < 0:
        raise UnreadableModel(f"{describe_source(layer.source)} cannot cut {format_shape(wanted)} at {before} out of "
                              f"{format_shape(shape)}")  # fmt: skip
    _cut(walk, layer, before, ends, shape)


def _order(shape: Shape) -> Shape:
    return shape[2], shape[0], shape[1]


def _cut(walk: NetWalk, layer: CaffeLayer, before: Sequence[int], ends: Sequence[int], shape: Shape) -> None:
    layers = []
    if before[0] or ends[0]:
        layers.append(f"slice {before[0]}..{shape[2] - ends[0]}")
    if any((*before[1:], *ends[1:])):
        layers.append(f"crop P=[{before[1]}:{ends[1]}, {before[2]}:{ends[2]}]")
    first = [layer.bottoms[0]]
    if layers:
        reason = f"the size of `{layer.bottoms[1]}` is written as the pixels to cut off"
        walk.add(layer, " -> ".join(layers), first, fate=Fate.EQUAL, reason=reason)
    else:
        walk.rename(layer, "it cuts nothing off")
