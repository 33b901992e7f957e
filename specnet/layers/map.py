"""map: arranges the tokens of a sequence as a map, `map 14x14`, `map like=@x`: L×C → H×W×C, where L = H·W."""

from __future__ import annotations

from math import isqrt, prod
from typing import ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from specnet.attributes import Pair
from specnet.diagnostics import Code
from specnet.layers.base import LayerError, Shape, Shapes, TorchCall, check_bounds, format_shape, require_sequence
from specnet.layers.base.alternatives import Alternative, Alternatives, list_divisors
from specnet.layers.base.families import LIKE_FIELD, Reshaping, measure_like
from specnet.layers.base.traits import Elements, ReceptiveField, Storage, Trait, Traits

CLASS_TOKEN = "there is one token too many: `slice 1..L axis=L` leaves out a class token"


class Map(Reshaping):
    """The tokens of a sequence as the positions of a map, row by row; `tokens` is the way back."""

    storage: ClassVar[Storage | None] = Storage.SCATTERED_VIEW
    shares_gradient: ClassVar[bool] = True
    kind_traits: ClassVar[Traits] = Reshaping.kind_traits | {Trait.TRANSPARENT}
    size_field: ClassVar[str] = "size"
    positional: ClassVar[tuple[str, ...]] = ("size",)

    size: Pair | None = Field(None, alias="to", description="height and width, as 14 or 14x14")
    like: bool = LIKE_FIELD

    @model_validator(mode="after")
    def _one_way_of_sizing(self) -> Map:
        if not (self.size or self.like):
            raise PydanticCustomError("missing", "needs the height and width of the map, `map 14x14` or `map like=@x`")
        if self.size and self.like:
            raise ValueError("needs either a size or `like=@x`")
        return self

    def output(self, inputs: Shapes) -> Shape:
        length, channels = require_sequence(inputs)
        height, width = self.size or measure_like(inputs)
        if height * width != length:
            fact = f"cannot arrange {length} tokens as a map of {format_shape((height, width))}"
            notes = (CLASS_TOKEN,) if height * width == length - 1 else ()
            arithmetic = f"{height}·{width} = {height * width} ≠ {length}"
            raise LayerError(Code.E307, fact, ("size", "like"), arithmetic, notes)
        return check_bounds((height, width, channels))

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        """Yield the wanted size, and those of as many positions as there are tokens, the squarest first."""
        if self.like:
            return
        if wanted and len(wanted) == 3:
            yield Alternative("size", wanted[:2], 1.0)
        length = inputs[0][0]
        if self.size and prod(self.size) == length - 1:  # the class token is wrong, and not the size
            return
        sides = [side for side in reversed(list_divisors(length)) if side <= isqrt(length)]
        yield from (Alternative("size", (side, length // side), 1.1 + place) for place, side in enumerate(sides[:3]))

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        return (Elements.POSITIONS, Elements.NONE) if self.like else (Elements.POSITIONS,)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        if self.like:
            return (TorchCall("modules.TokensToMap", joins="size"),)
        unflatten = TorchCall("torch.unflatten", dim=2, sizes=self.output(inputs)[:2])
        return TorchCall("torch.transpose", dim0=1, dim1=2), unflatten
