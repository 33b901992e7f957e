"""The modules of Ultralytics, each with the arguments that a row gives behind what it reads.

The formulas are those of ultralytics/nn/modules/block.py and of YOLOv5's models/common.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import gcd
from typing import Any

from specnet.importers.ultralytics.assembly import Assembly

Module = Callable[..., str]
"""Adds a module: of an Assembly, a name, the value that it reads, and arguments; returns its value."""

Kernels = tuple[int | tuple[int, int], int | tuple[int, int]]


def conv(b: Assembly, name: str, x: str, c2: int, k: int = 1, s: int = 1, p: int | None = None, g: int = 1,
         d: int = 1, act: bool = True) -> str:  # fmt: skip
    return b.conv(name, x, c2, k, s, p, g, d, act)


def depthwise(b: Assembly, name: str, x: str, c2: int, k: int = 1, s: int = 1, d: int = 1, act: bool = True) -> str:
    return b.conv(name, x, c2, k, s, None, gcd(b.channels(x), c2), d, act)


def focus(b: Assembly, name: str, x: str, c2: int, k: int = 1, s: int = 1, p: int | None = None, g: int = 1,
          act: bool = True) -> str:  # fmt: skip
    """Add four pixels as channels, first along the height, then a convolution."""
    arranged = b.add(f"{name}.focus", "space_to_depth 2 order=WHC", x)
    return b.conv(f"{name}.conv", arranged, c2, k, s, p, g, 1, act)


def bottleneck(b: Assembly, name: str, x: str, c2: int, shortcut: bool = True, g: int = 1, e: float = 0.5) -> str:
    return _bottleneck(b, name, x, c2, shortcut, g, (1, 3) if b.has_anchors else (3, 3), e)


def bottleneck_of_windows(b: Assembly, name: str, x: str, c2: int, shortcut: bool = True, g: int = 1,
                          k: Any = (3, 3), e: float = 0.5) -> str:  # fmt: skip
    """Add a bottleneck of models without anchors, whose arguments say its windows."""
    return _bottleneck(b, name, x, c2, shortcut, g, (k[0], k[1]), e)


def _bottleneck(b: Assembly, name: str, x: str, c2: int, shortcut: bool, g: int, k: Kernels, e: float) -> str:
    inner = b.conv(f"{name}.cv1", x, int(c2 * e), k[0])
    value = b.conv(f"{name}.cv2", inner, c2, k[1], 1, None, g)
    return b.add(f"{name}.add", "add", x, value) if shortcut and b.channels(x) == c2 else value


def _repeat(n: int, x: str, make: Callable[[int, str], str]) -> str:
    for place in range(n):
        x = make(place, x)
    return x


def bottleneck_csp(b: Assembly, name: str, x: str, c2: int, n: int = 1, shortcut: bool = True, g: int = 1,
                   e: float = 0.5) -> str:  # fmt: skip
    hidden = int(c2 * e)
    inner = _repeat(n, b.conv(f"{name}.cv1", x, hidden), lambda i, y: _bottleneck(
        b, f"{name}.m.{i}", y, hidden, shortcut, g, (1, 3) if b.has_anchors else (3, 3), 1.0))  # fmt: skip
    first = b.add(f"{name}.cv3", f"conv K={hidden} F=1 bias=no", inner)
    second = b.add(f"{name}.cv2", f"conv K={hidden} F=1 bias=no", x)
    joined = b.add(f"{name}.cat", "concat", first, second)
    value = b.add(f"{name}.bn", "bn momentum=0.03 eps=1e-3", joined)
    return b.conv(f"{name}.cv4", b.add(f"{name}.act", "silu", value), c2)


def _c3(b: Assembly, name: str, x: str, c2: int, e: float, make: Callable[[str, int], str]) -> str:
    """Add a C3 whose inner modules `make` adds to the first branch, by its number of channels."""
    hidden = int(c2 * e)
    first = make(b.conv(f"{name}.cv1", x, hidden), hidden)
    joined = b.add(f"{name}.cat", "concat", first, b.conv(f"{name}.cv2", x, hidden))
    return b.conv(f"{name}.cv3", joined, c2)


def c3(b: Assembly, name: str, x: str, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> str:
    return _c3(b, name, x, c2, e, lambda y, c: _repeat(
        n, y, lambda i, z: _bottleneck(b, f"{name}.m.{i}", z, c, shortcut, g, (1, 3), 1.0)))  # fmt: skip


def c3k(b: Assembly, name: str, x: str, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5,
        k: int = 3) -> str:  # fmt: skip
    return _c3(b, name, x, c2, e, lambda y, c: _repeat(
        n, y, lambda i, z: _bottleneck(b, f"{name}.m.{i}", z, c, shortcut, g, (k, k), 1.0)))  # fmt: skip


def c3x(b: Assembly, name: str, x: str, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> str:
    return _c3(b, name, x, c2, e, lambda y, c: _repeat(
        n, y, lambda i, z: _bottleneck(b, f"{name}.m.{i}", z, c, shortcut, g, ((1, 3), (3, 1)), 1.0)))  # fmt: skip


def c3_ghost(b: Assembly, name: str, x: str, c2: int, n: int = 1, shortcut: bool = True, g: int = 1,
             e: float = 0.5) -> str:  # fmt: skip
    return _c3(b, name, x, c2, e, lambda y, c: _repeat(
        n, y, lambda i, z: ghost_bottleneck(b, f"{name}.m.{i}", z, c)))  # fmt: skip


def c3_spp(b: Assembly, name: str, x: str, c2: int, k: Any = (5, 9, 13), n: int = 1, shortcut: bool = True, g: int = 1,
           e: float = 0.5) -> str:  # fmt: skip
    return _c3(b, name, x, c2, e, lambda y, c: spp(b, f"{name}.m", y, c, k))


def c1(b: Assembly, name: str, x: str, c2: int, n: int = 1) -> str:
    first = b.conv(f"{name}.cv1", x, c2)
    return b.add(f"{name}.add", "add", first, _repeat(n, first, lambda i, y: b.conv(f"{name}.m.{i}", y, c2, 3)))


def c2(b: Assembly, name: str, x: str, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> str:
    hidden = int(c2 * e)
    first, second = b.halves(name, b.conv(f"{name}.cv1", x, 2 * hidden))
    inner = _repeat(n, first, lambda i, y: _bottleneck(b, f"{name}.m.{i}", y, hidden, shortcut, g, (3, 3), 1.0))
    return b.conv(f"{name}.cv2", b.add(f"{name}.cat", "concat", inner, second), c2)


def _c2f(b: Assembly, name: str, x: str, c2: int, n: int, e: float, make: Callable[[str, str, int], str]) -> str:
    """Add a C2f, which joins the outputs of all its inner modules; `make` adds one by its name."""
    hidden = int(c2 * e)
    values = [*b.halves(name, b.conv(f"{name}.cv1", x, 2 * hidden))]
    for place in range(n):
        values.append(make(f"{name}.m.{place}", values[-1], hidden))
    return b.conv(f"{name}.cv2", b.add(f"{name}.cat", "concat", *values), c2)


def c2f(b: Assembly, name: str, x: str, c2: int, n: int = 1, shortcut: bool = False, g: int = 1, e: float = 0.5) -> str:
    return _c2f(b, name, x, c2, n, e, lambda own, y, c: _bottleneck(b, own, y, c, shortcut, g, (3, 3), 1.0))


def c3k2(b: Assembly, name: str, x: str, c2: int, n: int = 1, use_c3k: bool = False, e: float = 0.5, g: int = 1,
         shortcut: bool = True) -> str:  # fmt: skip
    def make(own: str, y: str, c: int) -> str:
        if use_c3k:
            return c3k(b, own, y, c, 2, shortcut, g)
        return _bottleneck(b, own, y, c, shortcut, g, (3, 3), 0.5)

    return _c2f(b, name, x, c2, n, e, make)


def c2f_cib(b: Assembly, name: str, x: str, c2: int, n: int = 1, shortcut: bool = False, lk: bool = False, g: int = 1,
            e: float = 0.5) -> str:  # fmt: skip
    return _c2f(b, name, x, c2, n, e, lambda own, y, c: cib(b, own, y, c, shortcut, 1.0, lk))


def cib(b: Assembly, name: str, x: str, c2: int, shortcut: bool = True, e: float = 0.5, lk: bool = False) -> str:
    read, hidden = b.channels(x), int(c2 * e)
    value = b.conv(f"{name}.cv1.0", x, read, 3, 1, None, read)
    value = b.conv(f"{name}.cv1.1", value, 2 * hidden)
    if lk:
        value = _large_depthwise(b, f"{name}.cv1.2", value)
    else:
        value = b.conv(f"{name}.cv1.2", value, 2 * hidden, 3, 1, None, 2 * hidden)
    value = b.conv(f"{name}.cv1.4", b.conv(f"{name}.cv1.3", value, c2), c2, 3, 1, None, c2)
    return b.add(f"{name}.add", "add", x, value) if shortcut and read == c2 else value


def _large_depthwise(b: Assembly, name: str, x: str) -> str:
    """Add the sum of two depthwise convolutions, of 7x7 and 3x3."""
    channels = b.channels(x)
    large = b.conv(f"{name}.conv", x, channels, 7, 1, 3, channels, act=False)
    small = b.conv(f"{name}.conv1", x, channels, 3, 1, 1, channels, act=False)
    return b.add(f"{name}.act", "silu", b.add(f"{name}.add", "add", large, small))


def sc_down(b: Assembly, name: str, x: str, c2: int, k: int, s: int) -> str:
    return b.conv(f"{name}.cv2", b.conv(f"{name}.cv1", x, c2), c2, k, s, None, c2, act=False)


def spp(b: Assembly, name: str, x: str, c2: int, k: Any = (5, 9, 13)) -> str:
    first = b.conv(f"{name}.cv1", x, b.channels(x) // 2)
    pools = [b.maximum(f"{name}.m.{place}", first, size) for place, size in enumerate(k)]
    return b.conv(f"{name}.cv2", b.add(f"{name}.cat", "concat", first, *pools), c2)


def sppf(b: Assembly, name: str, x: str, c2: int, k: int = 5) -> str:
    values = [b.conv(f"{name}.cv1", x, b.channels(x) // 2)]
    for place in range(3):
        values.append(b.maximum(f"{name}.m{place}", values[-1], k))
    return b.conv(f"{name}.cv2", b.add(f"{name}.cat", "concat", *values), c2)


def spp_elan(b: Assembly, name: str, x: str, c2: int, c3: int, k: int = 5) -> str:
    values = [b.conv(f"{name}.cv1", x, c3)]
    for place in range(2, 5):
        values.append(b.maximum(f"{name}.cv{place}", values[-1], k))
    return b.conv(f"{name}.cv5", b.add(f"{name}.cat", "concat", *values), c2)


def rep_conv(b: Assembly, name: str, x: str, c2: int, k: int = 3, s: int = 1, p: int = 1, g: int = 1) -> str:
    """Add the sum of two convolutions, which may be one after training."""
    large = b.conv(f"{name}.conv1", x, c2, k, s, p, g, act=False)
    small = b.conv(f"{name}.conv2", x, c2, 1, s, p - k // 2, g, act=False)
    return b.add(f"{name}.act", "silu", b.add(f"{name}.add", "add", large, small))


def _rep_bottleneck(b: Assembly, name: str, x: str, c2: int) -> str:
    value = b.conv(f"{name}.cv2", rep_conv(b, f"{name}.cv1", x, c2), c2, 3)
    return b.add(f"{name}.add", "add", x, value) if b.channels(x) == c2 else value


def _rep_csp(b: Assembly, name: str, x: str, c2: int, n: int) -> str:
    return _c3(b, name, x, c2, 0.5, lambda y, c: _repeat(
        n, y, lambda i, z: _rep_bottleneck(b, f"{name}.m.{i}", z, c)))  # fmt: skip


def rep_elan(b: Assembly, name: str, x: str, c2: int, c3: int, c4: int, n: int = 1) -> str:
    values = [*b.halves(name, b.conv(f"{name}.cv1", x, c3))]
    for part in ("cv2", "cv3"):
        inner = _rep_csp(b, f"{name}.{part}.0", values[-1], c4, n)
        values.append(b.conv(f"{name}.{part}.1", inner, c4, 3))
    return b.conv(f"{name}.cv4", b.add(f"{name}.cat", "concat", *values), c2)


def elan(b: Assembly, name: str, x: str, c2: int, c3: int, c4: int) -> str:
    values = [*b.halves(name, b.conv(f"{name}.cv1", x, c3))]
    for part in ("cv2", "cv3"):
        values.append(b.conv(f"{name}.{part}", values[-1], c4, 3))
    return b.conv(f"{name}.cv4", b.add(f"{name}.cat", "concat", *values), c2)


def average_and_convolve(b: Assembly, name: str, x: str, c2: int) -> str:
    return b.conv(f"{name}.cv1", b.add(f"{name}.avg", "pool avg F=2 S=1", x), c2, 3, 2, 1)


def average_and_halve(b: Assembly, name: str, x: str, c2: int) -> str:
    first, second = b.halves(name, b.add(f"{name}.avg", "pool avg F=2 S=1", x))
    left = b.conv(f"{name}.cv1", first, c2 // 2, 3, 2, 1)
    right = b.conv(f"{name}.cv2", b.maximum(f"{name}.max", second, 3, 2), c2 // 2)
    return b.add(f"{name}.cat", "concat", left, right)


def ghost_conv(b: Assembly, name: str, x: str, c2: int, k: int = 1, s: int = 1, g: int = 1, act: bool = True) -> str:
    first = b.conv(f"{name}.cv1", x, c2 // 2, k, s, None, g, act=act)
    second = b.conv(f"{name}.cv2", first, c2 // 2, 5, 1, None, c2 // 2, act=act)
    return b.add(f"{name}.cat", "concat", first, second)


def ghost_bottleneck(b: Assembly, name: str, x: str, c2: int, k: int = 3, s: int = 1) -> str:
    read, value, short = b.channels(x), ghost_conv(b, f"{name}.conv.0", x, c2 // 2), x
    if s == 2:
        value = depthwise(b, f"{name}.conv.1", value, c2 // 2, k, s, act=False)
        short = depthwise(b, f"{name}.shortcut.0", x, read, k, s, act=False)
        short = b.conv(f"{name}.shortcut.1", short, c2, act=False)
    return b.add(f"{name}.add", "add", ghost_conv(b, f"{name}.conv.2", value, c2, act=False), short)


def upsample(b: Assembly, name: str, x: str, size: Any = None, scale_factor: Any = None, mode: str = "nearest") -> str:
    target = f"to={size if isinstance(size, int) else 'x'.join(map(str, size))}" if size else str(scale_factor)
    return b.add(name, f"upsample {target}" + ("" if mode == "nearest" else f" {mode}"), x)


def max_pool(b: Assembly, name: str, x: str, k: int, s: int | None = None, p: int = 0) -> str:
    return b.add(name, b.round(f"pool max F={k} S={s or k}" + (f" P={p}" if p else ""), x), x)


def zero_pad(b: Assembly, name: str, x: str, sides: Any) -> str:
    left, right, top, bottom = sides if isinstance(sides, Sequence) else [sides] * 4
    return b.add(name, f"pad P=[{top}:{bottom}, {left}:{right}]", x)


def transposed(b: Assembly, name: str, x: str, c2: int, k: int, s: int = 1, p: int = 0, op: int = 0) -> str:
    numbers = "".join(f" {key}={value}" for key, value in (("P", p), ("OP", op)) if value)
    return b.add(name, f"deconv K={c2} F={k} S={s}{numbers}", x)


def norm(b: Assembly, name: str, x: str) -> str:
    return b.add(name, "bn momentum=0.03 eps=1e-3", x)


def identity(b: Assembly, name: str, x: str) -> str:
    return b.add(name, "identity", x)


def contract(b: Assembly, name: str, x: str, gain: int = 2) -> str:
    return b.add(name, f"space_to_depth {gain} order=HWC", x)


def expand(b: Assembly, name: str, x: str, gain: int = 2) -> str:
    return b.add(name, f"depth_to_space {gain} order=HWC", x)


def classify(b: Assembly, name: str, x: str, c2: int, k: int = 1, s: int = 1, p: int | None = None, g: int = 1) -> str:
    value = b.add(f"{name}.pool", "pool avg global", b.conv(f"{name}.conv", x, 1280, k, s, p, g))
    return b.add(f"{name}.linear", f"fc {c2} -> softmax", value)


SCALED: Mapping[str, Module] = {
    "ADown": average_and_halve, "AConv": average_and_convolve, "Bottleneck": bottleneck, "C1": c1, "C2": c2, "C2f": c2f,
    "Conv": conv, "DWConv": depthwise, "ELAN1": elan, "Focus": focus, "GhostBottleneck": ghost_bottleneck,
    "GhostConv": ghost_conv, "RepConv": rep_conv, "SCDown": sc_down, "SPP": spp, "SPPF": sppf, "Classify": classify,
    "C3SPP": c3_spp, "CIB": cib, "nn.ConvTranspose2d": transposed, "SPPELAN": spp_elan, "RepNCSPELAN4": rep_elan,
    "BottleneckCSP": bottleneck_csp, "C3": c3, "C3Ghost": c3_ghost, "C3k": c3k, "C3k2": c3k2, "C3x": c3x,
    "C2fCIB": c2f_cib,
}  # fmt: skip
"""Modules whose first argument is a number of filters, which the width scales."""

REPEATING = frozenset({"BottleneckCSP", "C1", "C2", "C2f", "C2fCIB", "C3", "C3Ghost", "C3k2", "C3x"})
"""Modules that take the number of repetitions as an argument."""

PLAIN: Mapping[str, Module] = {
    "nn.Upsample": upsample, "nn.MaxPool2d": max_pool, "nn.ZeroPad2d": zero_pad, "nn.BatchNorm2d": norm,
    "nn.Identity": identity, "Contract": contract, "Expand": expand,
}  # fmt: skip
"""Modules that keep their arguments as they are."""

ATTENTION = "its queries and keys are narrower than its values, which no attention here has"
REFUSED: Mapping[str, str] = {
    "A2C2f": ATTENTION, "C2PSA": ATTENTION, "PSA": ATTENTION, "PSABlock": ATTENTION,
    "C3TR": "its transformer projects the queries, keys and values twice",
    "CBFuse": "it reads several outputs of one row", "CBLinear": "it has several outputs",
    "AIFI": "its embedding of places has no counterpart here",
}  # fmt: skip
"""Modules without a counterpart, and why."""
