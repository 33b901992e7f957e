"""Network → dataflow → module tree: choose the scopes that become modules, and find their inputs and outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from specnet.backends.source.calls import ConvertNode, SourceCall
from specnet.graph import Network, Node


@dataclass(frozen=True)
class Dataflow:
    """The nodes that compute something, in order, their calls, and the outputs of the network, heads last."""

    nodes: tuple[Node, ...]
    calls: Mapping[str, tuple[SourceCall, ...]]
    outputs: tuple[str, ...]

    @cached_property
    def position(self) -> Mapping[str, int]:
        return {node.name: position for position, node in enumerate(self.nodes)}

    @cached_property
    def last_use(self) -> Mapping[str, int]:
        """The position of the last node that reads a value; for an output, the number of nodes."""
        uses = {value: position for position, node in enumerate(self.nodes) for value in node.inputs}
        return uses | dict.fromkeys(self.outputs, len(self.nodes))

    def has_module(self, node: Node) -> bool:
        """Return whether one of the node's calls is a module, which has weights or buffers."""
        return any(call.is_module for call in self.calls[node.name])

    def inputs_of(self, positions: range) -> tuple[str, ...]:
        """Return the values from outside that the nodes at these positions read."""
        nodes = self.nodes[positions.start : positions.stop]
        inside = {node.name for node in nodes}
        return tuple(dict.fromkeys(value for node in nodes for value in node.inputs if value not in inside))

    def outputs_of(self, positions: range) -> tuple[str, ...]:
        """Return the values of the nodes at these positions that are read after them."""
        nodes = self.nodes[positions.start : positions.stop]
        return tuple(node.name for node in nodes if self.last_use.get(node.name, -1) >= positions.stop)


def trace_dataflow(network: Network, convert: ConvertNode) -> Dataflow:
    """Return the network without its identities. Raises ValueError if it has no layers or was checked with errors.

    A value that gives a height and width alone is read only where one of the calls asks for it.
    """
    if not network.outputs:
        raise ValueError("there are no layers to write a module of")
    alias: dict[str, str] = {}
    nodes, calls = list[Node](), dict[str, tuple[SourceCall, ...]]()
    for node in network.nodes:
        if node.layer is None or network.input_shapes(node) is None:
            raise ValueError(f"`{node.name}` has an error, or follows one: check the spec first")
        calls[node.name] = convert(node)
        asks_size = any(call.joins == "size" for call in calls[node.name])
        inputs = tuple(alias.get(value, value) for value in (node.inputs if asks_size else node.operands))
        if calls[node.name]:
            nodes.append(replace(node, inputs=inputs))
        else:
            alias[node.name] = inputs[0]
    outputs = (*network.outputs, *(head.value for head in network.heads))
    return Dataflow(tuple(nodes), calls, tuple(alias.get(value, value) for value in outputs))


# Which scopes are modules


@dataclass(frozen=True)
class ScopeRoles:
    """The scopes that are not modules of their own, and those that share all the weights of another scope."""

    dissolved: frozenset[str]
    shares: Mapping[str, str]

    def child(self, path: str, name: str) -> str:
        """Return the outermost module below a path that holds the node, or the node if no module does."""
        return next((s for s in _list_scopes(name) if len(s) > len(path) and s not in self.dissolved), name)


def assign_roles(flow: Dataflow) -> ScopeRoles:
    """Make a scope a module if it has weights, its nodes are consecutive, and it shares its weights as a whole."""
    members: dict[str, list[int]] = {}
    for position, node in enumerate(flow.nodes):
        for scope in _list_scopes(node.name):
            members.setdefault(scope, []).append(position)
    shares = {scope: owner for scope in members if (owner := _find_weight_owner(flow, members, scope))}
    stateless = {s for s, at in members.items() if not any(flow.has_module(flow.nodes[position]) for position in at)}
    plain = {s for s in stateless if not s.rpartition(".")[2].isdigit() or s.rpartition(".")[0] in stateless}
    scattered = {scope for scope, positions in members.items() if positions[-1] - positions[0] >= len(positions)}
    dissolved = plain | scattered | (flow.position.keys() & members.keys())
    return ScopeRoles(_add_partly_shared(flow, shares, dissolved), shares)


def _list_scopes(name: str) -> Iterator[str]:
    """Yield the dotted names above a node, outermost first."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def _add_partly_shared(flow: Dataflow, shares: Mapping[str, str], dissolved: set[str]) -> frozenset[str]:
    """Return the dissolved scopes, and those that share weights with others, but not as a whole."""
    before = -1
    while before != len(dissolved):
        before = len(dissolved)
        for node in flow.nodes:
            if node.shares and flow.has_module(node):
                own = [scope for scope in _list_scopes(node.name) if not node.shares.startswith(f"{scope}.")]
                shared = [scope for scope in _list_scopes(node.shares) if not node.name.startswith(f"{scope}.")]
                if not _is_one_module(own[:1], shared[:1], shares, dissolved):
                    dissolved |= {*own, *shared}
    return frozenset(dissolved)


def _is_one_module(own: list[str], shared: list[str], shares: Mapping[str, str], dissolved: set[str]) -> bool:
    """Return whether two nodes, or the outermost scopes in which they differ, can be one module called twice."""
    if not own and not shared:
        return True
    repeated = any(scope.rpartition(".")[2].isdigit() for scope in own + shared)
    return not repeated and not dissolved.intersection(own + shared) and [shares.get(scope) for scope in own] == shared


def _find_weight_owner(flow: Dataflow, members: Mapping[str, list[int]], scope: str) -> str | None:
    """Return the scope of the same content whose weights all nodes of this scope use, node by node."""
    sharing = [node for position in members[scope] if flow.has_module(node := flow.nodes[position])]
    if not sharing or not (sharing[0].shares or "").endswith(sharing[0].name[len(scope) :]):
        return None
    owner = (sharing[0].shares or "").removesuffix(sharing[0].name[len(scope) :])
    shared = all(node.shares == owner + node.name[len(scope) :] for node in sharing)
    if not shared or owner not in members:
        return None
    return owner if _find_content(flow, scope, members[scope]) == _find_content(flow, owner, members[owner]) else None


def _find_content(flow: Dataflow, scope: str, members: list[int]) -> object:
    """Return the calls of a scope's nodes, independent of its name and of the names of values from outside."""
    positions = range(members[0], members[-1] + 1)
    references: dict[str, object] = {value: number for number, value in enumerate(flow.inputs_of(positions))}
    content = list[object]()
    for node in flow.nodes[positions.start : positions.stop]:
        references[node.name] = node.name[len(scope) :]
        content.append((references[node.name], flow.calls[node.name], [references[v] for v in node.inputs]))
    return content, [references[value] for value in flow.outputs_of(positions)]


# The tree


@dataclass(frozen=True)
class Leaf:
    """A node and its calls."""

    node: Node
    calls: tuple[SourceCall, ...]


@dataclass(frozen=True)
class Module:
    """A scope that becomes a module: the values it reads from outside, its children, its values read outside."""

    path: str
    word: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    children: tuple[Child, ...]


@dataclass(frozen=True)
class Stack:
    """Numbered modules: nn.Sequential if each reads the one before and nothing else, or else nn.ModuleList.

    The first `carried` inputs of each are the outputs of the one before; without any, the modules stand side by side,
    read the same values, and give one each.
    """

    modules: tuple[Module, ...]
    carried: int = 1

    @property
    def is_sequential(self) -> bool:
        """Whether it can be called as a whole."""
        return self.carried == 1 == len(self.modules[0].inputs)


@dataclass(frozen=True)
class Child:
    """A child of a module: its name there, its inputs and outputs, the child whose weights it uses (mostly itself)."""

    name: str
    content: Leaf | Module | Stack
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    owner: str

    @property
    def is_owner(self) -> bool:
        return self.owner == self.name


def build_module_tree(network: Network, flow: Dataflow) -> Module:
    """Return the network as a tree of modules."""
    return _TreeBuilder(network, flow).root()


class _TreeBuilder:
    """Builds the modules of a network from the outermost scope inwards."""

    def __init__(self, network: Network, flow: Dataflow) -> None:
        self.network, self.flow, self.roles = network, flow, assign_roles(flow)

    def root(self) -> Module:
        inputs = tuple(i.name for i in self.network.inputs)
        children = tuple(self._children("", range(len(self.flow.nodes))))
        return Module("", self.network.name, inputs, self.flow.outputs, children)

    def _ranges(self, path: str, positions: range) -> list[tuple[str, range]]:
        """Return the scopes and nodes directly below a path, with the positions of their nodes."""
        groups = groupby(positions, lambda position: self.roles.child(path, self.flow.nodes[position].name))
        found = [(child, list(inside)) for child, inside in groups]
        return [(child, range(inside[0], inside[-1] + 1)) for child, inside in found]

    def _children(self, path: str, positions: range) -> Iterator[Child]:
        for name, inside in self._ranges(path, positions):
            child = self._leaf(name) if name in self.flow.position else self._scope(name, inside)
            prefix = f"{path}." if path else ""
            yield replace(child, name=child.name.removeprefix(prefix), owner=child.owner.removeprefix(prefix))

    def _leaf(self, name: str) -> Child:
        node = self.flow.nodes[self.flow.position[name]]
        owner = node.shares if node.shares and self.flow.has_module(node) else name
        return Child(name, Leaf(node, self.flow.calls[name]), node.inputs, (name,), owner)

    def _scope(self, path: str, positions: range) -> Child:
        ranges = self._ranges(path, positions)
        outputs = self.flow.outputs_of(positions)
        owner = self.roles.shares.get(path, path)
        if stack := self._find_stack(path, ranges, outputs):
            ends = stack.modules if not stack.carried else stack.modules[-1:]
            outputs = tuple(value for module in ends for value in module.outputs)
            return Child(path, stack, stack.modules[0].inputs, outputs, owner)
        return Child(path, self._module(path, positions), self.flow.inputs_of(positions), outputs, owner)

    def _module(self, path: str, positions: range) -> Module:
        children = _rename_activations(list(self._children(path, positions)))
        inputs, outputs = self.flow.inputs_of(positions), self.flow.outputs_of(positions)
        return Module(path, self._word(path), inputs, outputs, children)

    def _word(self, path: str) -> str:
        """Return the block that a scope calls, `repeat`, `head`, or else its own name without its number."""
        if any(head.name == path for head in self.network.heads):
            return "head"
        scope = self.network.scopes.get(path)
        name = path.rpartition(".")[2]
        return scope.word if scope and scope.word not in ("repeat", "for") else name.rstrip("0123456789") or "repeat"

    def _find_stack(self, path: str, ranges: list[tuple[str, range]], outputs: tuple[str, ...]) -> Stack | None:
        """Return the modules of numbered scopes if they read one another in a row, or stand side by side."""
        names = [name for name, _ in ranges]
        if names != [f"{path}.{number}" for number in range(len(names))] or self.flow.position.keys() & set(names):
            return None
        inputs_of_each = [self.flow.inputs_of(inside) for _, inside in ranges]
        outputs_of_each = [self.flow.outputs_of(inside) for _, inside in ranges]
        if _are_side_by_side(inputs_of_each, outputs_of_each):
            return Stack(tuple(self._module(name, inside) for name, inside in ranges), carried=0)
        carried = _find_carried(inputs_of_each, outputs_of_each)
        if carried is None:
            return None
        inputs_of_each = [_move_to_front(carried, inputs) for inputs in inputs_of_each]
        outputs_of_each = [inputs[: len(carried)] for inputs in inputs_of_each[1:]]
        last = self._find_last_outputs(names, outputs_of_each, outputs)
        if last is None:
            return None
        modules = zip(ranges, inputs_of_each, (*outputs_of_each, last), strict=True)
        return Stack(
            tuple(replace(self._module(name, inside), inputs=i, outputs=o) for (name, inside), i, o in modules),
            len(carried),
        )

    def _find_last_outputs(
        self, names: list[str], outputs_of_each: list[tuple[str, ...]], outputs: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        """Return the outputs of the last module of a row: those named as in the one before, whether read or not."""
        if len(names) < 2 or len(outputs_of_each[-1]) == 1:
            return outputs if len(outputs) == 1 else None
        before, last = names[-2:]
        alike = tuple(last + value.removeprefix(before) for value in outputs_of_each[-1])
        return alike if set(outputs) <= set(alike) <= self.flow.position.keys() else None


def _are_side_by_side(inputs_of_each: list[tuple[str, ...]], outputs_of_each: list[tuple[str, ...]]) -> bool:
    """Return whether modules read the same values, and give one each."""
    return len(inputs_of_each) > 1 == len(set(inputs_of_each)) and all(len(outputs) == 1 for outputs in outputs_of_each)


def _find_carried(
    inputs_of_each: list[tuple[str, ...]], outputs_of_each: list[tuple[str, ...]]
) -> tuple[int, ...] | None:
    """Return the places of the inputs that each module reads from the one before; None if they differ.

    The other inputs must be the same everywhere. A single module is a row in which the first input is carried.
    """
    if len(inputs_of_each) == 1:
        return (0,)
    carried = tuple(place for place, value in enumerate(inputs_of_each[1]) if value in outputs_of_each[0])
    others = {_leave_out(carried, inputs) for inputs in inputs_of_each}
    if len(others) > 1 or len({len(inputs) for inputs in inputs_of_each}) > 1 or not carried:
        return None
    chained = (
        {inputs[place] for place in carried} == set(outputs)
        for inputs, outputs in zip(inputs_of_each[1:], outputs_of_each[:-1], strict=True)
    )
    return carried if all(chained) else None


def _leave_out(places: tuple[int, ...], values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value for place, value in enumerate(values) if place not in places)


def _move_to_front(places: tuple[int, ...], values: tuple[str, ...]) -> tuple[str, ...]:
    return (*(values[place] for place in places), *_leave_out(places, values))


def _rename_activations(children: list[Child]) -> tuple[Child, ...]:
    """Return the children, with one name for all functions that can take each other's place: `relu1`, `silu1`."""
    names = [_make_activation_name(child) for child in children]
    times = Counter(names)
    return tuple(
        replace(child, name=name, owner=name) if times[name] == 1 and child.is_owner else child
        for child, name in zip(children, names, strict=True)
    )


def _make_activation_name(child: Child) -> str:
    if not isinstance(child.content, Leaf) or not all(call.is_activation for call in child.content.calls):
        return child.name
    before, kind, after = child.name.rpartition(child.content.node.kind)
    return f"{before}activation{after}" if kind else child.name
