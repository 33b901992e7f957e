"""PyTorch calls as data: run by one backend, printed by another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class TorchCall:
    """What torch does, as data: run by one backend, printed by another.

    A module (`nn.…`, or `modules.…` where torch has none: `specnet.backends.torch_modules`) is made with the
    arguments and applied to the value that arrives. A function (`F.…`, `torch.…`) takes the value before its arguments.
    """

    target: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    joins: Literal["list", "fold"] | None = None
    """How several values that arrive are taken: as one list, or two by two from the left, ((a + b) + c)."""

    @property
    def is_module(self) -> bool:
        return self.target.startswith(("nn.", "modules."))


def without(keywords: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords that say something: those that differ from torch's defaults."""
    return {key: value for key, value in keywords.items() if value != defaults[key]}
