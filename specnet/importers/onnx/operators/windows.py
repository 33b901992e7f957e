"""Kernels, strides and padding of operators that slide over a map."""

from __future__ import annotations

from typing import NamedTuple

from specnet.importers.onnx.building import Conversion

Pairs = tuple[tuple[int, int], ...]


class Window(NamedTuple):
    """Each has a number, or a pair before and behind, for each axis of the map."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: Pairs


def read_window(conversion: Conversion, kernel: tuple[int, ...]) -> Window:
    """Return the window of an operator over its first input; `kernel` is where it does not say it."""
    get = conversion.node.get
    kernel = tuple(get("kernel_shape") or kernel)
    rank = len(kernel)
    stride, dilation = (tuple(get(name) or (1,) * rank) for name in ("strides", "dilations"))
    pads = get("pads") or (0,) * (2 * rank)
    if not rank == len(stride) == len(dilation) == len(pads) / 2 == len(conversion.shape()) - 2:
        raise conversion.error("has a kernel, strides or pads for another number of axes than its input has")
    if min((*kernel, *stride, *dilation)) < 1:
        raise conversion.error("has a kernel, a stride or a dilation below 1")
    window = Window(kernel, stride, dilation, tuple(zip(pads[:rank], pads[rank:], strict=True)))
    return window._replace(padding=_pad_automatically(conversion, window))


def _pad_automatically(conversion: Conversion, window: Window) -> Pairs:
    """Return the padding that `auto_pad` means, which `SAME_UPPER` puts behind where it is odd."""
    mode = conversion.node.get("auto_pad", "NOTSET")
    if mode == "VALID":
        return ((0, 0),) * len(window.kernel)
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        return window.padding
    pairs = []
    for size, kernel, stride, dilation in zip(conversion.shape()[2:], *window[:3], strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size)
        less, more = total // 2, total - total // 2
        pairs.append((less, more) if mode == "SAME_UPPER" else (more, less))
    return tuple(pairs)


def slide(window: Window, sizes: tuple[int, ...], ceil: bool = False) -> tuple[int, ...]:
    """Return the size of the output; with `ceil` a last window may begin before the padding behind, as in torch."""
    made = []
    for size, kernel, stride, dilation, (before, behind) in zip(sizes, *window, strict=True):
        room = size + before + behind - dilation * (kernel - 1) - 1
        count = (-(-room // stride) if ceil else room // stride) + 1
        made.append(count - 1 if ceil and (count - 1) * stride >= size + before else count)
    return tuple(made)
