"""The classes to be written, and the calls of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specnet.backends.torch_source.detours import Detour
from specnet.backends.torch_source.outline import Unit
from specnet.backends.torch_source.parameters import Parameters, Slot


@dataclass(frozen=True, eq=False)
class Design:
    """A class: its name, the units that are calls of it, what some of them leave out, its constructor's parameters.

    The first unit has all parts; the slot of a detour says whether a call takes it.
    """

    name: str
    units: tuple[Unit, ...]
    detours: Mapping[Slot, Detour]
    parameters: Parameters

    @property
    def whole(self) -> Unit:
        return self.units[0]


@dataclass(frozen=True, eq=False)
class Instance:
    """A call of a class: the values of its parameters."""

    design: Design
    arguments: Mapping[str, Any]
