"""Which scopes can be modules of their own: their nodes stand together, and weights are shared by whole scopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from specnet.backends.torch_source.flow import Flow


@dataclass(frozen=True)
class Sharing:
    """Scopes that cannot or need not be modules, and those that use another scope's weights as a whole."""

    loose: frozenset[str]
    twins: Mapping[str, str]

    def child(self, path: str, name: str) -> str:
        """The scope right below a path that holds the node and is a module of its own; else the node itself."""
        return next((s for s in _above(name) if len(s) > len(path) and s not in self.loose), name)


def sharing(flow: Flow) -> Sharing:
    members: dict[str, list[int]] = {}
    for position, node in enumerate(flow.nodes):
        for scope in _above(node.name):
            members.setdefault(scope, []).append(position)
    twins = {scope: twin for scope in members if (twin := _twin(flow, members, scope))}
    stateless = {s for s, at in members.items() if not any(flow.has_module(flow.nodes[position]) for position in at)}
    plain = {s for s in stateless if not s.rpartition(".")[2].isdigit() or s.rpartition(".")[0] in stateless}
    scattered = {scope for scope, positions in members.items() if positions[-1] - positions[0] >= len(positions)}
    return Sharing(_loose(flow, twins, plain | scattered | (flow.position.keys() & members.keys())), twins)


def _above(name: str) -> Iterator[str]:
    """The dotted names above a node, outermost first."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def _loose(flow: Flow, twins: Mapping[str, str], loose: set[str]) -> frozenset[str]:
    """Adds the scopes that share weights with others, but not as a whole."""
    before = -1
    while before != len(loose):
        before = len(loose)
        for node in flow.nodes:
            if node.shares and flow.has_module(node):
                mine = [scope for scope in _above(node.name) if not node.shares.startswith(f"{scope}.")]
                theirs = [scope for scope in _above(node.shares) if not node.name.startswith(f"{scope}.")]
                if not _is_whole(mine[:1], theirs[:1], twins, loose):
                    loose |= {*mine, *theirs}
    return frozenset(loose)


def _is_whole(mine: list[str], theirs: list[str], twins: Mapping[str, str], loose: set[str]) -> bool:
    """Whether two nodes, or the outermost scopes in which they differ, can be one module that is called twice."""
    if not mine and not theirs:
        return True
    repeated = any(scope.rpartition(".")[2].isdigit() for scope in mine + theirs)
    return not repeated and not loose.intersection(mine + theirs) and [twins.get(scope) for scope in mine] == theirs


def _twin(flow: Flow, members: Mapping[str, list[int]], scope: str) -> str | None:
    """The scope whose nodes have the weights of this one's nodes, one by one, and are called alike."""
    sharing = [node for position in members[scope] if flow.has_module(node := flow.nodes[position])]
    if not sharing or not (sharing[0].shares or "").endswith(sharing[0].name[len(scope) :]):
        return None
    twin = (sharing[0].shares or "").removesuffix(sharing[0].name[len(scope) :])
    shared = all(node.shares == twin + node.name[len(scope) :] for node in sharing)
    if not shared or twin not in members:
        return None
    return twin if _content(flow, scope, members[scope]) == _content(flow, twin, members[twin]) else None


def _content(flow: Flow, scope: str, members: list[int]) -> object:
    """What the nodes of a scope do, without the scope's name and the names of the values from outside."""
    positions = range(members[0], members[-1] + 1)
    references: dict[str, object] = {value: number for number, value in enumerate(flow.entering(positions))}
    content = list[object]()
    for node in flow.nodes[positions.start : positions.stop]:
        references[node.name] = node.name[len(scope) :]
        content.append((references[node.name], flow.called[node.name], [references[v] for v in node.inputs]))
    return content, [references[value] for value in flow.leaving(positions)]
