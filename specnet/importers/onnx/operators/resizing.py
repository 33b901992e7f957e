"""Resize and Upsample: maps of another size."""

from __future__ import annotations

from specnet.importers.onnx.building import Conversion, Sizes

MODES = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}

LARGEST_SCALE = 1 << 16

DIFFERENT_PLACES = "the file takes pixels at other places ({how}) than torch's upsample does"


def convert_resize(conversion: Conversion) -> None:
    shape, get = conversion.shape(), conversion.node.get
    sizes = _find_sizes(conversion)
    mode = MODES.get(get("mode", "nearest"))
    if mode is None or sizes[:2] != shape[:2] or len(sizes) != len(shape):
        raise conversion.refuse("it resizes the batch or the channels, or in a way that torch does not know")
    conversion.differs = _compare_places(conversion, mode, sizes)
    corners = _read_places(conversion) == "align_corners"
    conversion.give("upsample", [conversion.input()], sizes, size=sizes[2:], mode=mode, align_corners=corners)


def _find_sizes(conversion: Conversion) -> Sizes:
    """Return the shape of the result, from sizes or scales, which may be given for some axes only."""
    shape, get = conversion.shape(), conversion.node.get
    place = 1 if conversion.node.kind == "Upsample" or conversion.opset < 11 else 2
    axes = [conversion.count_axis(axis, len(shape)) for axis in get("axes") or range(len(shape))]
    made = list(shape)
    given = conversion.integers(3) if place == 2 and conversion.node.has_input(3) else None
    if given:
        if get("keep_aspect_ratio_policy", "stretch") != "stretch":
            raise conversion.refuse("it keeps the ratio of its sides")
        for axis, size in zip(axes, given, strict=True):
            made[axis] = size
        return tuple(made)
    scales = conversion.array(place).tolist() if conversion.node.has_input(place) else get("scales")
    if scales is None:
        scales = [1, 1, get("height_scale", 1.0), get("width_scale", 1.0)]
    for axis, scale in zip(axes, scales, strict=True):
        if not 0 < scale < LARGEST_SCALE:
            raise conversion.error(f"has a scale of {scale:g}")
        made[axis] = int(shape[axis] * scale + 1e-5)
    return tuple(made)


def _read_places(conversion: Conversion) -> str:
    """Return which place of the input a pixel is taken from, as its attribute has it."""
    if conversion.node.kind == "Upsample" or conversion.opset < 11:
        return "asymmetric"
    places: str = conversion.node.get("coordinate_transformation_mode", "half_pixel")
    return places


def _compare_places(conversion: Conversion, mode: str, sizes: Sizes) -> str:
    """Return how the result differs from torch's, if it does."""
    places, get = _read_places(conversion), conversion.node.get
    pairs = [*zip(conversion.shape()[2:], sizes[2:], strict=True)]
    if get("antialias", 0):
        return "the file smooths before it makes a map smaller, and the layer here does not"
    if mode == "nearest":
        rounding = "floor" if conversion.opset < 11 else get("nearest_mode", "round_prefer_floor")
        is_multiple = all(after % before == 0 for before, after in pairs)
        same = {("asymmetric", "floor")}
        if is_multiple:
            same |= {("half_pixel", "round_prefer_floor"), ("half_pixel", "round_prefer_ceil")}
            same |= {("pytorch_half_pixel", "round_prefer_floor"), ("half_pixel_symmetric", "round_prefer_floor")}
        fits = (places, rounding) in same
        return "" if fits else DIFFERENT_PLACES.format(how=f"{places}, {rounding}")
    if mode == "bicubic" and abs(get("cubic_coeff_a", -0.75) + 0.75) > 1e-6:
        return "the cubic polynomial of the file has another coefficient than torch's"
    known = places in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "align_corners")
    return "" if known or all(before == after for before, after in pairs) else DIFFERENT_PLACES.format(how=places)


CONVERTED = {"Resize": convert_resize, "Upsample": convert_resize}
