"""The longest path through layers with weights, by which papers count depth: 16 in VGG-16, 50 in ResNet-50."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.graph import Network, Node
from specnet.layers.base.traits import Trait


def learns_weight(node: Node) -> bool:
    """Whether a layer counts for the depth: convolutions and fully connected layers, but no normalisation."""
    return node.layer is not None and Trait.LEARNS_WEIGHT in node.layer.traits


def find_longest_path(nodes: Sequence[Node]) -> Sequence[Node]:
    """Return the layers with weights on the path to the last node that has most of them.

    The nodes are in topological order; values of other nodes begin a path. A gate of one position that scales a map, as
    in squeeze-and-excitation, is not on the path, as papers do not count it.
    """
    depths, before = dict[str, int](), dict[str, Node | None]()
    by_name = {node.name: node for node in nodes}
    for node in nodes:
        read = [by_name[name] for name in node.operands if name in depths]
        followed = [each for each in read if not is_gate(each, node)]
        before[node.name] = deepest = max(followed, key=lambda each: depths[each.name], default=None)
        depths[node.name] = learns_weight(node) + (depths[deepest.name] if deepest else 0)
    path, at = list[Node](), nodes[-1] if nodes else None
    while at:
        path.append(at)
        at = before[at.name]
    return [node for node in reversed(path) if learns_weight(node)]


def is_gate(node: Node, reader: Node) -> bool:
    """Whether a node has a single position, and a node that reads it together with others has several."""
    if len(reader.operands) < 2 or node.output is None or reader.output is None:
        return False
    return node.output[:-1] == (1, 1) != reader.output[:-1]


def measure_depth(network: Network) -> int:
    """Return the number of layers with weights on the longest path to the output."""
    last = max((place for place, node in enumerate(network.nodes) if node.name in network.outputs), default=-1)
    return len(find_longest_path(network.nodes[: last + 1]))
