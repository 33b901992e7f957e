"""concat: concatenates the channels of all arms, `concat { | … | … }`, `concat @e1 crop=center`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from specnet.diagnostics import Code
from specnet.layers.base import (
    LayerError,
    Shape,
    Shapes,
    TorchCall,
    check_bounds,
    find_channel_dim,
    format_shapes,
    is_map,
    is_sequence,
)
from specnet.layers.base.alternatives import Alternative, Alternatives
from specnet.layers.base.elementwise import refuse_ranks
from specnet.layers.base.families import Join
from specnet.layers.base.shapes import AXES_BY_RANK
from specnet.layers.base.traits import Elements, ReceptiveField, read_same_position, read_with_offset


class Concat(Join):
    """H×W×C₁, H×W×C₂, … → H×W×(C₁ + C₂ + …), and so on for sequences; vectors of L₁, L₂, … → L₁ + L₂ + ….

    `crop=center` first crops larger maps to the smallest height and width, as in U-Net (Ronneberger et al. 2015); an
    odd pixel is cut off at the end.
    """

    crop: Literal["center"] | None = Field(None, description="way of cutting larger maps")

    def output(self, inputs: Shapes) -> Shape:
        if len({len(shape) for shape in inputs}) > 1:
            raise refuse_ranks(inputs)
        if len({shape[:-1] for shape in inputs}) > 1 and not (self.crop and is_map(inputs[0])):
            axes = " or ".join(AXES_BY_RANK[len(inputs[0])][:-1])
            fact = f"has arms that differ in {axes}: {format_shapes(inputs)}"
            sizes = [shape[:-1] for shape in inputs]
            arms = tuple(i for i, size in enumerate(sizes) if size not in sizes[:i])  # the first arm of each size
            raise LayerError(Code.E310, fact, (), format_shapes(inputs), arms=arms)
        smallest = map(min, zip(*(shape[:-1] for shape in inputs), strict=True))
        return check_bounds((*smallest, sum(shape[-1] for shape in inputs)))

    @property
    def period(self) -> tuple[int, int]:
        return (2, 2) if self.crop else (1, 1)

    def rounds(self, inputs: Shapes) -> tuple[bool, bool]:
        """Return whether an odd pixel is cut off a larger map, so that its centre moves by half a pixel."""
        if not is_map(inputs[0]):
            return False, False
        height, width = (any((size - min(sizes)) % 2 for size in sizes) for sizes in [*zip(*inputs, strict=True)][:2])
        return height, width

    def shape_beside(self, shape: Shape, other: Shape) -> Shape | None:
        return *other[:-1], shape[-1]

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        if is_map(inputs[0]) and not self.crop:
            yield Alternative("crop", "center", 1.5)

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        if is_sequence(inputs[0]):
            return read_same_position(inputs)
        if len(inputs[0]) == 1:
            return (Elements.MOVED,) * len(inputs)
        height, width, _ = self.output(inputs)
        return tuple(read_with_offset((shape[0] - height) // 2, (shape[1] - width) // 2) for shape in inputs)

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        if len({shape[:-1] for shape in inputs}) > 1:
            return (TorchCall("modules.CenterCropConcat", joins="list"),)
        return (TorchCall("torch.cat", dim=find_channel_dim(inputs[0]), joins="list"),)
