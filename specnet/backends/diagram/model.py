"""The diagram of a network, before any layout and markup: what its boxes, scopes and edges say and how they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from specnet.layers.base import Family


class State(StrEnum):
    """How a part of a network stands: sound, at an error, or behind one; or how it differs from another network's."""

    SOUND = "sound"
    FAULT = "fault"
    BEHIND = "behind"
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Part:
    """Another layer in a box, or the number of layers of a kind in a folded scope."""

    text: str
    family: Family | None
    state: State


@dataclass(frozen=True)
class Share:
    """A part, from 0 to 1, of the whole network's amount, None if it cannot be said; and the amount as text."""

    part: float | None
    text: str


@dataclass(frozen=True)
class Box:
    """A layer and those that stand in its box, or a folded scope."""

    name: str
    title: str
    """The name within the scope around it."""
    call: str
    """The layer, or the call of the folded scope, as a spec writes it."""
    family: Family | None
    """None for a folded scope, and for a layer of an unknown kind."""
    state: State
    facts: tuple[str, ...]
    """Short lines, such as the share of the parameters."""
    messages: tuple[str, ...]
    """The words of the errors in it."""
    parts: tuple[Part, ...]
    tooltip: tuple[str, ...]
    """A line for each of its layers."""
    layers: tuple[str, ...]
    is_folded: bool = False
    count: int = 1
    """How many alike boxes it stands for."""
    share: Share | None = None
    """What colours it instead of its family."""


@dataclass(frozen=True)
class Scope:
    """An open block or repetition."""

    name: str
    title: str
    call: str
    contents: tuple[str, ...]
    """The names of the boxes and scopes in it, in the order of the file."""
    count: int = 1
    """How many alike scopes it stands for."""


@dataclass(frozen=True)
class Terminal:
    """An input, an output or a head. Its `identity` is its name in the diagram, which no layer has."""

    identity: str
    name: str
    role: str
    state: State


@dataclass(frozen=True)
class Edge:
    """A value on its way from the box or input that computes it to a box or output that reads it."""

    value: str
    source: str
    target: str
    label: str
    """The size of the value, empty where another edge has it."""
    state: State
    is_shortcut: bool = False
    """Whether it enters a join beside another edge of its value, so that it bends around the trunk."""
    is_trunk: bool = False
    """Whether it is part of the main path, which is straight."""
    leaves: int = 0
    """How many of the scopes around its source end on its way."""
    enters: int = 0
    """How many scopes begin on its way."""
    is_gap: bool = False
    """Whether it stands for lines that could not be read."""


@dataclass(frozen=True)
class Diagram:
    """All that is shown of a network; boxes, scopes and edges are in the order of the file."""

    name: str
    description: str
    totals: str
    """Parameters and MACs; empty for a broken network."""
    messages: tuple[str, ...]
    """The errors that have no place among the layers."""
    inputs: tuple[Terminal, ...]
    ends: tuple[Terminal, ...]
    """Outputs and heads."""
    boxes: Mapping[str, Box]
    scopes: Mapping[str, Scope]
    contents: tuple[str, ...]
    """The names of the boxes and scopes on the top level."""
    edges: tuple[Edge, ...]
    arms: tuple[tuple[str, ...], ...] = ()
    """The boxes that read the same value in the same scope, as they stand side by side."""
    heat: str = ""
    """The amount whose shares colour the boxes; empty if their families do."""
    largest_share: float = 0.0
    summary: str = ""
    """One sentence about sizes and totals, for those who do not see the picture."""
    has_title: bool = True
