"""Calls of torch as data: run by one backend, printed by another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, init=False)
class TorchCall:
    """A call of a torch module or function, as data: `TorchCall("nn.Linear", in_features=9, out_features=3)`.

    A module (`nn.…`, or `modules.…` for those of specnet/backends/torch_modules.py, which torch lacks) is constructed
    with the arguments and called with the input values. A function (`F.…`, `torch.…`) takes the input values first,
    then the arguments. Arguments go by torch's names, and none is left out for being torch's default.
    """

    target: str
    arguments: Mapping[str, Any]
    joins: Literal["list", "fold"] | None
    """How several input values are passed: as one list, pairwise from the left, ((a + b) + c), or in order (None)."""

    def __init__(self, target: str, /, *, joins: Literal["list", "fold"] | None = None, **arguments: Any) -> None:
        for name, value in (("target", target), ("arguments", arguments), ("joins", joins)):
            object.__setattr__(self, name, value)

    @property
    def is_module(self) -> bool:
        return self.target.startswith(("nn.", "modules."))
