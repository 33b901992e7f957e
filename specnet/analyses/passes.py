"""Replay the forward and the backward pass of a network, tensor by tensor and without torch.

A layer allocates its output, unless that is a view of its input. A value lives until its last reader has run or, where
a layer keeps it (`Layer.kept`), until the backward pass of that layer has. There, a layer allocates the gradients of
its inputs and of its parameters; gradients that meet where a value has several readers are added up. Tensors that share
memory count once. The loss is cross-entropy, which keeps the logarithms of the probabilities.

Under autocast, layers that compute in the lower type keep copies of weights, and of inputs that are of another type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING

from specnet.analyses.allocator import Allocator, Tensor
from specnet.analyses.execution_plan import Plan, Step, UnknownMemory
from specnet.analyses.memory import DEFAULT, NOTHING, Bytes, Conditions, LayerMemory, Memory, Moment, Phase
from specnet.byte_sizes import FP32, INT64
from specnet.graph import Network
from specnet.layers.base import Shape
from specnet.layers.base.traits import Autocast, Storage, Trait

if TYPE_CHECKING:  # most checks need none of its models
    from specnet.settings import Training
    from specnet.settings.optimizer import Optimizer


class Replay:
    """The tensors that live while the passes of a plan run, and the moments that were recorded."""

    def __init__(self, plan: Plan, has_earlier_parts: bool = False) -> None:
        """`has_earlier_parts`: whether the gradients of earlier parts of the batch live, to which these are added."""
        self._plan, self._has_earlier_parts = plan, has_earlier_parts
        self.memory = Allocator()
        self.moments = list[Moment]()
        self._readers = Counter(name for step in plan.steps for name in dict.fromkeys(step.node.inputs))
        self._readers.update([*plan.outputs, *(each.name for each in plan.network.inputs)])  # their caller holds these
        self._values = dict[str, Tensor]()
        self._scattered = set[str]()
        """The values that are views whose elements are not in the order of their axes."""
        self._gradients = dict[str, Tensor]()
        """The gradient of each value, as far as it is computed."""
        self._kept_by = dict[str, list[Tensor]]()
        """What each node keeps."""
        self._copied_weights = dict[str, Tensor]()
        """The copy of each node's weights in the lower type."""
        self._with_gradient = set[str]()
        """The parameters whose gradients are computed."""
        self._parameter_gradients = _measure_gradients(plan.trained) if has_earlier_parts else NOTHING

    def _record(self, phase: Phase, layer: str, transient: Bytes = NOTHING) -> None:
        live = self.memory.live.plus(self._parameter_gradients).plus(transient)
        self.moments.append(Moment(phase, layer, live, self.memory.kept, self._parameter_gradients))

    # Forward

    def run_forward(self) -> None:
        for each in self._plan.network.inputs:
            self._values[each.name] = self.memory.allocate(each.name, self._plan.measure(each.name))
        for step in self._plan.steps:
            self._count_as_read({*step.node.inputs}.difference(step.node.operands))  # a size is read before the layer
            self._values[step.node.name] = self._store_output(step)
            if step.needs_gradient:
                self._kept_by[step.node.name] = self._keep(step)
            self._record("forward", step.node.name, self._measure_scratch(step))
            self._count_as_read(dict.fromkeys(step.node.operands))
            self._free_unread(step.node.name)

    def _measure_scratch(self, step: Step) -> Bytes:
        """Return the bytes that only live while a node runs; in training, most of them are kept."""
        kept = self._plan.find_kept(step) if step.needs_gradient else None
        elements = self._plan.count_scratch(step.layer, step.shapes) - (kept.elements + kept.fp32 if kept else 0)
        return Bytes(0, step.width * elements) if elements > 0 else NOTHING

    def _count_as_read(self, names: Iterable[str]) -> None:
        for name in names:
            self._readers[name] -= 1
            self._free_unread(name)

    def _free_unread(self, name: str) -> None:
        if not self._readers[name]:
            self.memory.release(self._values[name])

    def _store_output(self, step: Step) -> Tensor:
        """Return the tensor of the output: a new one, or that of the input for a view."""
        storage, name = step.layer.storage, step.node.name
        if storage is None:
            raise UnknownMemory(name)
        is_copied = step.layer.flattens and step.node.inputs[0] in self._scattered
        if storage is Storage.OWN or is_copied or (storage is Storage.OWN_IN_TRAINING and self._plan.is_training):
            return self.memory.allocate(name, self._plan.measure(name))
        if step.layer.scatters or step.node.inputs[0] in self._scattered:
            self._scattered.add(name)
        return self.memory.hold(self._values[step.node.inputs[0]])

    def _keep(self, step: Step) -> list[Tensor]:
        """Keep what the backward pass of a node needs; return the tensors."""
        kept = self._plan.find_kept(step)
        if kept is None:
            raise UnknownMemory(step.node.name)
        is_frozen_product = Trait.DENSE in step.layer.traits and not step.trained
        tensors = [] if is_frozen_product else [self._keep_input(step, place) for place in kept.inputs]
        tensors += [self.memory.keep(self._values[step.node.name])] if kept.output else []
        mask = kept.mask * (step.width if self._plan.conditions.device == "cpu" else 1)
        elements = step.width * kept.elements + self._plan.widths[step.node.inputs[0]] * kept.elements_like_input
        fixed = FP32 * kept.statistics + step.width * kept.shared
        own = Bytes(fixed, elements + FP32 * kept.fp32 + INT64 * kept.indices + mask)
        tensors += [self.memory.keep_new(step.node.name, own)] if own != NOTHING else []
        if step.layer.autocast is Autocast.LOWER and step.width != FP32:
            tensors += self._keep_copied_weights(step)
        return tensors

    def _keep_input(self, step: Step, place: int) -> Tensor:
        """Keep an input, or the copy of it that the layer reads."""
        name = step.node.inputs[place]
        is_read_as_it_is = self._plan.widths[name] == step.width or step.layer.autocast is Autocast.FULL_RESULT
        if is_read_as_it_is and not (step.layer.flattens and name in self._scattered):
            return self.memory.keep(self._values[name])
        return self.memory.keep_new(step.node.name, Bytes(0, step.width * prod(step.shapes[place])))

    def _keep_copied_weights(self, step: Step) -> list[Tensor]:
        """Keep the copy of the weights in the type in which the layer computes; shared weights are copied once.

        A product of matrices needs its weights only for the gradient of its input.
        """
        if Trait.DENSE in step.layer.traits and not self._list_receivers(step):
            return []
        owner = step.node.shares or step.node.name
        elements = sum(prod(shape) for shape in step.layer.parameters(step.shapes).values() if len(shape) > 1)
        if owner in self._copied_weights:
            return [self.memory.keep(self._copied_weights[owner])]
        self._copied_weights[owner] = self.memory.keep_new(owner, Bytes(step.width * elements))
        return [self._copied_weights[owner]]

    # Backward

    def run_backward(self, optimizer: Optimizer) -> None:
        for name in dict.fromkeys(self._plan.outputs):
            self._run_loss(name)
        for step in reversed(self._plan.steps):
            if step.node.name in self._gradients:
                self._run_backward(step)
        self._record("optimizer", "", Bytes(FP32 * optimizer.measure_scratch([*self._plan.trained.values()])))

    def _run_loss(self, name: str) -> None:
        """Compute the cross-entropy of an output in fp32, and its gradient by way of that of the logarithms."""
        shape = self._plan.network.shapes[name] or ()
        logarithms = self.memory.keep_new(name, Bytes(0, FP32 * prod(shape)))
        labels = self.memory.keep_new(name, Bytes(0, INT64 * prod(shape[:-1])))
        self._record("loss", name, logarithms.size)
        if name in self._plan.trained_values:
            self._gradients[name] = self.memory.allocate(name, self._plan.measure(name))
            self._record("loss", name, logarithms.size)
        for tensor in (logarithms, labels):
            self.memory.release_kept(tensor)

    def _run_backward(self, step: Step) -> None:
        gradient = self._gradients.pop(step.node.name)
        passed = [(name, self._pass_gradient(step, name, gradient)) for name in self._list_receivers(step)]
        own, added = self._add_parameter_gradients(step)
        scratch = self._plan.count_backward_scratch(step.layer, step.shapes) if passed else 0
        self._record("backward", step.node.name, own.plus(added).plus(Bytes(0, step.width * scratch)))
        self.memory.release(gradient)
        for tensor in self._kept_by.pop(step.node.name):
            self.memory.release_kept(tensor)
        if added != NOTHING:  # the sum with the gradient of an earlier use
            self._record("backward", step.node.name, added.plus(added))
        for name, tensor in passed:
            self._add_gradient(name, tensor)

    def _add_parameter_gradients(self, step: Step) -> tuple[Bytes, Bytes]:
        """Compute the gradients of a node's parameters; return the bytes of those that are added to others and freed.

        The first are added to those of earlier parts of the batch, in place, the second to those of earlier uses.
        """
        new = {name: shape for name, shape in step.trained.items() if name not in self._with_gradient}
        self._with_gradient.update(new)
        added = _measure_gradients({name: shape for name, shape in step.trained.items() if name not in new})
        if self._has_earlier_parts:
            return _measure_gradients(new), added
        self._parameter_gradients = self._parameter_gradients.plus(_measure_gradients(new))
        return NOTHING, added

    def _list_receivers(self, step: Step) -> list[str]:
        return [name for name in step.node.operands if name in self._plan.trained_values]

    def _pass_gradient(self, step: Step, name: str, gradient: Tensor) -> Tensor:
        """Return the gradient of an input: a new tensor, or the output's for a layer that only passes it on."""
        if step.layer.passes_gradient(step.shapes)[step.node.inputs.index(name)]:
            return self.memory.hold(gradient)
        return self.memory.allocate(step.node.name, self._plan.measure(name))

    def _add_gradient(self, name: str, gradient: Tensor) -> None:
        """Add to the gradient of a value that has several readers; in place, unless its memory is shared."""
        present = self._gradients.pop(name, None)
        if present is None:
            self._gradients[name] = gradient
            return
        if present.holders > 1:
            total = self.memory.allocate(name, self._plan.measure(name))
            self._record("backward", name)
            self.memory.release(present)
            present = total
        self.memory.release(gradient)
        self._gradients[name] = present


def replay_inference(network: Network, conditions: Conditions = DEFAULT) -> Memory:
    """Return the memory of a forward pass in evaluation, without gradients; raises UnknownMemory."""
    plan = Plan(network, conditions, is_training=False)
    replay = Replay(plan)
    replay.run_forward()
    return Memory(_describe_layers(plan, replay), 0, tuple(replay.moments), _list_workspaces(plan))


def replay_training(network: Network, training: Training, conditions: Conditions = DEFAULT) -> Memory:
    """Return the memory of a training step by the settings of a `train` section; raises UnknownMemory.

    Where a batch is accumulated in parts, it is that of the second part, for which the gradients of the first live.
    """
    plan = Plan(network, conditions, is_training=True)
    replay = Replay(plan, has_earlier_parts=training.batch.accumulate > 1)
    replay.run_forward()
    replay.run_backward(training.optimizer)
    layers = _describe_layers(plan, replay, training.optimizer.measure_state)
    averages = sum(layer.parameters for layer in layers.values()) if training.average else 0
    return Memory(layers, averages, tuple(replay.moments), _list_workspaces(plan))


def _measure_gradients(parameters: Mapping[str, Shape]) -> Bytes:
    return Bytes(FP32 * sum(map(prod, parameters.values())))


def find_unknown_memory(network: Network) -> str:
    """Return the name of the first layer that makes the memory of a network unknown."""
    return next(
        node.name
        for node in network.nodes
        if node.layer is None
        or (shapes := network.input_shapes(node)) is None
        or node.layer.storage is None
        or node.layer.kept(shapes) is None
    )


def _describe_layers(
    plan: Plan, replay: Replay, measure_state: Callable[[Shape], int] = lambda shape: 0
) -> dict[str, LayerMemory]:
    """Return the bytes of each input and node; shared weights belong to the first node that has them.

    `measure_state` counts the elements that the optimizer stores for a parameter.
    """
    layers = {each.name: LayerMemory(kept=replay.memory.kept_of[each.name]) for each in plan.network.inputs}
    for step in plan.steps:
        name, own = step.node.name, not step.node.shares
        trained = [*step.trained.values()] if own else []
        layers[name] = LayerMemory(
            FP32 * plan.count_parameters(step.layer, step.shapes) if own else 0,
            FP32 * plan.count_buffers(step.layer, step.shapes) if own else 0,
            FP32 * sum(map(prod, trained)),
            FP32 * sum(map(measure_state, trained)),
            replay.memory.kept_of[name],
        )
    return layers


def _list_workspaces(plan: Plan) -> tuple[Bytes, ...]:
    """Return the bytes of input, output and weights of each layer that is computed as a product of matrices."""
    return tuple(
        Bytes(
            step.width * plan.count_parameters(step.layer, step.shapes),
            step.width * (sum(map(prod, step.shapes)) + prod(step.node.output or ())),
        )
        for step in plan.steps
        if step.layer.autocast is Autocast.LOWER
    )
