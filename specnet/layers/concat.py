"""concat: joins all arms along an axis, `concat { | … | … }`, `concat @e1 crop=center`, `concat axis=H { | … | … }`."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeVar

from pydantic import Field, model_validator

from specnet.diagnostics import Code
from specnet.layers.base import (
    LayerError,
    Shape,
    Shapes,
    TorchCall,
    check_bounds,
    format_shapes,
    is_map,
    is_sequence,
)
from specnet.layers.base.alternatives import Alternative, Alternatives
from specnet.layers.base.axes import LETTERS, Axis, find_place, find_torch_dim
from specnet.layers.base.elementwise import refuse_ranks
from specnet.layers.base.families import Join
from specnet.layers.base.shapes import AXES_BY_RANK
from specnet.layers.base.traits import Elements, ReceptiveField, read_same_position, read_with_offset

T = TypeVar("T")


class Concat(Join):
    """H×W×C₁, H×W×C₂, … → H×W×(C₁ + C₂ + …), and so on for sequences; vectors of L₁, L₂, … → L₁ + L₂ + ….

    `axis=H` puts the arms above each other instead, H₁×W×C, H₂×W×C, … → (H₁ + H₂ + …)×W×C, and `axis=W` side by side.
    `axis=L` puts the tokens of sequences one behind the other, L₁×C, L₂×C, … → (L₁ + L₂ + …)×C.

    `crop=center` first crops larger maps to the smallest height and width, as in U-Net (Ronneberger et al. 2015); an
    odd pixel is cut off at the end.
    """

    later_fields: ClassVar[frozenset[str]] = frozenset({"axis"})

    crop: Literal["center"] | None = Field(None, description="way of cutting larger maps")
    axis: Axis = Field("C", description="axis along which the arms are joined")

    @model_validator(mode="after")
    def _crop_fits_the_axis(self) -> Concat:
        if self.crop and self.axis != "C":
            raise ValueError("takes `crop` where it joins channels, without `axis`")
        return self

    def output(self, inputs: Shapes) -> Shape:
        if len({len(shape) for shape in inputs}) > 1:
            raise refuse_ranks(inputs)
        place = find_place(self.axis, inputs[0])
        others = [_leave_out(shape, place) for shape in inputs]
        if len(set(others)) > 1 and not (self.crop and is_map(inputs[0])):
            axes = " or ".join(_leave_out(AXES_BY_RANK[len(inputs[0])], place))
            fact = f"has arms that differ in {axes}: {format_shapes(inputs)}"
            arms = tuple(i for i, other in enumerate(others) if other not in others[:i])  # the first arm of each size
            raise LayerError(Code.E310, fact, (), format_shapes(inputs), arms=arms)
        smallest = [*map(min, zip(*others, strict=True))]
        return check_bounds((*smallest[:place], sum(shape[place] for shape in inputs), *smallest[place:]))

    @property
    def period(self) -> tuple[int, int]:
        return (2, 2) if self.crop else (1, 1)

    def rounds(self, inputs: Shapes) -> tuple[bool, bool]:
        """Return whether an odd pixel is cut off a larger map, so that its centre moves by half a pixel."""
        if not (self.crop and is_map(inputs[0])):
            return False, False
        height, width = (any((size - min(sizes)) % 2 for size in sizes) for sizes in [*zip(*inputs, strict=True)][:2])
        return height, width

    def shape_beside(self, shape: Shape, other: Shape) -> Shape | None:
        if len(shape) != len(other) or self.axis not in LETTERS[len(shape)]:
            return *other[:-1], shape[-1]
        place = find_place(self.axis, shape)
        return *other[:place], shape[place], *other[place + 1 :]

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        if is_map(inputs[0]) and self.axis == "C" and not self.crop:
            yield Alternative("crop", "center", 1.5)
        for place, axis in enumerate(LETTERS[len(inputs[0])]):
            if axis != self.axis and len({_leave_out(shape, place) for shape in inputs}) == 1:
                yield Alternative("axis", axis, 1.55, "crop")

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        if is_sequence(inputs[0]) and self.axis == "C":
            return read_same_position(inputs)
        if is_sequence(inputs[0]):
            return (Elements.POSITIONS,) * len(inputs)
        if not is_map(inputs[0]) or self.axis != "C":
            return (Elements.MOVED,) * len(inputs)
        height, width, _ = self.output(inputs)
        return tuple(read_with_offset((shape[0] - height) // 2, (shape[1] - width) // 2) for shape in inputs)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        if self.crop and is_map(inputs[0]) and len({shape[:-1] for shape in inputs}) > 1:
            return (TorchCall("modules.CenterCropConcat", joins="list"),)
        return (TorchCall("torch.cat", dim=find_torch_dim(self.axis, inputs[0]), joins="list"),)


def _leave_out(sizes: tuple[T, ...], place: int) -> tuple[T, ...]:
    return sizes[:place] + sizes[place + 1 :]
