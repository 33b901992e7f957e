"""Alike neighbours of a diagram are drawn once: iterations and calls with the same layers and the same wiring.

They form a run if each reads the one before it in the same way, and nothing else does. Sizes may differ, and so may the
rates of regularisation, which often grow from block to block.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from specnet.backends.diagram.folding import FoldedNetwork, list_contents
from specnet.graph import Network, Node
from specnet.layers import get_layer_class
from specnet.layers.base import Family
from specnet.printer.scopes import Scopes


def collapse_runs(folded: FoldedNetwork, network: Network, scopes: Scopes, apart: Set[str]) -> FoldedNetwork:
    """Draw each run once; scopes with one of the layers in `apart` are in no run."""
    runs = find_runs(folded, network, scopes, apart)
    firsts = {other: run[0] for run in runs.values() for other in run[1:]}

    def stands_for(name: str) -> str:
        """Return the name of the box that is drawn for a box."""
        for unit in scopes.list_enclosing(f"{name}."):
            if unit in firsts:
                return stands_for(firsts[unit] + name[len(unit) :])
        return name

    groups = {name: group for name, group in folded.groups.items() if stands_for(name) == name}
    flows = (replace(flow, source=stands_for(flow.source)) for flow in folded.flows if flow.target in groups)
    return FoldedNetwork(
        groups,
        tuple(flow for flow in flows if flow.source != flow.target),
        {value: stands_for(source) for value, source in folded.sources.items()},
        list_contents(groups, scopes, runs),
        runs,
    )


def find_runs(
    folded: FoldedNetwork, network: Network, scopes: Scopes, apart: Set[str] = frozenset()
) -> Mapping[str, tuple[str, ...]]:
    """Return the runs by their first scope."""
    comparison = _Comparison(network, scopes, apart)
    found = (run for scope, inside in folded.contents.items() for run in comparison.find_runs(scope, inside))
    return {run[0]: run for run in found}


@dataclass(frozen=True)
class _Unit:
    """A scope: its layers as they differ from those of other scopes, and the values that it reads from outside."""

    layers: Sequence[Any]
    reads: Sequence[str]


class _Comparison:
    """Compares the scopes of a network."""

    def __init__(self, network: Network, scopes: Scopes, apart: Set[str]) -> None:
        self.scopes, self.apart = scopes, apart
        self.nodes: dict[str, list[Node]] = defaultdict(list)
        self.readers: dict[str, list[str]] = defaultdict(list)
        for node in network.nodes:
            for scope in scopes.list_enclosing(node.name):
                self.nodes[scope].append(node)
            for value in node.inputs:
                self.readers[value].append(node.name)
        for value in (*network.outputs, *(head.value for head in network.heads)):
            self.readers[value].append("")

    def find_runs(self, scope: str, inside: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield the runs among the boxes and scopes within a scope."""
        run, before, links = list[str](), None, None
        for name in self._list_units(scope, inside):
            unit = self._describe(name) if name else None
            found = self._link(run[-1], before, name, unit) if run and before and name and unit else None
            if name and unit and found and (len(run) == 1 or found == links):
                run, before, links = [*run, name], unit, found
                continue
            if len(run) > 1:
                yield tuple(run)
            run, before, links = [name] if name and unit else [], unit, None
        if len(run) > 1:
            yield tuple(run)

    def _list_units(self, scope: str, inside: Sequence[str]) -> Iterator[str | None]:
        """Yield the scope that each box or scope within a scope is or is all of, None for a layer in no other scope."""
        enclosing = {item: self.scopes.list_enclosing(f"{item}.") for item in inside}
        held = Counter(each for around in enclosing.values() for each in around)
        for around in enclosing.values():
            yield next((each for each in around if held[each] == 1 and len(each) > len(scope)), None)

    def _describe(self, name: str) -> _Unit | None:
        """Return what a scope holds; None if it has an error."""
        nodes, start = self.nodes[name], len(name) + 1
        if not self.apart.isdisjoint(node.name for node in nodes):
            return None
        inside = {node.name: node.name[start:] for node in nodes}
        reads = [value for node in nodes for value in node.inputs if value not in inside]
        layers = [
            (inside[node.name], _describe_layer(node), node.output is None, [inside.get(each) for each in node.inputs])
            for node in nodes
        ]
        return _Unit(layers, reads)

    def _link(self, first: str, before: _Unit, name: str, unit: _Unit) -> Sequence[str] | None:
        """Return how a scope reads the one before it; None unless they are alike and only this one reads that one."""
        if before.layers != unit.layers or self._is_read_beyond(first, name):
            return None
        links = [value[len(first) :] if value.startswith(f"{first}.") else value for value in unit.reads]
        outside = [each for each, value in zip(links, unit.reads, strict=True) if each == value]
        return links if len(outside) < len(links) and outside == self._list_outside(before, links) else None

    def _list_outside(self, before: _Unit, links: Sequence[str]) -> Sequence[str]:
        return [read for read, link in zip(before.reads, links, strict=True) if not link.startswith(".")]

    def _is_read_beyond(self, first: str, name: str) -> bool:
        """Whether anything but itself and the next scope reads a scope."""
        readers = (reader for node in self.nodes[first] for reader in self.readers[node.name])
        return not all(reader.startswith((f"{first}.", f"{name}.")) for reader in readers)


def _describe_layer(node: Node) -> Any:
    """Return what must be the same in alike layers."""
    kind = get_layer_class(node.kind)
    is_rate = kind is not None and kind.family is Family.REGULARISATION
    return node.kind if is_rate else (node.kind, node.layer, node.shares)
