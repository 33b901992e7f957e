"""What a network comes to as a whole: the quantities that a spec can `expect`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from specnet.analyses.cost import Cost, total
from specnet.graph import Network


class Totals:
    """The costs of all nodes together; memory and receptive field are measured when they are first asked for."""

    def __init__(self, network: Network, costs: Mapping[str, Cost]) -> None:
        self.network = network
        self.costs = costs

    @cached_property
    def _sum(self) -> Cost:
        return total(self.costs)

    @property
    def parameters(self) -> int:
        return self._sum.parameters

    @property
    def buffers(self) -> int:
        return self._sum.buffers

    @property
    def macs(self) -> int:
        return self._sum.macs

    @cached_property
    def memory(self) -> int:
        """Bytes of one forward pass for one image."""
        from specnet.analyses.memory import inputs_memory, memory

        return inputs_memory(self.network) + sum(memory(self.network, self.costs).values())

    @cached_property
    def receptive_field(self) -> int:
        """Pixels along the axis on which it is smaller; 0 where no layer slides a window."""
        from specnet.analyses.receptive_field import receptive_field, receptive_fields

        return min(receptive_field(self.network, receptive_fields(self.network)))
