"""identity: passes on what arrives; in a join, `identity or { … }` falls back where the shapes differ."""

from __future__ import annotations

from typing import ClassVar

from specnet.layers.base import Family, ShapePreserving, Shapes, TorchCall


class Identity(ShapePreserving):
    """What leaves is what arrives."""

    family: ClassVar[Family] = Family.RESHAPING

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("nn.Identity"),)
