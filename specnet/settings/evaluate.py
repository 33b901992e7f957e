"""evaluate: how the network is evaluated, `evaluate test`, `evaluate mirror shift=1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from specnet.attributes import LARGEST, Setting


class Evaluate(Setting):
    """With `test`, the test set is evaluated after every epoch instead of once at the end; it chooses nothing.

    `mirror` and `shift` are test-time augmentation for the final evaluation: the outputs for an image and its mirror
    image count half each; with `shift=n`, the image counts half, and shifted by n pixels along the diagonal to both
    sides, a quarter each; with `along=axes`, it and its shifts to the left, to the right, up and down count a fifth
    each.
    """

    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"test": ("test", True), "mirror": ("mirror", True)}

    test: bool = False
    mirror: bool = False
    shift: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    along: Literal["diagonal", "axes"] = "diagonal"

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        if self.along == "axes" and not self.shift:
            raise ValueError("needs a `shift` that goes along the axes")
        return self


CHOICES: Mapping[str, type[Evaluate]] = {"": Evaluate}
