"""What a line says after its first word. A class of attributes *is* the grammar of its line:
names, types, defaults, the order of positional values, and the bare words it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LARGEST = 2**31 - 1
"""The largest size, count or stride: what 32-bit indices of torch and cuDNN can address."""


class Attributes(BaseModel):
    """Typed attributes of a layer or a training setting.

    A field's alias is how it is written in a spec (`K`); its name is torch.nn's word (`out_channels`).
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, allow_inf_nan=False
    )

    positional: ClassVar[tuple[str, ...]] = ()
    """Fields that may be given by position, in this order."""

    words: ClassVar[Mapping[str, tuple[str, Any]]] = {}
    """Bare words that may stand anywhere: the field each one sets, and to what."""

    @classmethod
    def key_of(cls, field: str) -> str:
        """How a field is written in a spec: `K` for `out_channels`."""
        return cls.model_fields[field].alias or field

    @classmethod
    def field_of(cls, key: str) -> str | None:
        """The field that is written as `key`, if there is one."""
        return next((name for name in cls.model_fields if cls.key_of(name) == key), None)


@dataclass(frozen=True)
class Interval:
    """`0.2..1.8`: from `low` to `high`; as a range of whole numbers, without its end."""

    low: float
    high: float


@dataclass(frozen=True)
class BeforeAfter:
    """`0:1`: what is padded before and after, along both axes."""

    before: int
    after: int


@dataclass(frozen=True)
class Multiple:
    """`64x`: so many times as much as what it stands beside."""

    factor: float


def _both_axes(value: object) -> object:
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Count = Annotated[int, Field(ge=1, le=LARGEST)]
"""A whole number from 1."""

Pair = Annotated[tuple[Count, Count], BeforeValidator(_both_axes)]
"""Height and width; one number stands for both."""

Probability = Annotated[float, Field(ge=0, le=1)]
