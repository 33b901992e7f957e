"""Pools over windows and over whole maps."""

from __future__ import annotations

from specnet.importers.onnx.building import Conversion, Sizes
from specnet.importers.onnx.operators.windows import Window, read_window, slide


def convert_max_pool(conversion: Conversion) -> None:
    shape, ceil = conversion.shape(), bool(conversion.node.get("ceil_mode", 0))
    window = read_window(conversion, ())
    sizes = (*shape[:2], *slide(window, shape[2:], ceil))
    window, ceil = _even_padding(window, shape[2:], ceil)
    conversion.give("max_pool", [conversion.input()], sizes, **window._asdict(), ceil=ceil)


def _even_padding(window: Window, sizes: Sizes, ceil: bool) -> tuple[Window, bool]:
    """Return a window with as much padding behind as before, where it comes to the same.

    Padding behind that is ignored only says how many windows there are; exporters add it in place of `ceil_mode`.
    """
    even = window._replace(padding=tuple((before, before) for before, _ in window.padding))
    for other in (False, True):
        if slide(even, sizes, other) == slide(window, sizes, ceil):
            return even, other
    return window, ceil


def convert_average_pool(conversion: Conversion) -> None:
    shape, ceil = conversion.shape(), bool(conversion.node.get("ceil_mode", 0))
    window = read_window(conversion, ())
    if {*window.dilation} != {1}:
        raise conversion.refuse("an average pool with a dilation is none of the layers here")
    sizes = (*shape[:2], *slide(window, shape[2:], ceil))
    counted = bool(conversion.node.get("count_include_pad", 0))
    if not counted:
        window, ceil = _even_padding(window, shape[2:], ceil)
    attributes = {"kernel": window.kernel, "stride": window.stride, "padding": window.padding, "ceil": ceil}
    counted = counted or not any(map(any, window.padding))
    conversion.give("avg_pool", [conversion.input()], sizes, **attributes, count_include_pad=counted)


def convert_global_pool(conversion: Conversion) -> None:
    shape = conversion.shape()
    size = (1,) * (len(shape) - 2)
    kind = "adaptive_avg_pool" if conversion.node.kind == "GlobalAveragePool" else "adaptive_max_pool"
    conversion.give(kind, [conversion.input()], (*shape[:2], *size), size=size)


CONVERTED = {
    "MaxPool": convert_max_pool,
    "AveragePool": convert_average_pool,
    "GlobalAveragePool": convert_global_pool,
    "GlobalMaxPool": convert_global_pool,
}
