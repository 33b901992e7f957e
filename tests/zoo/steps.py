"""A network as the steps of its forward pass, in a form that specs and other implementations share.

Layers that compute nothing of their own are left out, for the reasons in `NO_STEP`; equivalent layers become equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specnet.compiler import Checked
from specnet.graph import Network
from specnet.layers.base import Layer, Shapes
from specnet.layers.conv import Conv
from specnet.layers.deconv import Deconv
from specnet.layers.pool import Pool

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """F, S, P, D and G of a conv or deconv, or F and S of a pool; None where the record lacks them.

    A pool's padding and rounding are not compared: they show in its output.
    """

    kernel: Shape | None
    stride: Shape | None = None
    padding: tuple[object, ...] | None = None
    dilation: Shape = (1, 1)
    groups: int = 1


@dataclass(frozen=True)
class Step:
    """A layer of the forward pass; its output is H×W×C or C, as in a spec."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    output: Shape
    parameters: int = 0
    macs: int = 0
    window: Window | None = None

    @property
    def signature(self) -> tuple[object, ...]:
        return self.kind, self.output, self.parameters, self.macs, self.window


NO_STEP: Mapping[str, str] = {
    "identity": "changes nothing",
    "flatten": "reorders nothing: fc flattens its input",
    "reshape": "like flatten, in either direction",
    "permute": "moves the channels to the end",
    "tokens": "like reshape",
    "pad": "padding of the window that follows",
    "statistics": "Caffe's BatchNorm: the Scale that follows has the parameters of bn",
    "softmax": "at the end of a network it is part of the loss here",
    "preprocessing": "Keras's EfficientNet scales and normalises its own input",
}


def steps_of_spec(checked: Checked, of_heads: bool = True) -> list[Step]:
    """Return the steps of a spec, with or without those that only a head needs."""
    network = checked.network
    needed = {node.name for node in network.nodes} if of_heads else _needed(network)
    steps = [Step(i.name, "input", (), i.shape) for i in network.inputs]
    for node in network.nodes:
        input_shapes = network.input_shapes(node)
        assert node.layer and node.output and input_shapes
        if node.name in needed:
            cost = checked.costs[node.name]
            kind = f"pool {node.layer.operation}" if isinstance(node.layer, Pool) else node.kind
            window = _window(node.layer, input_shapes)
            steps.append(Step(node.name, kind, node.inputs, node.output, cost.parameters, cost.macs, window))
    return simplify(steps)


def _needed(network: Network) -> set[str]:
    """Return the names of the nodes that the main output depends on."""
    needed = set(network.outputs)
    for node in reversed(network.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return needed


def _window(layer: Layer, input_shapes: Shapes) -> Window | None:
    match layer:
        case Conv() | Deconv():
            axes = layer.axes(input_shapes)
            padding = tuple(axis.before if axis.before == axis.after else (axis.before, axis.after) for axis in axes)
            return Window(layer.kernel_size, layer.stride, padding, layer.dilation, layer.groups)
        case Pool():
            return Window(layer.kernel_size, layer.stride or layer.kernel_size)
    return None


def simplify(steps: Sequence[Step]) -> list[Step]:
    """Drop what is no step, and make equivalent steps equal.

    1×1×C is a vector; a window as large as its map has no stride, and a conv with such a window is fc.
    """
    shapes = {step.name: step.output for step in steps}
    stands_for = dict[str, str]()
    found = list[Step]()
    for step in steps:
        input_shapes = [shapes[name] for name in step.inputs]
        inputs = tuple(stands_for.get(name, name) for name in step.inputs)
        if step.kind in NO_STEP or _changes_nothing(step, input_shapes):
            stands_for[step.name] = inputs[0]
            continue
        step = replace(step, inputs=inputs, output=step.output[-1:] if step.output[:-1] == (1, 1) else step.output)
        found.append(_as_read_whole(step, input_shapes[0]) if step.window else step)
    return found


def _changes_nothing(step: Step, input_shapes: Sequence[Shape]) -> bool:
    """Whether a step is a pool to the size of its input or a concat of one."""
    to_size = step.kind.startswith("pool") and step.window == Window(None)
    return input_shapes == [step.output] and (to_size or step.kind == "concat")


def _as_read_whole(step: Step, input_shapes: Shape) -> Step:
    window = step.window
    assert window
    if window.kernel not in (None, input_shapes[:2]) or len(step.output) > 1 or window.groups > 1:
        return step
    if step.kind == "conv":
        return replace(step, kind="fc", window=None)
    return replace(step, window=Window(input_shapes[:2])) if step.kind.startswith("pool") else step


def drop_kinds(steps: Iterable[Step], kinds: Iterable[str]) -> list[Step]:
    """Drop the steps of some kinds; what reads one of them reads its input instead."""
    stands_for = dict[str, str]()
    found = list[Step]()
    for step in steps:
        step = replace(step, inputs=tuple(stands_for.get(name, name) for name in step.inputs))
        if step.kind in kinds:
            stands_for[step.name] = step.inputs[0]
        else:
            found.append(step)
    return found


def fingerprint_steps(steps: Iterable[Step]) -> dict[str, int]:
    """Hash each step with the hashes of its inputs, so that equal hashes mean equal networks.

    The arms of add and mul are not ordered, and nested concats are flattened.
    """
    numbers, parts = dict[str, int](), dict[str, tuple[int, ...]]()
    for step in steps:
        read: Any = [numbers[name] for name in step.inputs]
        if step.kind in ("add", "mul"):
            read = sorted(read)
        if step.kind == "concat":
            read = [part for name in step.inputs for part in parts.get(name, (numbers[name],))]
            parts[step.name] = tuple(read)
        numbers[step.name] = hash((step.signature, tuple(read)))
    return numbers
