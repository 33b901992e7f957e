"""What a fix of a shape must achieve, and the values upstream that it may change for that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from specnet.analyses.propagation import Propagation, propagate
from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic
from specnet.graph import Network, Node
from specnet.layers.base import Layer, Shape
from specnet.layers.base.traits import Trait


@dataclass(frozen=True)
class Goal:
    """A node takes its inputs, and its output has a shape if one is claimed."""

    node: str
    shape: Shape | None

    def is_met(self, network: Network, through: Propagation) -> bool:
        output = through.shapes.get(self.node)
        return output is not None and self.shape in (None, output) and not self._repeats_anew(network, through, output)

    def _repeats_anew(self, network: Network, through: Propagation, output: Shape) -> bool:
        """Whether the node, which usually takes equal shapes, repeats an input that has several elements there now.

        A stride so large that one position is left would make such arms fit, and is not what was meant.
        """
        node = network.by_name.get(self.node)
        if node is None or node.layer is None or Trait.EQUAL_SHAPES not in node.layer.traits:
            return False
        changed = [(network.shapes[name] or (), shape) for name in node.inputs if (shape := through.shapes.get(name))]
        sizes = (axis for now, then in changed if len(now) == len(then) for axis in zip(now, then, output, strict=True))
        return any(then == 1 < whole and now > 1 for now, then, whole in sizes)


def set_goal(checked: Checked, diagnostic: Diagnostic) -> Goal:
    """Return the goal of a fix for an error that a node has, or for a wrong claim."""
    if diagnostic.code is Code.E401:
        return Goal(diagnostic.node, checked.elaborated.claims[diagnostic.node].shape)
    claims = checked.elaborated.claims.items()
    node = checked.network.by_name[diagnostic.node]
    shape = next((claim.shape for name, claim in claims if checked.network.shape_origin(name) is node), None)
    return Goal(diagnostic.node, shape)


def find_upstream(network: Network, name: str) -> set[str]:
    """Return a value and all values that it is computed from."""
    found, ahead = set[str](), [name]
    while ahead:
        value = ahead.pop()
        if value not in found:
            found.add(value)
            node = network.by_name.get(value)
            ahead += node.inputs if node else ()
    return found


def find_shared(network: Network, name: str) -> set[str]:
    """Return the values that reach a node by more than one of its inputs: those above the fork of its arms."""
    node = network.by_name.get(name)
    counts = Counter(above for value in (node.inputs if node else ()) for above in find_upstream(network, value))
    return {value for value, count in counts.items() if count > 1}


def list_wanted(network: Network, goal: Goal, node: Node) -> list[Shape]:
    """Return the output's shapes of a node upstream that may help: those that the goal needs of it, likeliest first."""
    found = list(_list_wanted(network, goal, node))
    return list(dict.fromkeys(shape for shape in found if shape != node.output))


def _list_wanted(network: Network, goal: Goal, node: Node) -> Iterator[Shape]:
    if node.name == goal.node or network.shape_origin(goal.node) is node:
        if goal.shape:
            yield goal.shape
        return
    target, now = network.by_name[goal.node], node.output
    shapes = [shape for value in target.inputs if (shape := network.shapes[value])]
    if now is None or target.layer is None:
        return
    if any(network.shape_origin(value) is node for value in target.inputs):
        yield from (wanted for other in shapes if (wanted := target.layer.shape_beside(now, other)))
    yield from ((*now[:-1], shape[-1]) for shape in shapes)
    if groups := _count_groups(target.layer):
        below = now[-1] - now[-1] % groups
        yield from ((*now[:-1], size) for size in (below, below + groups) if size)
    if goal.shape and target.output and len(goal.shape) == len(target.output):
        channels = now[-1] + goal.shape[-1] - target.output[-1]
        yield from [(*now[:-1], size) for size in (goal.shape[-1], channels) if size > 0]


def _count_groups(layer: Layer) -> int:
    """Return the number of groups of a layer's channels; 0 for a layer that has none."""
    field = type(layer).field_of("G")
    return int(getattr(layer, field)) if field else 0


def count_contradictions(checked: Checked, inputs: Mapping[str, Shape], layers: Mapping[str, Layer]) -> int:
    """Return how many layers would refuse their inputs, and how many claims would be wrong, with these changes."""
    through = propagate(checked.network, inputs, layers)
    claims = checked.elaborated.claims
    wrong = [name for name, shape in through.shapes.items() if shape and name in claims and claims[name].shape != shape]
    return len(through.refused) + len(wrong)
