"""The modules in Ultralytics's model files (YOLOv5 and later) and what they mean here: see meaning.py for the rows.

Their arguments lack the number of input channels. `Conv` is a convolution without a bias, a normalisation with these
numbers, and SiLU; it pads by half its window, which `complete` fills in. Modules of torch.nn are in torch_layers.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from specnet.foreign.meaning import Table, read_table

ULTRALYTICS: Table = read_table(
    """
Conv(c2: K, k: F = 1, s: S = 1, p: P = None, g: G = 1, d: D = 1,
     act: True = True) -> conv bias=no -> bn momentum=0.03 eps=1e-3 -> silu
Conv(c2: K, k: F = 1, s: S = 1, p: P = None, g: G = 1, d: D = 1,
     act: False = True) -> conv bias=no -> bn momentum=0.03 eps=1e-3
Concat(dimension: 1 = 1) -> concat
"""
)
"""The modules of a single layer or two, by their names."""

OUTPUTS = frozenset({"Detect", "Segment", "Pose", "OBB", "Classify", "v10Detect", "IDetect"})
"""Modules that compute boxes or classes from several values."""

DIVISOR = 8
"""Scaled numbers of filters are rounded up to a multiple of this."""


def complete(name: str, arguments: Sequence[Any], width: float) -> list[Any]:
    """Return the arguments of a module with its filters scaled by `width`, and with the padding of a `Conv`."""
    own = list(arguments)
    if name not in ULTRALYTICS or not own or not isinstance(own[0], int):
        return own
    if "c2" in ULTRALYTICS[name][0].by_name:
        own[0] = own[0] if width == 1 else -int(-own[0] * width // DIVISOR) * DIVISOR
    if name == "Conv" and len(own) in (2, 3) and isinstance(own[1], int) and own[1] > 1:
        own += [1] * (3 - len(own)) + [own[1] // 2]
    return own
