"""The base of all lines of a `train` section, and the types that several of them use."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from specnet.attributes import Attributes


class Setting(Attributes):
    """One line of the `train` section, or one step of a line that takes several."""


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A number above 0."""

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A number from 0."""

BelowOne = Annotated[float, Field(ge=0, lt=1)]
"""From 0, and below 1."""
