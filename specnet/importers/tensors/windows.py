"""Convolutions, poolings and what else slides over a map or changes its size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from specnet.importers.imported import Fate, StoredArray
from specnet.importers.tensors.attention import project_attention
from specnet.importers.tensors.draft import Draft, NoCounterpart, make
from specnet.importers.tensors.paddings import is_same
from specnet.importers.tensors.program import Operator
from specnet.importers.tensors.views import Dims, View, join, permute
from specnet.layers.base import Layer, LayerError, Shape
from specnet.layers.base.window import read_kernel

SEQUENCE = "it slides along a sequence, and windows here slide over maps"


def lower_conv(draft: Draft, op: Operator) -> None:
    """K×C/G×F×F filters."""
    weight, bias = draft.weight(op), draft.constant(op, 2)
    if _project(draft, op, weight, bias):
        return
    layer = _make_filters(op.attributes, "conv", weight.shape[0], weight.shape, bias is not None)
    _add_window(draft, op, layer, {"weight": weight, "bias": bias})


def _project(draft: Draft, op: Operator, weight: StoredArray, bias: StoredArray | None) -> bool:
    """Add attention whose result is projected by a convolution of single pixels."""
    view = draft.view(op)
    if weight.shape[2:] != (1, 1) or op.attributes["groups"] != 1 or not draft.nodes[view.node].facts:
        return False
    last = replace(op, shape=(op.shape[0], *op.shape[2:], op.shape[1]))
    if not project_attention(draft, last, permute(view, (0, 2, 3, 1)), weight, bias):
        return False
    projected = draft.values[op.output]
    assert isinstance(projected, View)
    draft.bind(op, permute(projected, (0, 3, 1, 2)))
    return True


def lower_conv_transpose(draft: Draft, op: Operator) -> None:
    """C×K/G×F×F filters."""
    weight, bias = draft.weight(op), draft.constant(op, 2)
    added = {"OP": tuple(op.attributes.get("output_padding", (0, 0)))}
    count = weight.shape[1] * op.attributes.get("groups", 1)
    layer = _make_filters(op.attributes, "deconv", count, weight.shape, bias is not None, added)
    _add_window(draft, op, layer, {"weight": weight, "bias": bias})


def _make_filters(
    given: Mapping[str, Any], kind: str, count: int, shape: Shape, bias: bool, more: Mapping[str, Any] | None = None
) -> Layer:
    if len(shape) != 4:
        raise NoCounterpart(SEQUENCE if len(shape) == 3 else "it slides over a volume, and windows here over maps")
    attributes = {"S": given["stride"], "P": given["padding"], "D": given["dilation"], "G": given["groups"]}
    return make(kind, {"K": count, "F": shape[2:], "bias": bias, **attributes, **(more or {})})


def lower_pool(draft: Draft, op: Operator) -> None:
    """The maximum or the mean of windows."""
    given, is_max = op.attributes, op.kind == "max_pool"
    if len(given["kernel"]) != 2:
        raise NoCounterpart(SEQUENCE)
    window = {"F": given["kernel"], "S": given["stride"], "P": given["padding"]}
    attributes = {"operation": "max" if is_max else "avg", **window}
    attributes |= {"D": given.get("dilation", (1, 1))} if is_max else {}
    attributes |= {"count_include_pad": False} if not is_max and not given.get("count_include_pad", True) else {}
    _add_window(draft, op, make("pool", attributes), rounding="ceil" if given.get("ceil") else "floor")


def _add_window(
    draft: Draft, op: Operator, layer: Layer, arrays: Mapping[str, Any] | None = None, rounding: str = "floor"
) -> None:
    """Add a layer with a window, which says `floor` where it leaves pixels unread."""
    node = draft.settle(op, draft.view(op), 3)
    if layer.slides and layer.kind != "deconv" and is_same(op, draft.nodes[node].shape[:2], _read_window(layer)):
        layer = layer.model_copy(update={"padding": "same"})
    elif layer.slides and layer.kind != "deconv":
        layer = choose_rounding(layer, draft.nodes[node].shape, rounding)
    draft.bind_node(op, draft.add(op, layer, [node], arrays))


def _read_window(layer: Layer) -> tuple[int, ...]:
    kernel = read_kernel(layer)
    return kernel[0] if kernel else (1, 1)


def choose_rounding(layer: Layer, shape: Shape, rounding: str) -> Layer:
    """Return a layer that rounds as torch does, down or up, and says so only where that matters."""
    rounded = layer.model_copy(update={"rounding": rounding})
    try:
        return layer if layer.output((shape,)) == rounded.output((shape,)) else rounded
    except LayerError:
        return rounded


def lower_adaptive_pool(draft: Draft, op: Operator) -> None:
    """A pooling to a size."""
    operation = "avg" if op.kind == "adaptive_avg_pool" else "max"
    size = tuple(op.attributes["size"])
    if len(size) != 2:
        raise NoCounterpart(SEQUENCE)
    node = draft.settle(op, draft.view(op), 3)
    if draft.nodes[node].shape[:2] == size:
        draft.note(op.source, Fate.EQUAL, "its input has that size already")
        draft.bind_node(op, node)
        return
    draft.bind_node(op, draft.add(op, make("pool", {"operation": operation, "to": size}), [node]))


PADDINGS = {"constant": "zeros", "reflect": "reflect", "replicate": "replicate"}


def lower_pad(draft: Draft, op: Operator) -> None:
    """Pixels around a map, whose axes may be in the order N×H×W×C; a negative number cuts pixels off."""
    padding, view = [tuple(pair) for pair in op.attributes["padding"]], draft.view(op)
    if not any(map(any, padding)):
        draft.note(op.source, Fate.EQUAL, "it pads nothing")
        draft.bind(op, view)
        return
    mode = PADDINGS.get(op.attributes.get("mode", "constant"))
    if mode is None or op.attributes.get("value"):
        raise NoCounterpart("`pad` fills with zeros, the edge or the mirrored map, and this one with another value")
    if len(padding) == 4 and len(draft.shape_of(view)) != 3:
        view = View(node := draft.settle(op, view, 3), draft.axes(node))
    whole = draft.trim(op, view)
    sides = _find_sides(whole, padding)
    node = whole.node
    if any(min(pair) < 0 for pair in sides):
        cut = tuple((max(0, -before), max(0, -after)) for before, after in sides)
        node = draft.add(op, make("crop", {"P": cut}), [node])
    if any(max(pair) > 0 for pair in sides):
        added = tuple((max(0, before), max(0, after)) for before, after in sides)
        node = draft.add(op, make("pad", {"P": added, "mode": mode}), [node])
    draft.bind(op, View(node, _resize(whole, draft.axes(node))))


def _find_sides(view: View, padding: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the padding of height and width; raises NoCounterpart if others than these are padded."""
    by = {"H": (0, 0), "W": (0, 0)}
    for parts, pair in zip(view.dims, padding, strict=True):
        letter = parts[0].axis if len(parts) == 1 else ""
        if any(pair) and letter not in by:
            raise NoCounterpart("it pads other axes than height and width")
        by[letter] = pair
    return by["H"], by["W"]


def _resize(view: View, axes: Dims) -> Dims:
    """Return the axes of a view on a node whose height and width are others."""
    sizes = {part.axis: part for parts in axes for part in parts}
    return tuple(join(sizes.get(part.axis, part) for part in parts) for parts in view.dims)


MODES = {"nearest": "nearest", "nearest-exact": "nearest_exact", "bilinear": "bilinear", "bicubic": "bicubic"}


def lower_upsample(draft: Draft, op: Operator) -> None:
    """Resampling to a size, by a whole factor where that gives it."""
    mode = MODES.get(op.attributes["mode"])
    if mode is None or len(op.shape) != 4:
        raise NoCounterpart("`upsample` resamples maps: nearest, bilinear or bicubic")
    node = draft.settle(op, draft.view(op), 3)
    before, after = draft.nodes[node].shape[:2], op.shape[2:]
    factors = tuple(new // old for new, old in zip(after, before, strict=True))
    is_whole = all(old * factor == new for old, factor, new in zip(before, factors, after, strict=True))
    size = {"factor": factors} if is_whole else {"to": after}
    corners = {"align_corners": True} if op.attributes.get("align_corners") and after != before else {}
    draft.bind_node(op, draft.add(op, make("upsample", {**size, "mode": mode, **corners}), [node]))


def lower_pixel_shuffle(draft: Draft, op: Operator) -> None:
    """Blocks of pixels of the channels, or the way back."""
    node = draft.settle(op, draft.view(op), 3)
    kind = "depth_to_space" if op.kind == "pixel_shuffle" else "space_to_depth"
    order = {"order": op.attributes["order"]} if op.attributes.get("order", "CHW") != "CHW" else {}
    draft.bind_node(op, draft.add(op, make(kind, {"factor": op.attributes["factor"], **order}), [node]))


RULES: Mapping[str, Callable[[Draft, Operator], None]] = {
    "conv": lower_conv,
    "conv_transpose": lower_conv_transpose,
    "max_pool": lower_pool,
    "avg_pool": lower_pool,
    "adaptive_avg_pool": lower_adaptive_pool,
    "adaptive_max_pool": lower_adaptive_pool,
    "pad": lower_pad,
    "upsample": lower_upsample,
    "pixel_shuffle": lower_pixel_shuffle,
    "pixel_unshuffle": lower_pixel_shuffle,
}
