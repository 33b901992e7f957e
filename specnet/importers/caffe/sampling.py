"""Layers of forks that enlarge maps, and the few functions that are put together from layers here."""

from __future__ import annotations

from typing import Any

from specnet.foreign.darknet_layers import REORG
from specnet.foreign.values import make_pair
from specnet.importers.caffe.network import NetWalk
from specnet.importers.caffe.prototxt import CaffeLayer
from specnet.importers.imported import Fate
from specnet.layers.base import Shape, format_shape, is_map

UNPOOLED = "`upsample` repeats each value; Caffe's puts it back to where the maximum was, and zeros beside it"


def add_interp(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add DeepLab's bilinear interpolation, which keeps the corners in their places."""
    shape, parameters = walk.shapes(layer)[0], walk.parameters(layer)
    if not all(map(walk.is_image, walk.known(layer))):
        walk.leave_out(layer, "it enlarges a blob that is no map")
    elif len(layer.bottoms) > 1:
        height, width, *_ = walk.shapes(layer)[1]
        reason = f"the size of `{layer.bottoms[1]}` is written as a number"
        text = f"upsample to={height}x{width} bilinear align_corners"
        walk.add(layer, text, [layer.bottoms[0]], fate=Fate.EQUAL, reason=reason)
    elif parameters.get("pad_beg", 0) or parameters.get("pad_end", 0):
        walk.leave_out(layer, "its `pad_beg` and `pad_end` have no counterpart here")
    else:
        height, width = (
            _interpolate(size, parameters, side) for size, side in zip(shape, ("height", "width"), strict=False)
        )
        walk.add(layer, f"upsample to={height}x{width} bilinear align_corners")


def _interpolate(size: int, parameters: dict[str, Any], side: str) -> int:
    """Return the size that Interp comes to: that of `shrink_factor`, then `zoom_factor`, or a given one."""
    if shrink := parameters.get("shrink_factor", 0):
        size = (size - 1) // shrink + 1
    if zoom := parameters.get("zoom_factor", 0):
        size += (size - 1) * (zoom - 1)
    return int(parameters.get(side, 0) or size)


def add_upsample(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add SegNet's upsampling by the places of the maxima, or the plain one of YOLO."""
    shape, parameters = walk.shapes(layer)[0], walk.parameters(layer)
    scale = parameters.get("scale", 2)
    if not is_map(shape) or not isinstance(scale, int):
        walk.leave_out(layer, "it enlarges a blob that is no map, or by no whole number")
        return
    height, width = (
        parameters.get(key) or scale * size for key, size in zip(("upsample_h", "upsample_w"), shape, strict=False)
    )
    text = (
        f"upsample {scale}"
        if (height, width) == (scale * shape[0], scale * shape[1])
        else f"upsample to={height}x{width}"
    )
    if len(layer.bottoms) == 1:
        walk.add(layer, text)
    else:
        walk.add(layer, text, [layer.bottoms[0]], fate=Fate.APPROXIMATED, reason=UNPOOLED)


def add_pooling(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add a pooling; the places of its maxima, a second top of SegNet's, are only a size here."""
    parameters, shapes = walk.parameters(layer), walk.shapes(layer)
    if parameters.get("pool", "MAX") in ("STOCHASTIC", 2):
        walk.leave_out(layer, "it picks a value of each window by chance")
        return
    if not is_map(shapes[0]):
        walk.leave_out(layer, f"it pools {format_shape(shapes[0])}, which is no map")
        return
    if is_wide(parameters, shapes[0]):
        walk.leave_out(layer, "its padding is wider than half its window, and a spec's pooling takes at most half")
        return
    walk.add_translated(layer)
    for top in layer.tops[1:] if walk.recorder.is_known(layer.tops[0]) else ():
        walk.recorder.alias(top, layer.tops[0])
        walk.places.add(top)


def is_wide(parameters: dict[str, Any], shape: Shape) -> bool:
    """Whether the padding is wider than torch's pooling takes."""
    if parameters.get("global_pooling"):
        return False
    pads, windows = make_pair(parameters.get("pad", 0)), make_pair(parameters.get("kernel_size", 1))
    pairs = zip(pads, windows, strict=True)
    return any(isinstance(pad, int) and isinstance(window, int) and 2 * pad > window for pad, window in pairs)


def add_power(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add (shift + scale·x)^power where that is a factor, or a square."""
    parameters = walk.parameters(layer)
    power, scale, shift = (parameters.get(key, default) for key, default in (("power", 1), ("scale", 1), ("shift", 0)))
    if shift != 0 or power not in (1, 2):
        what = f"(x·{scale:g} + {shift:g})^{power:g}"
        walk.leave_out(layer, f"{what} has no counterpart here, only a factor and a square")
    elif power == 2:
        value = layer.bottoms[0]
        if scale != 1:
            value = f"{layer.source.name}/scaled"
            walk.add(layer, f"times by={scale:g}", None, value, name=f"{layer.source.name}_scaled")
        walk.add(layer, "mul", [value, value], fate=Fate.EQUAL, reason="a square is a product with itself")
    elif scale == 1:
        walk.rename(layer, "its factor is 1")
    else:
        walk.add(layer, f"times by={scale:g}")


def add_absolute(walk: NetWalk, layer: CaffeLayer) -> None:
    """Add |x| as the maximum of x and -x."""
    negative = f"{layer.source.name}/negative"
    walk.add(layer, "times by=-1", None, negative, name=f"{layer.source.name}_negative")
    reason = "it is the maximum of x and -x"
    walk.add(layer, "maximum", [layer.bottoms[0], negative], fate=Fate.EQUAL, reason=reason)


def add_reorg(walk: NetWalk, layer: CaffeLayer) -> None:
    """Make channels of pixels in the order of Darknet's first `reorg`."""
    stride, shape = walk.parameters(layer).get("stride", 2), walk.shapes(layer)[0]
    if not is_map(shape) or not isinstance(stride, int) or stride < 1 or shape[0] % stride or shape[1] % stride:
        walk.leave_out(layer, f"it cannot cut {format_shape(shape)} into blocks of {stride}")
    elif shape[2] % stride**2:
        walk.leave_out(layer, f"its {shape[2]} channels are no whole number of blocks")
    else:
        reason = "Darknet's order of channels, which reads the map in another shape"
        walk.add(layer, REORG.replace("{stride}", str(stride)), fate=Fate.EQUAL, reason=reason)


def add_argmax(walk: NetWalk, layer: CaffeLayer) -> None:
    """Leave out what reads the class off the output."""
    is_last = not any(layer.tops[0] in other.bottoms for other in walk.net.layers if layer.tops)
    reason = "it names the likeliest class of the output, as a program may that uses it" if is_last else (
        "the places of maxima have no counterpart here")  # fmt: skip
    walk.leave_out(layer, reason, computes=not is_last)
