"""The joins in the graph of a module: which arms each has, what these compute, and whether they are apart."""

from __future__ import annotations

import networkx as nx
import torch
from torch import fx

from specnet.weights.arrangement import POOLING

COMMUTATIVE = (torch.add, torch.mul, torch.maximum)
"""The joins that give the same whatever the order of their arms is."""

START = "start"
"""The node above all inputs."""

Place = fx.Node | str
"""A node of the graph, or the one above all inputs."""


def list_operands(node: fx.Node) -> list[fx.Node]:
    """Return the values that a call reads: what is passed by name is but the size of another one."""
    return [each for each in node.all_input_nodes if each not in node.kwargs.values()]


def _is_size(node: fx.Node) -> bool:
    """Whether a node is the size of a value, which others are brought to."""
    return any(node in user.kwargs.values() for user in node.users)


class Joins:
    """Answers questions about the joins of a module."""

    def __init__(self, module: fx.GraphModule) -> None:
        self._module = module
        graph = nx.DiGraph((source, node) for node in module.graph.nodes for source in list_operands(node))
        graph.add_edges_from((START, node) for node in module.graph.nodes if node.op == "placeholder")
        self._dominators = nx.immediate_dominators(graph, START)
        self._places = {node: place for place, node in enumerate(module.graph.nodes)}

    def find_fork(self, join: fx.Node) -> Place:
        """Return the last node that all inputs of a join depend on."""
        return self._dominators[join]  # type: ignore[no-any-return]

    def are_apart(self, join: fx.Node) -> bool:
        """Whether no two arms of a join have a node in common, and nothing but the join reads what is in them."""
        arms, (_, calls) = self.find_arms(join), self.unfold(join)
        read_by = ((user, arm) for arm in arms for node in arm for user in node.users if not _is_size(user))
        is_closed = all(user in calls or user in arm for user, arm in read_by)
        return is_closed and sum(map(len, arms)) == len(set().union(*arms))

    def find_arms(self, join: fx.Node) -> list[set[fx.Node]]:
        """Return the nodes of each arm, between the last node that all arms depend on and the join."""
        above = self.find_fork(join)
        return [_find_between(source, above) for source in self.unfold(join)[0]]

    def unfold(self, join: fx.Node) -> tuple[list[fx.Node], set[fx.Node]]:
        """Return the values that are joined, and the calls of torch, which adds two of them at a time."""
        sources, calls, waiting = list[fx.Node](), {join}, [*list_operands(join)]
        while waiting:
            source = waiting.pop(0)
            if self._goes_on(source, join):
                calls.add(source)
                waiting[:0] = list_operands(source)
            else:
                sources.append(source)
        return sources, calls

    def _goes_on(self, call: fx.Node, join: fx.Node) -> bool:
        """Whether a call joins some of the arms that another call joins with more."""
        is_same = call.target == join.target in COMMUTATIVE and len(list_operands(call)) > 1
        return is_same and len(call.users) == 1 and self._dominators[call] == self.find_fork(join)

    def describe_computation(self, source: fx.Node, above: Place) -> object:
        """Return what an arm computes, whatever its weights are: equal for equal arms."""
        nodes = sorted(_find_between(source, above), key=self._places.__getitem__)
        names = {node: number for number, node in enumerate(nodes)}
        return [
            (self._describe_call(node), repr(fx.map_arg(node.args, lambda each: names.get(each)))) for node in nodes
        ]

    def has_pool(self, source: fx.Node, above: Place) -> bool:
        """Whether an arm pools anything."""
        return any(POOLING.search(self._name_call(node)) for node in _find_between(source, above))

    def _name_call(self, node: fx.Node) -> str:
        """Return the class of a module or the name of a function: `AvgPool2d`, `max_pool2d`."""
        called = type(self._module.get_submodule(str(node.target))) if node.op == "call_module" else node.target
        return str(getattr(called, "__name__", called))

    def _describe_call(self, node: fx.Node) -> str:
        called = self._module.get_submodule(str(node.target)) if node.op == "call_module" else node.target
        return f"{called} {fx.map_arg(node.kwargs, lambda _: None)}"


def _find_between(node: fx.Node, above: Place) -> set[fx.Node]:
    """Return a node and what it depends on, as far as the node `above`, which is left out."""
    found, waiting = set[fx.Node](), [node]
    while waiting:
        each = waiting.pop()
        if each is not above and each not in found:
            found.add(each)
            waiting.extend(list_operands(each))
    return found
