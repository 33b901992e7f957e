"""One form for all: a network as the steps of one forward pass, whoever wrote it.

What is no layer of its own is left out, each kind for the reason in `NO_STEP`; what can be written in two ways is one.
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
    """F, S, P, D, G of a conv or deconv, F and S of a pool; None where nothing is said.

    A pool's padding and rounding are not compared as such: they show in its output.
    """

    kernel: Shape | None
    stride: Shape | None = None
    padding: tuple[object, ...] | None = None
    dilation: Shape = (1, 1)
    groups: int = 1


@dataclass(frozen=True)
class Step:
    """A layer at work, the shapes as in a spec: H×W×C, or C."""

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
    "flatten": "the same numbers in a row: fc flattens what arrives",
    "reshape": "as flatten, there and back",
    "permute": "the same map, its channels last",
    "pad": "padding of the window that comes next",
    "statistics": "Caffe's BatchNorm: the Scale after it has the parameters of bn",
    "softmax": "what makes probabilities at the end is a part of the loss here",
    "preprocessing": "Keras's EfficientNet scales and normalises its own input",
}


def of_spec(checked: Checked, of_heads: bool = True) -> list[Step]:
    """The steps of a spec; with or without those that only a head needs."""
    network = checked.network
    needed = {node.name for node in network.nodes} if of_heads else _needed(network)
    steps = [Step(i.name, "input", (), i.shape) for i in network.inputs]
    for node in network.nodes:
        arriving = network.input_shapes(node)
        assert node.layer and node.output and arriving
        if node.name in needed:
            cost = checked.costs[node.name]
            kind = f"pool {node.layer.operation}" if isinstance(node.layer, Pool) else node.kind
            window = _window(node.layer, arriving)
            steps.append(Step(node.name, kind, node.inputs, node.output, cost.parameters, cost.macs, window))
    return simple(steps)


def _needed(network: Network) -> set[str]:
    """The nodes that the main output depends on."""
    needed = set(network.outputs)
    for node in reversed(network.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return needed


def _window(layer: Layer, arriving: Shapes) -> Window | None:
    match layer:
        case Conv() | Deconv():
            axes = layer.axes(arriving)
            padding = tuple(axis.before if axis.before == axis.after else (axis.before, axis.after) for axis in axes)
            return Window(layer.kernel_size, layer.stride, padding, layer.dilation, layer.groups)
        case Pool():
            return Window(layer.kernel_size, layer.stride or layer.kernel_size)
    return None


def simple(steps: Sequence[Step]) -> list[Step]:
    """Without what is no step. 1×1×C is a vector; a window as large as its map has no stride, and learned it is fc."""
    shapes = {step.name: step.output for step in steps}
    stands_for = dict[str, str]()
    found = list[Step]()
    for step in steps:
        arriving = [shapes[name] for name in step.inputs]
        inputs = tuple(stands_for.get(name, name) for name in step.inputs)
        if step.kind in NO_STEP or _changes_nothing(step, arriving):
            stands_for[step.name] = inputs[0]
            continue
        step = replace(step, inputs=inputs, output=step.output[-1:] if step.output[:-1] == (1, 1) else step.output)
        found.append(_as_read_whole(step, arriving[0]) if step.window else step)
    return found


def _changes_nothing(step: Step, arriving: Sequence[Shape]) -> bool:
    """A pool to the size that arrives, a join of one."""
    to_size = step.kind.startswith("pool") and step.window == Window(None)
    return arriving == [step.output] and (to_size or step.kind == "concat")


def _as_read_whole(step: Step, arriving: Shape) -> Step:
    window = step.window
    assert window
    if window.kernel not in (None, arriving[:2]) or len(step.output) > 1 or window.groups > 1:
        return step
    if step.kind == "conv":
        return replace(step, kind="fc", window=None)
    return replace(step, window=Window(arriving[:2])) if step.kind.startswith("pool") else step


def without(steps: Iterable[Step], kinds: Iterable[str]) -> list[Step]:
    """The steps but those of some kinds; who reads one of them reads what it reads."""
    stands_for = dict[str, str]()
    found = list[Step]()
    for step in steps:
        step = replace(step, inputs=tuple(stands_for.get(name, name) for name in step.inputs))
        if step.kind in kinds:
            stands_for[step.name] = step.inputs[0]
        else:
            found.append(step)
    return found


def fingerprints(steps: Iterable[Step]) -> dict[str, int]:
    """A number for each step, of all that it is and of the numbers of what it reads: equal ones, equal networks.

    The arms of add and mul have no order; a concat of a concat is one.
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
