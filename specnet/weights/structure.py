"""The layers of a network that have tensors, in the order of the spec, with the arms between a fork and its join."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import fx, nn

from specnet.weights.fitting import Shape
from specnet.weights.joins import COMMUTATIVE, START, Joins, Place, list_operands

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
    alike: tuple[int, ...]
    """The first of the arms that compute the same as this one, so that the join gives the same if they are swapped."""
    is_ordered: bool
    """Whether the order of the arms is part of what the join computes, as that of `concat` is."""
    pools: tuple[bool, ...]
    """Whether an arm pools, which the names of its layers may say: `branch_pool` of Inception."""

    def list_next(self, used: Collection[int]) -> Iterator[int]:
        """Yield the arms that may come next; of those that are alike, the first."""
        free = [number for number in range(len(self.arms)) if number not in used]
        yield from {self.alike[number]: number for number in reversed(free)}.values()


Item = NetworkLayer | Fork


def find_items(module: nn.Module) -> tuple[Item, ...]:
    """Return the layers and forks of a network; a module that is no graph is taken as a chain."""
    if isinstance(module, fx.GraphModule):
        return _Walk(module).find_items()
    return tuple(_describe_parts("", module))


def list_in_order(module: nn.Module, layers: Sequence[NetworkLayer]) -> tuple[NetworkLayer, ...]:
    """Return the layers in the order in which the module computes them, which is that of the spec."""
    names = [str(node.target) for node in module.graph.nodes] if isinstance(module, fx.GraphModule) else []
    places = {name: place for place, name in reversed([*enumerate(names)])}
    return tuple(sorted(layers, key=lambda layer: places.get(layer.name, len(places))))


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
        self._joins = Joins(module)
        self._seen: set[str] = set()

    def find_items(self) -> tuple[Item, ...]:
        output = next(node for node in self._module.graph.nodes if node.op == "output")
        return tuple(self._collect(output, START))

    def _collect(self, node: Place, top: Place) -> list[Item]:
        """Return the items behind `top` up to and with `node`."""
        steps: list[tuple[fx.Node, Place]] = []
        while node != top:
            assert isinstance(node, fx.Node)
            sources = list_operands(node)
            above = sources[0] if len(sources) == 1 else self._joins.find_fork(node)
            steps.append((node, above))
            node = above
        return [item for node, above in reversed(steps) for item in self._describe_step(node, above)]

    def _describe_step(self, node: fx.Node, above: Place) -> Iterator[Item]:
        if len(list_operands(node)) > 1:
            yield from self._describe_arms(node, above)
        yield from self._describe_layer(node)

    def _describe_layer(self, node: fx.Node) -> Iterator[Item]:
        if node.op == "call_module" and node.target not in self._seen:
            self._seen.add(str(node.target))
            yield from _describe_parts(str(node.target), self._module.get_submodule(str(node.target)))

    def _describe_arms(self, join: fx.Node, above: Place) -> Iterator[Item]:
        if not self._joins.are_apart(join):
            yield from self._describe_streams(set().union(*self._joins.find_arms(join)))
            return
        sources, _ = self._joins.unfold(join)
        found = {source: arm for source in sources if (arm := tuple(self._collect(source, above)))}
        if len(found) > 1:
            computed = [self._joins.describe_computation(source, above) for source in found]
            is_ordered = join.target not in COMMUTATIVE
            swaps = [*range(len(found))] if is_ordered else computed
            pools = tuple(self._joins.has_pool(source, above) for source in found)
            yield Fork(tuple(found.values()), tuple(map(swaps.index, swaps)), is_ordered, pools)
        else:
            for arm in found.values():
                yield from arm

    def _describe_streams(self, nodes: set[fx.Node]) -> Iterator[Item]:
        """Yield the items of arms that exchange values, in the order of the spec, since no arm is stored as a whole."""
        joins = {node for node in nodes if len(list_operands(node)) > 1 and self._joins.are_apart(node)}
        within = {each for join in joins for arm in self._joins.find_arms(join) for each in arm}
        within |= {call for join in joins for call in self._joins.unfold(join)[1] if call is not join}
        for node in self._module.graph.nodes:
            if node in joins - within:
                yield from self._describe_step(node, self._joins.find_fork(node))
            elif node in nodes - within:
                yield from self._describe_layer(node)
