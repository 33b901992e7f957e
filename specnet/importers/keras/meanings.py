"""What a call of a layer means: the layers that stand for it, and how true they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.importers.imported import Fate
from specnet.importers.keras.layout import Layout
from specnet.importers.keras.steps import Step, Value
from specnet.layers.base import Shape


@dataclass(frozen=True)
class Meaning:
    """A chain of layers in the words of a spec; "" for a layer that changes nothing here."""

    layers: str = ""
    reason: str = ""
    fate: Fate = Fate.EXACT
    reads: tuple[Value, ...] | None = None
    """The values that the first layer reads, if these are others than those of the call."""
    before: tuple[Value, str] | None = None
    """A chain that one of these values passes first."""


class NoMeaning(Exception):
    """A layer has no counterpart; the text says why."""


@dataclass
class Situation:
    """What is known of the network before a step."""

    layout: Layout
    version: int
    shapes: Mapping[Value, Shape]
    carries: bool
    """Whether weights are wanted: a constant that a layer adds can be carried as one."""
    readers: Mapping[Value, Sequence[Step]]
    results: frozenset[Value]
    """The outputs of the network."""
    flattened: dict[Value, Shape] = field(default_factory=dict)
    """Maps that stand for vectors, since only layers read them that take a map as one."""
    paddings: dict[Value, tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=dict)
    """Rows and columns of zeros that the layer behind is to add to a value, which has none yet."""
    not_negative: set[Value] = field(default_factory=set)
    gates: set[Value] = field(default_factory=set)
    """Values within x + 3, cut to 0..6, times 1/6, which is written as one hard_sigmoid."""
    combined: set[Value] = field(default_factory=set)
    """Values between layers of Keras that are one layer here."""

    def shape(self, value: Value) -> Shape:
        return self.shapes[value]

    def find_only_reader(self, value: Value) -> Step | None:
        """Return the only step that reads a value, unless it is an output."""
        readers = self.readers.get(value, ())
        return readers[0] if len(readers) == 1 and value not in self.results else None


Handler = Callable[[Step, Situation], Meaning]
"""Returns what a call means; raises NoMeaning."""


def read_one(step: Step) -> Value:
    """Return the only value that a call reads; raises NoMeaning for several."""
    if len(step.reads) != 1:
        raise NoMeaning(f"it reads {len(step.reads)} values, and its counterpart here one")
    return step.reads[0]


def freeze_scale(situation: Situation, words: str = "") -> Meaning:
    """Return factors and summands that are not learned; they come with the weights, as a spec has no such constants."""
    reason, fate = "its constants are weights that are not learned", Fate.EQUAL
    if not situation.carries:
        reason, fate = f"{reason}, and only come along with the weights", Fate.APPROXIMATED
    return Meaning(f"scale{words} bias=yes freeze=all", reason, fate)


def to_value(value: Any) -> Any:
    """Return a value of a configuration with tuples for lists."""
    return tuple(map(to_value, value)) if isinstance(value, list | tuple) else value


def is_whole(value: object) -> bool:
    return type(value) is int


def format_number(value: float) -> str:
    """Return a number as a spec has it."""
    return f"{value!r}" if isinstance(value, float) and not value.is_integer() else f"{int(value)}"
