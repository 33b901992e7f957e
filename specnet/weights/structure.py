"""The layers of a network that have tensors, in the order of the spec, with the arms between a fork and its join."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import torch
from torch import Tensor, fx, nn

from specnet.weights.fitting import Shape

STATISTICS = ("running_mean", "running_var")


@dataclass(frozen=True)
class NetworkLayer:
    """A layer with its tensors' shapes by their names in torch, without counters."""

    name: str
    shapes: Mapping[str, Shape]


@dataclass(frozen=True)
class Fork:
    """The layers of arms that read the same value and are joined later; each arm has some."""

    arms: tuple[tuple[Item, ...], ...]


Item = NetworkLayer | Fork


def find_items(module: nn.Module) -> tuple[Item, ...]:
    """Return the layers and forks of a network; a module that is no graph is taken as a chain."""
    if isinstance(module, fx.GraphModule):
        return _Walk(module).find_items()
    return tuple(_describe_parts("", module))


def flatten_items(items: Sequence[Item]) -> Iterator[NetworkLayer]:
    """Yield the layers in order, those of forks arm by arm."""
    for item in items:
        if isinstance(item, NetworkLayer):
            yield item
        else:
            for arm in item.arms:
                yield from flatten_items(arm)


def _describe_parts(name: str, module: nn.Module) -> Iterator[NetworkLayer]:
    """Yield a module and those within it, which the module of a plugin may have, as far as they have tensors."""
    for inner, part in module.named_modules(prefix=name):
        if layer := _describe(inner, part):
            yield layer


def _describe(name: str, part: nn.Module) -> NetworkLayer | None:
    """Return a module as a layer, or None if it has no parameters of its own."""
    learned = {role: tuple(tensor.shape) for role, tensor in part.named_parameters(recurse=False)}
    kept = {role: tuple(tensor.shape) for role, tensor in part.named_buffers(recurse=False) if role in STATISTICS}
    return NetworkLayer(name, learned | kept) if learned or kept else None


class _Walk:
    """Follows the graph of a module upward from its output."""

    def __init__(self, module: fx.GraphModule) -> None:
        self._module = module
        self._graph = nx.DiGraph((source, node) for node in module.graph.nodes for source in node.all_input_nodes)
        inputs = [node for node in module.graph.nodes if node.op == "placeholder"]
        self._graph.add_edges_from(("start", node) for node in inputs)
        self._dominators = nx.immediate_dominators(self._graph, "start")
        self._seen: set[str] = set()

    def find_items(self) -> tuple[Item, ...]:
        output = next(node for node in self._module.graph.nodes if node.op == "output")
        return tuple(self._collect(output, "start"))

    def _collect(self, node: fx.Node | str, top: fx.Node | str) -> list[Item]:
        """Return the items behind `top` up to and with `node`."""
        steps: list[tuple[fx.Node, fx.Node | str]] = []
        while node != top:
            assert isinstance(node, fx.Node)
            sources = node.all_input_nodes
            above = sources[0] if len(sources) == 1 else self._dominators[node]
            steps.append((node, above))
            node = above
        return [item for node, above in reversed(steps) for item in self._describe_step(node, above)]

    def _describe_step(self, node: fx.Node, above: fx.Node | str) -> Iterator[Item]:
        if len(node.all_input_nodes) > 1:
            yield from self._describe_arms(node, above)
        yield from self._describe_layer(node)

    def _describe_layer(self, node: fx.Node) -> Iterator[Item]:
        if node.op == "call_module" and node.target not in self._seen:
            self._seen.add(str(node.target))
            yield from _describe_parts(str(node.target), self._module.get_submodule(str(node.target)))

    def _describe_arms(self, node: fx.Node, above: fx.Node | str) -> Iterator[Item]:
        if self._are_apart(node):
            arms = [tuple(self._collect(source, above)) for source in node.all_input_nodes]
            arms = [arm for arm in arms if arm]
            if len(arms) > 1:
                yield Fork(tuple(arms))
            elif arms:
                yield from arms[0]
        else:
            yield from self._describe_streams(set().union(*self._find_arms(node)))

    def _describe_streams(self, nodes: set[fx.Node]) -> Iterator[Item]:
        """Yield the items of arms that exchange values, in the order of the spec, since no arm is stored as a whole."""
        joins = {node for node in nodes if len(node.all_input_nodes) > 1 and self._are_apart(node)}
        within = {each for join in joins for arm in self._find_arms(join) for each in arm}
        for node in self._module.graph.nodes:
            if node in joins - within:
                yield from self._describe_step(node, self._dominators[node])
            elif node in nodes - within:
                yield from self._describe_layer(node)

    def _are_apart(self, join: fx.Node) -> bool:
        """Whether no two arms of a join have a node in common, and nothing but the join reads what is in them."""
        arms = self._find_arms(join)
        read_by = ((user, arm) for arm in arms for node in arm for user in node.users)
        is_closed = all(user is join or user in arm for user, arm in read_by)
        return is_closed and sum(map(len, arms)) == len(set().union(*arms))

    def _find_arms(self, join: fx.Node) -> list[set[fx.Node]]:
        """Return the nodes of each arm, between the last node that all arms depend on and the join."""
        above = self._dominators[join]
        return [_find_between(source, above) for source in join.all_input_nodes]


def _find_between(node: fx.Node, above: fx.Node | str) -> set[fx.Node]:
    """Return a node and what it depends on, as far as the node `above`, which is left out."""
    found, waiting = set[fx.Node](), [node]
    while waiting:
        each = waiting.pop()
        if each is not above and each not in found:
            found.add(each)
            waiting.extend(each.all_input_nodes)
    return found


def find_flattened(module: nn.Module, input_shape: Shape) -> dict[str, Shape]:
    """Return the C×H×W of the map that each layer reads as one vector, by the layers' names, for an input of H×W×C.

    Only a Linear and what is between it and the map are there, and only for maps of several positions.
    """
    if not isinstance(module, fx.GraphModule) or len(input_shape) != 3:
        return {}
    shapes = _Shapes(_copy_without_values(module))
    height, width, channels = input_shape
    shapes.run(torch.empty(1, channels, height, width, device="meta"))
    return shapes.flattened


def _copy_without_values(module: fx.GraphModule) -> fx.GraphModule:
    """Return a copy in evaluation mode whose tensors have shapes alone."""
    memo: dict[int, Tensor] = {id(value): nn.Parameter(value.to("meta")) for value in module.parameters()}
    memo |= {id(value): value.to("meta") for value in module.buffers()}
    return copy.deepcopy(module, memo).eval()


class _Shapes(fx.Interpreter):
    """Runs a module and notes which layers read vectors that are made of maps."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.flattened: dict[str, Shape] = {}
        self._maps: dict[fx.Node, Shape] = {}

    def run_node(self, n: fx.Node) -> object:
        value = super().run_node(n)
        sources = n.all_input_nodes
        if len(sources) == 1 and isinstance(value, Tensor) and value.ndim == 2:
            before = self.env.get(sources[0])
            if isinstance(before, Tensor) and before.ndim == 4:
                self._maps[n] = tuple(before.shape[1:])
            elif sources[0] in self._maps:
                self._note_reader(n, self._maps[sources[0]])
        return value

    def _note_reader(self, n: fx.Node, shape: Shape) -> None:
        """Note a module that reads a flattened map; what is no Linear passes the order of its values on."""
        if n.op == "call_module" and shape[1] * shape[2] > 1:
            self.flattened[str(n.target)] = shape
        if not (n.op == "call_module" and isinstance(self.submodules.get(str(n.target)), nn.Linear)):
            self._maps[n] = shape
