"""The arguments of a line. A class of attributes *is* the grammar of its line: the names, types and defaults of its
arguments, the order of positional ones, and bare words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import ErrorDetails

from specnet.records import Record

LARGEST = 2**31 - 1
"""The largest size, count or stride: the largest 32-bit index of torch and cuDNN."""


class Attributes(BaseModel):
    """Typed attributes of a layer or a training setting.

    A field's alias is how it is written in a spec (`K`); its name is torch.nn's word (`out_channels`).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
    )

    positional: ClassVar[tuple[str, ...]] = ()
    """Fields that may be given by position, in this order."""

    shapes: ClassVar[frozenset[str]] = frozenset()
    """Fields whose 3x3 is not the same as 3."""

    words: ClassVar[Mapping[str, tuple[str, Any]]] = {}
    """Bare words, allowed anywhere on the line: the field that each one sets, and its value."""

    @classmethod
    def key_of(cls, field: str) -> str:
        """Return the key of a field in a spec: `K` for `out_channels`."""
        return cls.model_fields[field].alias or field

    @classmethod
    def list_keys(cls) -> list[str]:
        """Return the keys of all attributes in a spec."""
        return [cls.key_of(name) for name in cls.model_fields]

    @classmethod
    def field_of(cls, key: str) -> str | None:
        """Return the field that a key sets; None if there is none."""
        return next((name for name in cls.model_fields if cls.key_of(name) == key), None)


class Setting(Attributes):
    """One line of the `train` section, or one step of a line that takes several."""

    endings: ClassVar[tuple[str, ...]] = ()
    """How the text that comes first ends, where it is a file's name."""

    required: ClassVar[tuple[str, ...]] = ()
    """What the class of a plugin must have, beside what it inherits."""


class Interval(Record):
    """`0.2..1.8`: from `low` to `high`; a range of integers excludes `high`."""

    low: float
    high: float


class BeforeAfter(Record):
    """`0:1`: padding before and after, along both axes."""

    before: int
    after: int


class Multiple(Record):
    """`64x`: a multiple of the value that it modifies."""

    factor: float


def repeat_for_axes(value: Any) -> Any:
    """Return a pair for height and width, in which a single value is repeated."""
    return value if isinstance(value, tuple | list) else (value, value)


Count = Annotated[int, Field(ge=1, le=LARGEST)]
"""A whole number from 1."""

Pair = Annotated[tuple[Count, Count], BeforeValidator(repeat_for_axes)]
"""Height and width; one number stands for both."""

Probability = Annotated[float, Field(ge=0, le=1)]
"""From 0 to 1."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A number above 0."""

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A number from 0."""

BelowOne = Annotated[float, Field(ge=0, lt=1)]
"""From 0, and below 1."""


# Validation errors in the words of a spec

BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda context: f"must be at least {context['ge']:g}",
    "greater_than": lambda context: f"must be more than {context['gt']:g}",
    "less_than_equal": lambda context: f"must be at most {context['le']:,}",
    "less_than": lambda context: f"must be less than {context['lt']:g}",
    "literal_error": lambda context: "must be " + str(context["expected"]).replace("'", "`"),
    "value_error": lambda context: f"must fit: {context['error']}",
}
"""The requirement of a bound or a choice, by the type of pydantic's error, from the error's context."""

TYPES = {"int": "a whole number", "float": "a number", "bool": "yes or no", "string": "a text", "finite": "finite"}
"""The requirement of a type, by the first part of the type of pydantic's error."""


def describe_requirement(error: ErrorDetails, meaning: str | None) -> str:
    """Return the requirement of a field: "must be at least 1"; `meaning` is the field's description."""
    if error["type"] in BOUNDS:
        return BOUNDS[error["type"]](error.get("ctx", {}))
    type_ = str(error["type"]).partition("_")[0]
    if meaning and (len(error["loc"]) > 1 or type_ not in TYPES):
        return f"is the {meaning}"
    return f"must be {TYPES.get(type_, 'another value')}"


def find_field(attributes: type[Attributes], error: ErrorDetails) -> str:
    """Return the field that a validation error is about; "" for the attributes as a whole."""
    if not error["loc"]:
        return ""
    location = str(error["loc"][0])
    return location if location in attributes.model_fields else attributes.field_of(location) or location
