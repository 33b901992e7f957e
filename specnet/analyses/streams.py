"""Streams: values that leave a part of a network, each behind weights of its own, and none computed from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.analyses.longest_path import learns_weight
from specnet.graph import Network, Node

Readers = Mapping[str, Sequence[str]]
"""The layers that read each value; "" stands for the network's outputs."""


def collect_readers(network: Network) -> Readers:
    """Return the layers that read each value of a network."""
    readers: dict[str, list[str]] = {name: [] for name in network.shapes}
    for node in network.nodes:
        for value in node.inputs:
            readers[value].append(node.name)
    for value in network.outputs:
        readers[value].append("")
    return readers


def find_streams(nodes: Sequence[Node], readers: Readers) -> list[Node]:
    """Return the layers whose values are read outside these nodes, behind weights, and not behind another such value.

    A skip that leaves a block is no stream, as the block's main value is computed from it.
    """
    inside = {node.name for node in nodes}
    leaving = [node for node in nodes if any(reader not in inside for reader in readers[node.name])]
    if len(leaving) < 2:
        return leaving
    left, weighted = {node.name for node in leaving}, set[str]()
    above: dict[str, frozenset[str]] = {}  # the leaving values that each value is computed from
    for node in nodes:
        read = [value for value in node.inputs if value in inside]
        if learns_weight(node) or weighted.intersection(read):
            weighted.add(node.name)
        above[node.name] = frozenset(value for name in read for value in (name, *above[name]) if value in left)
    found = [node for node in leaving if node.name in weighted]
    behind = frozenset(value for node in found for value in above[node.name])
    return [node for node in found if node.name not in behind]
