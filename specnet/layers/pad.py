"""pad: adds pixels around a map, `pad 1`, `pad 0:1`, `pad [0:1, 2] reflect` (height, then width)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, check_bounds, require_map
from specnet.layers.base.alternatives import Alternatives, vary_padding
from specnet.layers.base.families import Reshaping
from specnet.layers.base.padding import BothAxes
from specnet.layers.base.traits import (
    KEEPS_INPUT,
    KEEPS_NOTHING,
    Kept,
    ReceptiveField,
    Storage,
    Trait,
    Traits,
    read_with_offset,
)
from specnet.layers.base.window import AXES

MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate"}
"""The `mode` of `F.pad` for each kind of filling."""


class Pad(Reshaping):
    """H×W×C → (H + before + after)×(W + before + after)×C, filled with zeros, the mirrored map, or its edge."""

    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = Reshaping.kind_traits | {Trait.TRANSPARENT, Trait.PADS}
    positional: ClassVar[tuple[str, ...]] = ("padding",)
    usual: ClassVar[tuple[str, ...]] = ("1",)
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {mode: ("mode", mode) for mode in MODES}

    padding: BothAxes = Field(alias="P", description="pixels on each side, as 1, 1x2, 0:1 or [0:1, 2]")
    mode: Literal["zeros", "reflect", "replicate"] = Field("zeros", description="filling")

    def output(self, inputs: Shapes) -> Shape:
        height, width, channels = require_map(inputs)
        for name, size, sides in zip(AXES, (height, width), self.padding, strict=True):
            if self.mode == "reflect" and max(sides) >= size:
                fact = f"cannot mirror {max(sides)} pixels: there are {size - 1} beside the edge in {name}"
                raise LayerError(Code.E306, fact, ("padding",))
        return check_bounds((height + sum(self.padding[0]), width + sum(self.padding[1]), channels))

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        (top, _), (left, _) = self.padding
        return (read_with_offset(-top, -left),)

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_padding(self.padding)

    def kept(self, inputs: Shapes) -> Kept | None:
        return KEEPS_NOTHING if self.mode == "zeros" else KEEPS_INPUT

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        height, width = self.padding
        return (TorchCall("F.pad", pad=(*width, *height), mode=MODES[self.mode], value=None),)
