"""Parameters, buffers, multiply-accumulates and memory of each layer, and the totals of the network.

A quantity that a layer does not declare is None, and so is every total that includes it.

Memory is in bytes of torch's tensors: of the network, the most that live at a moment of a forward pass of one image in
fp32, or of a training step of its `train` section; of a layer, its parameters, its buffers and its output, unless that
is a view. Workspaces of kernels and the allocator's rounding are not included.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from specnet.byte_sizes import FP32
from specnet.graph import Network, Node, once_per_layer
from specnet.layers.base import Layer, Shapes, count_elements
from specnet.layers.base.traits import Storage
from specnet.records import Record

if TYPE_CHECKING:  # imported for the networks whose receptive field is asked for
    from specnet.analyses.receptive_field import TracedFields


class Cost(Record):
    """The elements of parameters and of buffers, and the multiply-accumulates (MACs) of one forward pass of one image.

    `macs` is None if unknown.
    """

    parameters: int = 0
    buffers: int = 0
    macs: int | None = 0

    def __add__(self, other: Cost) -> Cost:
        macs = None if self.macs is None or other.macs is None else self.macs + other.macs
        return Cost(self.parameters + other.parameters, self.buffers + other.buffers, macs)


def measure_costs(network: Network) -> Mapping[str, Cost]:
    """Return the cost of each node whose shape is known; shared weights count at the first node that has them."""
    measure, costs = once_per_layer(_measure_cost), dict[str, Cost]()
    for node in network.nodes:
        inputs = network.input_shapes(node)
        if node.output is not None and node.layer and inputs:
            cost = measure(node.layer, inputs)
            costs[node.name] = Cost(macs=cost.macs) if node.shares else cost
    return costs


def _measure_cost(layer: Layer, inputs: Shapes) -> Cost:
    return Cost(count_elements(layer.parameters(inputs)), count_elements(layer.buffers(inputs)), layer.macs(inputs))


def measure_memory(network: Network, costs: Mapping[str, Cost]) -> Mapping[str, int | None]:
    """Return the bytes of each node whose shape is known; None if it is unknown how its output is stored."""
    return {node.name: _measure_memory(node, costs[node.name]) for node in network.nodes if node.output}


def _measure_memory(node: Node, cost: Cost) -> int | None:
    storage = node.layer.storage if node.layer else None
    if storage is None:
        return None
    activations = prod(node.output or ()) if storage is Storage.OWN else 0
    return FP32 * (cost.parameters + cost.buffers + activations)


def count_flops(macs: int | None) -> int | None:
    """Return the floating-point operations of multiply-accumulates: a multiplication and an addition each."""
    return None if macs is None else 2 * macs


def format_count(count: int | None) -> str:
    """Format a count, as 62,378,344, or ? if it is unknown."""
    return "?" if count is None else f"{count:,}"


class Totals:
    """The totals of a network; memory and receptive field are computed on first use, and None if unknown."""

    def __init__(self, network: Network, costs: Mapping[str, Cost]) -> None:
        self.network = network
        self.costs = costs

    def __repr__(self) -> str:
        counts = ((self.parameters, "parameters"), (self.buffers, "buffers"), (self.macs, "MACs"))
        return f"Totals({', '.join(f'{format_count(count)} {what}' for count, what in counts)})"

    @cached_property
    def _sum(self) -> Cost:
        return sum(self.costs.values(), Cost())

    @property
    def parameters(self) -> int:
        return self._sum.parameters

    @property
    def buffers(self) -> int:
        return self._sum.buffers

    @property
    def macs(self) -> int | None:
        return self._sum.macs

    @cached_property
    def memory(self) -> int | None:
        """The most bytes that live in a forward pass of one image in fp32."""
        from specnet.analyses.execution_plan import UnknownMemory
        from specnet.analyses.inference_peak import measure_inference_peak

        try:
            return FP32 * (self.parameters + self.buffers) + measure_inference_peak(self.network)
        except UnknownMemory:
            return None

    @cached_property
    def training_memory(self) -> int | None:
        """The most bytes that live in a step by the settings of the `train` section, in fp32."""
        from specnet.analyses.execution_plan import UnknownMemory
        from specnet.analyses.passes import replay_training
        from specnet.settings import Training

        training = self.network.training or Training()
        try:
            return replay_training(self.network, training).peak(training.batch.part)
        except UnknownMemory:
            return None

    @cached_property
    def receptive_field(self) -> int | None:
        """The pixels along the axis where it is smaller; 0 if no layer slides a window."""
        from specnet.analyses.receptive_field import compute_largest_receptive_field

        pixels = compute_largest_receptive_field(self.network, self.fields)
        return None if pixels is None else min(pixels)

    @cached_property
    def fields(self) -> TracedFields:
        """The receptive fields of all values."""
        from specnet.analyses.receptive_field import trace_fields

        return trace_fields(self.network)

    def unknown_layer(self, quantity: str) -> str:
        """Return the name of the first layer that makes the total of a quantity unknown."""
        match quantity:
            case "macs":
                return next(name for name, cost in self.costs.items() if cost.macs is None)
            case "memory" | "training_memory":
                from specnet.analyses.passes import find_unknown_memory

                return find_unknown_memory(self.network)
            case _:
                from specnet.analyses.receptive_field import find_unknown_layer

                return find_unknown_layer(self.network)
