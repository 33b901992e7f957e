"""The longest path through layers with weights, by which papers count depth: 16 in VGG-16, 50 in ResNet-50."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from specnet.graph import Node
from specnet.layers.base.traits import Trait


def learns_weight(node: Node) -> bool:
    """Whether a layer counts for the depth: convolutions and fully connected layers, but no normalisation."""
    return node.layer is not None and Trait.LEARNS_WEIGHT in node.layer.traits


def find_longest_path(nodes: Iterable[Node]) -> Sequence[Node]:
    """Return the layers with weights on the path that has most of them; of equal paths, the first input's.

    The nodes are in topological order; values of other nodes begin a path.
    """
    depths, before, longest = dict[str, int](), dict[str, Node | None](), None
    by_name = dict[str, Node]()
    for node in nodes:
        known = [by_name[name] for name in node.inputs if name in by_name]
        before[node.name] = deepest = max(known, key=lambda each: depths[each.name], default=None)
        depths[node.name] = learns_weight(node) + (depths[deepest.name] if deepest else 0)
        by_name[node.name] = node
        if longest is None or depths[node.name] > depths[longest.name]:
            longest = node
    path = list[Node]()
    while longest:
        path += [longest] if learns_weight(longest) else []
        longest = before[longest.name]
    return path[::-1]
