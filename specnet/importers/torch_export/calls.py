"""The calls of a program of torch.export, whether they come from a module or from an archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from specnet.importers.imported import Scope

if TYPE_CHECKING:
    from torch import Tensor

    from specnet.importers.imported import RunSource


class Ref(NamedTuple):
    """A value as an argument of a call."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call of an operator of torch, with its arguments by name and the name and shape of each output."""

    target: str
    """The operator with its overload, `conv2d.default`, without `aten`."""
    arguments: Mapping[str, Any]
    outputs: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    scope: tuple[Scope, ...] = ()
    """The modules around it, outermost first, with the whole name and the whole class of each."""

    @property
    def name(self) -> str:
        return self.target.partition(".")[0]


@dataclass(frozen=True)
class Calls:
    """A whole program: its inputs with their shapes, its calls in order, and its tensors by the names of values."""

    inputs: Mapping[str, tuple[int, ...]]
    calls: tuple[Call, ...]
    outputs: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of parameters and buffers in the module, by the names of values."""
    parameters: int | None = None
    """The number of those that the calls read, each counted once."""
    unread: tuple[str, ...] = ()
    """The names of parameters that no call reads, as those of outputs that only training has."""
    run: RunSource | None = None
    learned: frozenset[str] = frozenset()
    """The values of the tensors that are parameters, or computed from some."""
