"""The modules in Ultralytics's model files (YOLOv5 and later) and what they mean here: see meaning.py for the rows.

Their arguments lack the number of input channels. `Conv` is a convolution without a bias, a normalisation with these
numbers, and SiLU; unless its padding is given it pads by half its window. In YOLOv5 up to 6.1 it had no `d`. Modules
of torch.nn are in torch_layers.py, except the normalisation, which gets these numbers, too; `complete` puts a place for
the missing argument before the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specnet.foreign.meaning import Table, read_table
from specnet.foreign.values import Value, are_whole, make_pair


def pad_by_half(arguments: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the padding of a `Conv`: half the window, which reaches D(F − 1) + 1 pixels."""
    windows, steps = make_pair(arguments["k"]), make_pair(arguments.get("d", 1))
    if arguments["p"] is not None or not are_whole(*windows, *steps):
        return {}
    padding = tuple((step * (size - 1) + 1) // 2 for size, step in zip(windows, steps, strict=True))
    return {"p": padding} if any(padding) else {}


ULTRALYTICS: Table = read_table(
    """
Conv(c2: K, k: F = 1, s: S = 1, p: P = None, g: G = 1, d: D = 1,
     act: True = True) -> conv bias=no -> bn momentum=0.03 eps=1e-3 -> silu
Conv(c2: K, k: F = 1, s: S = 1, p: P = None, g: G = 1, d: D = 1,
     act: False = True) -> conv bias=no -> bn momentum=0.03 eps=1e-3
Conv(c2: K, k: F = 1, s: S = 1, p: P = None, g: G = 1,
     act: True = True) -> conv bias=no -> bn momentum=0.03 eps=1e-3 -> silu
Conv(c2: K, k: F = 1, s: S = 1, p: P = None, g: G = 1,
     act: False = True) -> conv bias=no -> bn momentum=0.03 eps=1e-3
BatchNorm2d() -> bn momentum=0.03 eps=1e-3
Concat(dimension: nchw_axis(axis) = 1) -> concat
""",
    completions={"Conv": pad_by_half},
)
"""The modules of a single layer or two, by their names."""

ACTIVATION = "silu"
"""The activation of a `Conv`, unless a file sets another for all."""

OUTPUTS = frozenset({"Detect", "Segment", "Pose", "OBB", "Classify", "v10Detect", "IDetect"})
"""Modules that compute boxes or classes from several values."""

DIVISOR = 8
"""Scaled numbers of filters are rounded up to a multiple of this."""


READING = frozenset({"nn.Conv2d", "nn.ConvTranspose2d"})
"""Modules of torch.nn that are called with the number of channels that they read before their arguments."""

SCALED = frozenset({"Conv", "nn.ConvTranspose2d"})
"""Modules whose first argument is a number of filters, which `width_multiple` scales."""


def complete(name: str, arguments: Sequence[Any], width: float, classes: int | None) -> tuple[list[Any], str]:
    """Return the arguments of a module, and in words how its filters were rounded.

    Its filters are scaled by `width` and rounded up unless they are as many as the classes; what it reads has a place.
    """
    own, rounded = list(arguments), ""
    if name in SCALED and own and isinstance(own[0], int) and own[0] != classes:
        scaled, given = own[0] * width, f"{own[0]} filters" + (f" times {width:g}" if width != 1 else "")
        own[0] = -int(-scaled // DIVISOR) * DIVISOR
        if own[0] != scaled:
            rounded = f"{given} are {own[0]}, as Ultralytics rounds up to multiples of {DIVISOR}"
    return ([None, *own] if name in READING else own), rounded
