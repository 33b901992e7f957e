"""A network in the rows of a paper's table: a row per stage with its building block, or per family of layers.

`conv2_x  [1×1, 64; 3×3, 64; 1×1, 256] ×3` (He, Zhang, Ren, Sun 2015, table 1): the layers with weights on the longest
path through a block. As there, the projections and gates beside that path and the strides within blocks are not
written, so that a block that halves the map equals those behind it; the numbers of the row count all of its layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from specnet.analyses.longest_path import find_longest_path, is_gate, learns_weight
from specnet.analyses.streams import Readers, collect_readers, find_streams
from specnet.graph import Network, Node
from specnet.layers.base import format_shape
from specnet.layers.base.traits import Trait
from specnet.printable import format_amount
from specnet.printer.scopes import Scopes
from specnet.printer.values import format_layer, format_node
from specnet.reporters.network_table import list_inputs
from specnet.reporters.table_columns import Blocks, Cell, Row, Stack

MOST_IN_A_BLOCK = 8
"""The largest number of layers that are written out; a longer block is named by its call."""


def list_blocks(network: Network) -> Iterator[Row]:
    """Yield a row for each input, and for each block, repetition and other layer that the network itself names.

    Activations, normalisations and dropout stand with the layer before them.
    """
    scopes = Scopes(network)
    readers = collect_readers(network)
    yield from list_inputs(network)
    for nodes in _group_nodes(network):
        name = nodes[0].name.partition(".")[0]
        yield Row(name, _describe(name, nodes, scopes, readers), _describe_output(nodes, readers), tuple(nodes))


def list_families(network: Network) -> Iterator[Row]:
    """Yield a row for each family of layers, in the order in which they appear."""
    families = dict.fromkeys(node.layer.family for node in network.nodes if node.layer)
    for family in families:
        nodes = tuple(node for node in network.nodes if node.layer and node.layer.family is family)
        yield Row(str(family), format_amount(len(nodes), "layer"), "", nodes)


def _group_nodes(network: Network) -> Sequence[list[Node]]:
    groups = list[list[Node]]()
    for node in network.nodes:
        if groups and (_scope(node) == _scope(groups[-1][0]) or _follows(node, groups[-1][-1])):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def _scope(node: Node) -> str:
    return node.name.partition(".")[0]


def _follows(node: Node, before: Node) -> bool:
    """Whether a layer outside all blocks only changes the values of the layer before it."""
    keeps = node.layer is not None and node.layer.is_follower() and node.inputs == (before.name,)
    return keeps and "." not in node.name


def _describe_output(nodes: Sequence[Node], readers: Readers) -> Cell:
    """Return the shape of the last layer, or the shapes of all streams."""
    streams = find_streams(nodes, readers)
    return ", ".join(format_shape(node.output or ()) for node in streams) if len(streams) > 1 else nodes[-1].output


def _describe(name: str, nodes: Sequence[Node], scopes: Scopes, readers: Readers) -> Cell:
    """Return the building blocks of a row; the call of its block, or its first layer, where that says more."""
    if name not in scopes:
        return _describe_line(nodes)
    parts = [_list_main_path(part, readers) for part in _split_iterations(name, nodes, scopes)]
    if [len(part) for part in parts] == [1]:
        return _describe_line(nodes)
    if all(0 < len(part) <= MOST_IN_A_BLOCK for part in parts):
        return Blocks(tuple(Stack(part, len([*same])) for part, same in groupby(parts)))
    return scopes.format_call(name)


def _describe_line(nodes: Sequence[Node]) -> str:
    """Return `7×7, 64, stride 2` for a convolution, the layer as the spec has it for others."""
    node = next(filter(learns_weight, nodes), nodes[0])
    assert node.layer is not None  # the network has no error
    return node.layer.notation(with_stride=True) or format_node(node)


def _split_iterations(name: str, nodes: Sequence[Node], scopes: Scopes) -> list[list[Node]]:
    """Return the layers of each iteration of a repetition; those of a block together."""
    inside = [node for node in nodes if node.name.startswith(f"{name}.")]
    if not scopes.is_repetition(name):
        return [inside]
    return [[*part] for _, part in groupby(inside, lambda node: node.name.split(".")[1])]


def _list_main_path(nodes: Sequence[Node], readers: Readers) -> tuple[str, ...]:
    """Return the layers with weights on the longest path; none where paths with weights run side by side.

    A projection, which is added to the path, and a gate, which scales it, do not count.
    """
    if len(find_streams(nodes, readers)) > 1:
        return ()
    weighted = dict[str, Node]()
    for node in nodes:
        paths = [name for name in node.operands if name in weighted and not is_gate(weighted[name], node)]
        is_shortcut = node.layer is not None and Trait.SUMS in node.layer.traits
        if len(paths) > 1 and not is_shortcut:
            return ()
        if paths or learns_weight(node):
            weighted[node.name] = node
    if len(weighted.keys() - {name for node in nodes for name in node.inputs}) > 1:  # streams that do not meet
        return ()
    layers = (node.layer for node in find_longest_path(nodes))
    return tuple(layer.notation() or format_layer(layer) for layer in layers if layer)
