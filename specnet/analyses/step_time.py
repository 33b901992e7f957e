"""The time of a training step and of a forward pass on a device, by the roofline of each layer.

A layer takes the longer of two times: that of its operations at the device's rate for such work, and that of the bytes
that it reads and writes at the device's bandwidth; which of them it is, binds it (Williams, Waterman, Patterson 2009,
"Roofline"). To that comes what starting a kernel takes. Views take no time. A step is the forward and the backward
pass, and the reading and writing of parameters, gradients and the optimizer's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Literal

from specnet.analyses.devices import Device, Rate
from specnet.analyses.memory import Precision
from specnet.analyses.passes import ELEMENT_BYTES, Plan, Step
from specnet.analyses.memory import Conditions, Memory
from specnet.byte_sizes import FP32
from specnet.graph import Network
from specnet.layers.base import count_elements
from specnet.layers.base.traits import Storage, Workload
from specnet.records import Record

Bound = Literal["compute", "memory"]

MOVING = (Workload.NORMALISATION, Workload.ELEMENTWISE)
"""Workloads whose rates are in bytes a second."""


class LayerTime(Record):
    """The seconds of a layer in a step, the operations and bytes of its forward pass, and what binds it."""

    forward: float = 0.0
    backward: float = 0.0
    operations: int = 0
    moved: int = 0
    bound: Bound | None = None


class StepTime(Record):
    """The seconds of a step, layer by layer, and those of the optimizer."""

    layers: Mapping[str, LayerTime]
    optimizer: float

    @property
    def forward(self) -> float:
        return sum(layer.forward for layer in self.layers.values())

    @property
    def backward(self) -> float:
        return sum(layer.backward for layer in self.layers.values())

    @property
    def total(self) -> float:
        return self.forward + self.backward + self.optimizer


def predict_step(network: Network, device: Device, batch: int, precision: Precision, state: int) -> StepTime:
    """Return the time of a training step; `state` are the bytes of the optimizer's state."""
    plan = Plan(network, Conditions(precision), is_training=True)
    layers = {step.node.name: _predict_layer(plan, step, device, batch, precision) for step in plan.steps}
    trained = {name: shape for step in plan.steps for name, shape in step.trained.items()}
    moved = 3 * FP32 * sum(map(prod, trained.values())) + 2 * state
    return StepTime(layers, moved / device.bandwidth)


def _predict_layer(plan: Plan, step: Step, device: Device, batch: int, precision: Precision) -> LayerTime:
    storage = step.layer.storage
    if storage in (Storage.VIEW, Storage.SCATTERED_VIEW):
        return LayerTime()
    operations = batch * step.layer.operations(step.shapes)
    elements = batch * (sum(map(prod, step.shapes)) + prod(step.node.output or ()))
    moved = step.width * (elements + count_elements(step.layer.parameters(step.shapes)))
    rate = device.rates[precision][step.layer.workload]
    work = moved if step.layer.workload in MOVING else operations
    computing = work / rate.forward
    moving = moved / device.bandwidth
    inputs = [name in plan.trained_values for name in step.node.inputs]
    share = (any(inputs) + bool(step.trained)) / (1 + bool(step.layer.parameters(step.shapes)))
    if not step.needs_gradient: share=0
    back = max(share * work / rate.backward, 2 * share * moving)
    if step.layer.shares_gradient: back = 0
    start, behind = 1 / device.layers.forward, 1 / device.layers.backward
    return LayerTime(
        max(computing, moving) + start,
        back + behind * bool(share),
        operations,
        moved,
        "compute" if computing > moving and work is operations else "memory",
    )
