"""Import a network and compare parameters, multiply-accumulates and outputs."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from import_equality.architectures import make
from specnet.importers import ImportResult, import_model
from specnet.importers.carrying import carry_weights
from specnet.layers.base import order_as_torch


class Row(NamedTuple):
    """What a network has in its library, and what its spec has."""

    library: str
    name: str
    parameters: tuple[int | None, int | None]
    macs: tuple[int, int | None]
    outputs: str

    @property
    def is_equal(self) -> bool:
        return self.parameters[0] == self.parameters[1] and self.macs[0] == self.macs[1]

    def __str__(self) -> str:
        verdict = "equal" if self.is_equal else "DIFFERS"
        numbers = f"{self.parameters[0]:>12,} {self.parameters[1]:>12,} {self.macs[0]:>15,} {self.macs[1]:>15,}"
        return f"{self.library:<12} {self.name:<32} {numbers}  {verdict}; {self.outputs}"


def compare(library: str, name: str) -> Row:
    """Return a network beside its spec; raises UnreadableModel where outputs differ by more than 1e-4."""
    result = import_model(f"import_equality.architectures:make({library!r}, {name!r})")
    lost = [entry.source.name for entry in result.imported.lost]
    if lost:
        return Row(library, name, (None, None), (0, 0), f"left out: {', '.join(lost[:3])}")
    totals = result.checked.totals
    parameters = (result.imported.totals.parameters, totals.parameters)
    return Row(library, name, parameters, (_count_macs(library, name, result), totals.macs), _carry(result))


def _carry(result: ImportResult) -> str:
    return carry_weights(result).summary.partition("; ")[2]


def _count_macs(library: str, name: str, result: ImportResult) -> int:
    """Return half of what torch counts as operations of convolutions and products of matrices."""
    shape = order_as_torch(result.checked.network.inputs[0].shape)
    module: Any = make(library, name).requires_grad_(False)
    torch.backends.mha.set_fastpath_enabled(False)  # whose operations are not counted
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        module(torch.zeros(1, *shape))
    return counter.get_total_flops() // 2
