"""times: all numbers by one factor that is not learned, `times by=1/9`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.layers.base import Family, ShapePreserving, Shapes, TorchCall


class Times(ShapePreserving):
    """factor·x."""

    family: ClassVar[Family] = Family.ACTIVATION
    positional: ClassVar[tuple[str, ...]] = ("factor",)

    factor: float = Field(alias="by", description="number that all are multiplied by")

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.mul", other=self.factor),)
