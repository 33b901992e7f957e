"""What the source of a network says beyond the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from specnet.importers.imported import Scope


@dataclass(frozen=True)
class Hints:
    """What a source says beyond the graph."""

    scopes: Mapping[str, tuple[Scope, ...]] = field(default_factory=dict)
    """The modules around each node, outermost first."""
    comments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lines of comments to print above a node."""
    remarks: tuple[str, ...] = ()
    """Lines of comments to print at the head of the file."""
    parameters: int | None = None
    """The number of parameters to expect."""
