"""split: the training images that are set aside for validation, `split validation=5000`, `split folds=5 fold=1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from specnet.attributes import LARGEST, Setting


class Split(Setting):
    """A stratified part, which is the same for every seed, so that runs are compared on the same images.

    `folds` splits the images into equal parts, each of which can be set aside in turn for cross-validation.
    """

    validation: Annotated[int, Field(ge=1, le=LARGEST, strict=True)] | Annotated[float, Field(gt=0, lt=1)] | None = (
        Field(None, description="number of images, or fraction of them")
    )
    folds: Annotated[int, Field(ge=2, le=LARGEST)] | None = Field(None, description="number of equal parts")
    fold: Annotated[int, Field(ge=1, le=LARGEST)] | None = Field(None, description="number of the part set aside")

    def count_left(self, images: int) -> int:
        """Return how many of a number of images are left to train on."""
        if self.folds:
            return images - images // self.folds
        assert self.validation is not None
        return images - (self.validation if isinstance(self.validation, int) else round(images * self.validation))

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        if (self.validation is None) == (self.folds is None) or (self.folds is None) != (self.fold is None):
            raise ValueError("needs either `validation`, or `folds` and which `fold` of them")
        if self.folds and self.fold and self.fold > self.folds:
            raise ValueError(f"has {self.folds} folds, and no fold {self.fold}")
        return self


CHOICES: Mapping[str, type[Split]] = {"": Split}
