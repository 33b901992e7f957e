"""Network → units: the scopes that become modules of their own, with what goes in and what comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from specnet.backends.torch_source.calls import Call
from specnet.backends.torch_source.flow import Flow
from specnet.backends.torch_source.sharing import sharing
from specnet.graph import Network, Node


@dataclass(frozen=True)
class Leaf:
    """A node and what it calls."""

    node: Node
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Unit:
    """A scope as a module: the values it reads from outside, its parts in order, its values that are read outside."""

    path: str
    word: str
    ins: tuple[str, ...]
    outs: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Series:
    """Units one after the other, each reading the one before; what else they read is the same for all."""

    steps: tuple[Unit, ...]


@dataclass(frozen=True)
class Item:
    """A part of a unit: its name there, the values in and out, the part whose weights it uses, mostly itself."""

    name: str
    content: Leaf | Unit | Series
    ins: tuple[str, ...]
    outs: tuple[str, ...]
    owner: str

    @property
    def is_owner(self) -> bool:
        return self.owner == self.name


def outline(network: Network, flow: Flow) -> Unit:
    """The network as one unit with others inside."""
    return _Outline(network, flow).root()


class _Outline:
    def __init__(self, network: Network, flow: Flow) -> None:
        self.network, self.flow, self.sharing = network, flow, sharing(flow)

    def root(self) -> Unit:
        inputs = tuple(i.name for i in self.network.inputs)
        items = tuple(self._items("", range(len(self.flow.nodes))))
        return Unit("", self.network.name, inputs, self.flow.ends, items)

    def _children(self, path: str, positions: range) -> list[tuple[str, range]]:
        """The scopes and nodes directly below a path, with the positions of their nodes."""
        groups = groupby(positions, lambda position: self.sharing.child(path, self.flow.nodes[position].name))
        found = [(child, list(inside)) for child, inside in groups]
        return [(child, range(inside[0], inside[-1] + 1)) for child, inside in found]

    def _items(self, path: str, positions: range) -> Iterator[Item]:
        for child, inside in self._children(path, positions):
            item = self._leaf(child) if child in self.flow.position else self._scope(child, inside)
            prefix = f"{path}." if path else ""
            yield replace(item, name=item.name.removeprefix(prefix), owner=item.owner.removeprefix(prefix))

    def _leaf(self, name: str) -> Item:
        node = self.flow.nodes[self.flow.position[name]]
        owner = node.shares if node.shares and self.flow.has_module(node) else name
        return Item(name, Leaf(node, self.flow.called[name]), node.inputs, (name,), owner)

    def _scope(self, path: str, positions: range) -> Item:
        children = self._children(path, positions)
        leaving = self.flow.leaving(positions)
        owner = self.sharing.twins.get(path, path)
        if not self._is_series(path, children, leaving):
            return Item(path, self._unit(path, positions), self.flow.entering(positions), leaving, owner)
        steps = tuple(self._unit(child, inside) for child, inside in children)
        return Item(path, Series(steps), steps[0].ins, leaving, owner)

    def _unit(self, path: str, positions: range) -> Unit:
        items = _with_activations(list(self._items(path, positions)))
        return Unit(path, self._word(path), self.flow.entering(positions), self.flow.leaving(positions), items)

    def _word(self, path: str) -> str:
        """What a scope was written as: a block's name, `head`; else its own name, without its number."""
        if any(head.name == path for head in self.network.heads):
            return "head"
        scope = self.network.scopes.get(path)
        name = path.rpartition(".")[2]
        return scope.word if scope and scope.word not in ("repeat", "for") else name.rstrip("0123456789") or "repeat"

    def _is_series(self, path: str, children: list[tuple[str, range]], leaving: tuple[str, ...]) -> bool:
        """Whether these are repetitions that read the one before each, and all the same values besides."""
        names = [child for child, _ in children]
        if names != [f"{path}.{number}" for number in range(len(names))] or self.flow.position.keys() & set(names):
            return False
        entering = [self.flow.entering(inside) for _, inside in children]
        outs = [self.flow.leaving(inside) for _, inside in children]
        passed = outs[:-1] == [values[:1] for values in entering[1:]]
        others = all(values[1:] == entering[0][1:] for values in entering)
        return passed and others and len(leaving) == 1 and leaving == outs[-1]


def _with_activations(items: list[Item]) -> tuple[Item, ...]:
    """The parts, with one name for all functions that could stand in each other's place: `relu1`, `silu1`."""
    names = [_as_activation(item) for item in items]
    times = Counter(names)
    return tuple(
        replace(item, name=name, owner=name) if times[name] == 1 and item.is_owner else item
        for item, name in zip(items, names, strict=True)
    )


def _as_activation(item: Item) -> str:
    if not isinstance(item.content, Leaf) or not all(call.is_activation for call in item.content.calls):
        return item.name
    before, kind, after = item.name.rpartition(item.content.node.kind)
    return f"{before}activation{after}" if kind else item.name
