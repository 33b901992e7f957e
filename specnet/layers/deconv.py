"""deconv: a transposed convolution, `deconv K=64 F=2 S=2 P=0 OP=0` (Zeiler et al. 2010, Dumoulin and Visin 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from specnet.attributes import Count, Pair
from specnet.diagnostics import Code
from specnet.layers.base import (
    Family,
    Layer,
    Refusal,
    Shape,
    Shapes,
    TorchCall,
    in_groups,
    need_map,
    within_bounds,
    without,
)
from specnet.layers.base.window import AXES, UNPADDED, Padding, Pixels, one

PixelPair = Annotated[tuple[Pixels, Pixels], BeforeValidator(lambda value: (value, value) if value == 0 or isinstance(value, int) else value)]


@dataclass(frozen=True)
class Spread:
    """One axis on which each pixel is spread over a window: N, S, D(F − 1) + 1, what is cut off, what is added."""

    size: int
    stride: int
    extent: int
    before: int
    after: int
    added: int

    @property
    def output(self) -> int:
        return (self.size - 1) * self.stride - self.before - self.after + self.extent + self.added

    @property
    def arithmetic(self) -> str:
        """(13 − 1)·2 − 2 + 3 + 1 = 26"""
        return (
            f"({self.size} − 1)·{self.stride} − {self.before + self.after} + {self.extent} + {self.added} = {self.output}"
        )
