"""What reading another tool's file gives: a flat network, what became of each layer of the source, and its tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from specnet.graph import Network
from specnet.records import Record

if TYPE_CHECKING:
    from numpy import ndarray

RunSource = Callable[[Sequence["ndarray"]], Sequence["ndarray"]]
"""Runs the source itself: one array for each input, N×C×H×W, to one for each output, the main one first."""


class Fate(StrEnum):
    """What became of a layer of the source, from the best to the worst."""

    EXACT = "exact"
    EQUAL = "equal by rule"
    """Written in another way, with the same result; the reason states the rule."""
    APPROXIMATED = "approximated"
    """There is no such layer here; the reason says how the nearest one differs."""
    LEFT_OUT = "left out"

    @property
    def rank(self) -> int:
        return [*Fate].index(self)


class SourceLayer(Record):
    """A layer of the source: its name and type as the file has them, and its line in a file of text (0: none)."""

    name: str
    kind: str
    line: int = 0


class Entry(Record):
    """What became of a layer of the source: the nodes that stand for it, and why they are not the same."""

    source: SourceLayer
    fate: Fate
    nodes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    computes: bool = True
    """False for what only feeds, trains or judges a network: data, losses, accuracies."""

    @property
    def is_lost(self) -> bool:
        """Whether the network here lacks something that the source computes."""
        return self.fate is Fate.LEFT_OUT and self.computes


class Scope(Record):
    """A module around a layer in the source: its name, and its class if the source says it."""

    name: str
    cls: str = ""


@dataclass(frozen=True)
class StoredArray:
    """A tensor of the source in torch's layout, K×C×F×F for a convolution; it is read when it is needed."""

    shape: tuple[int, ...]
    read: Callable[[], ndarray] = field(repr=False)


@dataclass(frozen=True)
class SourceTotals:
    """Totals as the source counts them; None where it does not say."""

    layers: int
    parameters: int | None = None
    rule: str = ""
    """How the source counts parameters, where that is another way than here."""


@dataclass(frozen=True)
class Imported:
    """A network of another tool: nodes are named after the layers of the source, with dots for its modules."""

    format: str
    network: Network
    entries: tuple[Entry, ...]
    totals: SourceTotals
    scopes: Mapping[str, tuple[Scope, ...]] = field(default_factory=dict)
    """The modules of the source around each node, outermost first."""
    comments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lines of comments to print above a node."""
    remarks: tuple[str, ...] = ()
    """Lines of comments to print at the head of the file."""
    arrays: Mapping[str, StoredArray] = field(default_factory=dict)
    """The tensors of the source by node and role, `conv1.weight`; empty where the file has none."""
    run: RunSource | None = None

    @property
    def lost(self) -> tuple[Entry, ...]:
        """The layers that compute something and were left out."""
        return tuple(entry for entry in self.entries if entry.is_lost)
