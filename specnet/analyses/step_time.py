"""The time of a training step on a device, by the roofline of each layer.

A layer takes the longer of two times: that of its operations at the rate of the device for such work, and that of the
bytes that it reads and writes at the bandwidth of the device; it is bound by the one that is longer (Williams,
Waterman, Patterson 2009, "Roofline: an insightful visual performance model"). Starting a layer comes on top on a CPU; a
GPU meanwhile runs those started before, so that a layer takes the longer of both. Views take no time. A step is the
forward pass, the backward pass, and the update of the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import prod
from operator import add
from typing import TYPE_CHECKING, Literal

from specnet.analyses.devices import Device
from specnet.analyses.execution_plan import Plan, Step
from specnet.analyses.memory import Conditions, Precision
from specnet.byte_sizes import FP32
from specnet.graph import Network
from specnet.layers.base import count_elements
from specnet.layers.base.traits import Storage, Workload
from specnet.records import Record

if TYPE_CHECKING:  # most checks need none of its models
    from specnet.settings import Training

Bound = Literal["compute", "memory"]

MOVING = (Workload.NORMALISATION, Workload.ELEMENTWISE)
"""Workloads whose rates count bytes."""

VIEWS = (Storage.VIEW, Storage.SCATTERED_VIEW)


class LayerTime(Record):
    """The seconds of a layer in a step, the operations and bytes of its forward pass, and what binds that."""

    forward: float = 0.0
    backward: float = 0.0
    operations: int = 0
    moved: int = 0
    bound: Bound | None = None

    @property
    def total(self) -> float:
        return self.forward + self.backward


class StepTime(Record):
    """The seconds of a training step with a batch."""

    device: Device
    batch: int
    precision: Precision
    layers: Mapping[str, LayerTime]
    optimizer: float

    @cached_property
    def forward(self) -> float:
        return sum(layer.forward for layer in self.layers.values())

    @cached_property
    def backward(self) -> float:
        return sum(layer.backward for layer in self.layers.values())

    @property
    def total(self) -> float:
        return self.forward + self.backward + self.optimizer

    @property
    def images_per_second(self) -> float:
        return self.batch / self.total


class UnknownRate(Exception):
    """A device has no rates for a precision; the argument is the precision."""


def predict_step(network: Network, training: Training, device: Device, precision: Precision, batch: int) -> StepTime:
    """Return the time of a step with the optimizer of a `train` section; raises UnknownMemory, UnknownRate."""
    if precision not in device.rates:
        raise UnknownRate(precision)
    plan = Plan(network, Conditions(precision), is_training=True)
    layers = {step.node.name: _predict_layer(plan, step, device, batch) for step in plan.steps}
    return StepTime(device, batch, precision, layers, _count_updated(plan, training) / device.bandwidth)


def _count_updated(plan: Plan, training: Training) -> int:
    """Return the bytes of an update: it reads gradients, and reads and writes parameters and the optimizer's state."""
    trained = {name: shape for step in plan.steps for name, shape in step.trained.items()}
    return FP32 * sum(3 * prod(shape) + 2 * training.optimizer.measure_state(shape) for shape in trained.values())


def _predict_layer(plan: Plan, step: Step, device: Device, batch: int) -> LayerTime:
    if step.layer.storage in VIEWS:
        return LayerTime()
    operations = batch * step.layer.operations(step.shapes)
    moved = _count_moved(step, batch)
    is_moving = step.layer.workload in MOVING
    rate = device.rates[_choose_rates(step, plan.conditions.precision, device)][step.layer.workload]
    work, moving = moved if is_moving else operations, moved / device.bandwidth
    share = _share_of_backward(plan, step)
    combine = max if device.is_gpu else add
    return LayerTime(
        combine(max(work / rate.forward, moving), 1 / device.layers.forward),
        combine(share * max(work / rate.backward, 2 * moving), (share > 0) / device.layers.backward),
        operations,
        moved,
        "compute" if not is_moving and work / rate.forward > moving else "memory",
    )


def _count_moved(step: Step, batch: int) -> int:
    """Return the bytes of inputs, parameters and output."""
    elements = batch * (sum(map(prod, step.shapes)) + prod(step.node.output or ()))
    return step.width * (elements + count_elements(step.layer.parameters(step.shapes)))


def _choose_rates(step: Step, precision: Precision, device: Device) -> Precision:
    """Return the precision in which a layer is computed: fp32 for some layers whatever that of the context is."""
    return "fp32" if step.width == FP32 and "fp32" in device.rates else precision


def _share_of_backward(plan: Plan, step: Step) -> float:
    """Return the share of a layer's backward pass that is computed.

    The gradients of inputs and those of parameters take half of the time each, where there are both. Joins that only
    pass their gradient on take none.
    """
    if all(step.layer.passes_gradient(step.shapes)):
        return 0.0
    passes_on = not plan.trained_values.isdisjoint(step.node.operands)
    if not step.layer.parameters(step.shapes):
        return float(passes_on)
    return (passes_on + bool(step.trained)) / 2
