"""Records compare, hash, print and copy as frozen dataclasses do."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import pytest

from specnet.records import Record


class Point(Record):
    x: int
    y: int = 0
    note: str = field(default="", compare=False, repr=False)


class Place(Point):
    name: str = ""

    @cached_property
    def length(self) -> int:
        return self.x + self.y


class Other(Record):
    x: int
    y: int = 0
    note: str = field(default="", compare=False, repr=False)


class Empty(Record):
    pass


def as_dataclass(record: type[Record]) -> type:
    """The frozen dataclass with the same fields, which says what is expected."""

    class Twin:
        __annotations__ = {each.name: each.type for each in fields(record)}

    for each in fields(record):
        setattr(Twin, each.name, field(default=each.default, compare=each.compare, repr=each.repr))
    Twin.__qualname__ = record.__qualname__
    return dataclass(frozen=True)(Twin)


VALUES = [(1,), (1, 2), (1, 2, "a"), (1, 2, "b"), (2, 1), ("1", 0)]


@pytest.mark.parametrize("left", VALUES)
@pytest.mark.parametrize("right", VALUES)
def test_records_are_equal_as_dataclasses_are(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    twin = as_dataclass(Point)
    assert (Point(*left) == Point(*right)) == (twin(*left) == twin(*right))
    assert (hash(Point(*left)) == hash(Point(*right))) == (hash(twin(*left)) == hash(twin(*right)))


@pytest.mark.parametrize("values", VALUES)
def test_records_are_printed_as_dataclasses_are(values: tuple[int, ...]) -> None:
    assert repr(Point(*values)) == repr(as_dataclass(Point)(*values))


def test_records_of_different_classes_differ() -> None:
    assert Point(1, 2) != Other(1, 2)
    assert Point(1, 2) != Place(1, 2)
    assert Point(1, 2) != (1, 2)
    assert Empty() == Empty() != Point(1)


def test_records_have_the_fields_of_their_bases() -> None:
    place = Place(1, 2, name="here")
    assert repr(place) == "Place(x=1, y=2, name='here')"
    assert replace(place, name="there") == Place(1, 2, "ignored", "there")
    assert place.length == 3
    match place:
        case Place(x, y):
            assert (x, y) == (1, 2)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_records_are_copied_and_pickled(duplicate: object) -> None:
    assert callable(duplicate)
    copied = duplicate(Point(1, 2, "a"))
    assert copied == Point(1, 2)
    assert copied.note == "a"
