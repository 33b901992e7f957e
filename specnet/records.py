"""The base classes of values: frozen dataclasses that take a quarter of the time to make, and what notebooks show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from operator import attrgetter
from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """A value with fields, equal to every other of its class with equal fields.

    Each subclass is a dataclass. The methods are those of this class, as compiling them for each class takes a tenth
    of a check; that no field is assigned to is left to the type checker.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    _values: ClassVar[attrgetter[Any]]
    """Returns the values of the fields that are compared."""

    def __init_subclass__(cls) -> None:
        dataclass(eq=False, repr=False)(cls)
        cls._values = attrgetter(*(each.name for each in fields(cls) if each.compare), "__class__")

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Record) and self._values(self) == other._values(other))

    def __hash__(self) -> int:
        return hash(self._values(self))

    def __repr__(self) -> str:
        shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
        return f"{type(self).__name__}({', '.join(shown)})"


class Displayed:
    """A value that shows itself in a notebook; a room above it, which knows how, sets `display` of its class."""

    display: ClassVar[Callable[[Any], dict[str, Any]] | None] = None
    """Returns what is shown by its media type."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        display = type(self).display
        return display(self) if display else {}
