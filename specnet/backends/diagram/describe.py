"""Describe a checked network as a diagram: what stands in each box, on each edge and in the title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from specnet.analyses.cost import format_count
from specnet.backends.diagram.errors import ErrorPlaces, locate_errors
from specnet.backends.diagram.folding import Flow, FoldedNetwork, Group, fold_network, shorten_name
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State, Terminal
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.layers import get_layer_class
from specnet.layers.base import Family, Shape, format_shape
from specnet.printer.scopes import Scopes, round_fractions
from specnet.printer.values import format_layer

SHARE = 0.1
"""The share of all parameters from which a box shows the number of its own."""

MOST_IN_TOOLTIP = 30
"""The largest number of layers in the tooltip of a box."""


def describe_network(checked: Checked, depth: int | None = None) -> Diagram:
    """Describe a network, sound or not, with blocks and repetitions opened `depth` deep, None for all.

    Raises ValueError for a negative depth.
    """
    if depth is not None and depth < 0:
        raise ValueError(f"scopes cannot be opened {depth} deep")
    describer = Describer(checked)
    folded = fold_network(checked.network, describer.scopes, depth, describer.errors.layers)
    return describer.describe(folded)


class Describer:
    """Describes the groups of layers of one network."""

    def __init__(self, checked: Checked) -> None:
        self.checked = checked
        self.scopes = Scopes(checked.network)
        self.errors: ErrorPlaces = locate_errors(checked)

    def describe(self, folded: FoldedNetwork) -> Diagram:
        """Return the diagram of a folded network."""
        network, totals = self.checked.network, self.checked.totals
        around = {inner: scope for scope, contents in folded.contents.items() for inner in contents}
        return Diagram(
            network.name or "network",
            network.description,
            f"{totals.parameters:,} parameters · {format_count(totals.macs)} MACs" if self.checked.ok else "",
            tuple(self.errors.elsewhere),
            tuple(self._describe_inputs()),
            tuple(end for end, _ in self._list_ends()),
            {name: self.describe_group(group, around[name]) for name, group in folded.groups.items()},
            {name: self._describe_scope(folded, name, around[name]) for name in folded.contents if name},
            folded.contents.get("", ()),
            tuple(self._describe_edges(folded)),
        )

    def describe_group(self, group: Group, scope: str) -> Box:
        """Return the box of a group of layers, or of a folded scope, within a scope."""
        first, kind = group.nodes[0], get_layer_class(group.nodes[0].kind)
        facts = self._format_share(group.nodes), self._format_shared(group)
        return Box(
            group.name,
            shorten_name(group.name, scope),
            self.scopes.format_call(group.name) if group.is_folded else format_node(first),
            kind.family if kind and not group.is_folded else None,
            self._find_worst_state(group.nodes) if group.is_folded else self._get_state(first),
            tuple(fact for fact in facts if fact),
            tuple(self._list_messages(group)),
            tuple(self._count_kinds(group) if group.is_folded else map(self._describe_part, group.nodes[1:])),
            tuple(_list_tooltip(group.nodes)),
            tuple(node.name for node in group.nodes),
            group.is_folded,
        )

    # Boxes and scopes

    def _describe_scope(self, folded: FoldedNetwork, name: str, scope: str) -> Scope:
        return Scope(name, shorten_name(name, scope), self.scopes.format_call(name), folded.contents[name])

    def _get_state(self, node: Node) -> State:
        if node.name in self.errors.layers:
            return State.FAULT
        return State.SOUND if get_layer_class(node.kind) and node.output is not None else State.BEHIND

    def _find_worst_state(self, nodes: Iterable[Node]) -> State:
        states = {self._get_state(node) for node in nodes}
        return next((state for state in (State.FAULT, State.BEHIND) if state in states), State.SOUND)

    def _describe_part(self, node: Node) -> Part:
        return Part(format_node(node), _get_family(node), self._get_state(node))

    def _count_kinds(self, group: Group) -> Iterator[Part]:
        """Yield the number of layers of each kind in a folded scope."""
        kinds = Counter((node.kind, _get_family(node), self._get_state(node)) for node in group.nodes)
        for (kind, family, state), count in kinds.items():
            yield Part(f"{count} {kind}" if count > 1 else kind, family, state)

    def _list_messages(self, group: Group) -> Iterator[str]:
        """Yield the messages without the name that the box already shows; a formula has a line of its own."""
        for node in group.nodes:
            message = self.errors.layers.get(node.name, "").removeprefix(f"`{group.name}` ")
            yield from (part for part in message.split(": ", 1) if part)

    def _format_share(self, nodes: Iterable[Node]) -> str:
        """Return `37.8 M parameters, 61 %` where they are many."""
        parameters = sum(self.checked.costs[node.name].parameters for node in nodes if node.name in self.checked.costs)
        total = self.checked.totals.parameters
        if not self.checked.ok or not total or parameters < SHARE * total:
            return ""
        return f"{_format_amount(parameters)} parameters, {100 * parameters / total:.0f} %"

    def _format_shared(self, group: Group) -> str:
        """Return whose weights the layer uses, if they are another's."""
        first = self.checked.costs.get(group.nodes[0].shares or "")
        return f"weights of {group.nodes[0].shares}" if first and first.parameters and not group.is_folded else ""

    # Inputs, ends and edges

    def _describe_inputs(self) -> Iterator[Terminal]:
        for each in self.checked.network.inputs:
            role = "input" if each.name != "input" else ""
            yield Terminal(each.name, each.name, role, _judge_shape(each.shape))

    def _list_ends(self) -> Iterator[tuple[Terminal, str]]:
        """Yield the outputs and heads with their values, under identities with a space, which no layer has."""
        network = self.checked.network
        for value in network.outputs:
            yield Terminal("the output", "output", "", _judge_shape(network.shapes[value])), value
        for head in network.heads:
            role = f"head, weight {head.weight:g}"
            yield Terminal(f"head {head.name}", head.name, role, _judge_shape(network.shapes[head.value])), head.value

    def _describe_edges(self, folded: FoldedNetwork) -> Iterator[Edge]:
        """Yield the edges; the first of each value has its size."""
        labelled = set[str]()
        for flow in folded.flows:
            is_first = flow.value not in labelled
            is_shortcut = not is_first and folded.groups[flow.target].is_join
            yield self._describe_edge(flow, is_first, is_shortcut)
            labelled.add(flow.value)
        for end, value in self._list_ends():
            yield self._describe_edge(Flow(value, folded.sources[value], end.identity, ()), True)
        yield from _find_gaps(folded.groups, {flow.target for flow in folded.flows})

    def _describe_edge(self, flow: Flow, is_first: bool, is_shortcut: bool = False) -> Edge:
        shape, claimed = self.checked.network.shapes[flow.value], self.errors.claims.get(flow.value)
        size = format_shape(shape) if shape else "?"
        if claimed:
            return Edge(*_get_ends(flow), f"{size}, not {claimed} as claimed", State.FAULT, is_shortcut)
        if shape and self.errors.layers.keys() & set(flow.readers):
            return Edge(*_get_ends(flow), size, State.FAULT, is_shortcut)
        return Edge(*_get_ends(flow), size if is_first else "", _judge_shape(shape), is_shortcut)


def _get_ends(flow: Flow) -> tuple[str, str, str]:
    return flow.value, flow.source, flow.target


def _find_gaps(groups: Mapping[str, Group], reached: set[str]) -> Iterator[Edge]:
    """Yield an edge to each box that nothing reaches, as the lines before it could not be read."""
    for before, name in pairwise(groups):
        if name not in reached:
            yield Edge("", before, name, "?", State.FAULT, is_gap=True)


def _judge_shape(shape: Shape | None) -> State:
    return State.SOUND if shape else State.BEHIND


def _get_family(node: Node) -> Family | None:
    kind = get_layer_class(node.kind)
    return kind.family if kind else None


def format_node(node: Node) -> str:
    """Return a layer as a spec writes it, with fractions rounded."""
    return round_fractions(format_layer(node.layer)) if node.layer else node.kind


def _list_tooltip(nodes: tuple[Node, ...]) -> Iterator[str]:
    for node in nodes[:MOST_IN_TOOLTIP]:
        yield f"{node.name}: {format_node(node)} → {format_shape(node.output) if node.output else '?'}"
    if len(nodes) > MOST_IN_TOOLTIP:
        yield f"and {len(nodes) - MOST_IN_TOOLTIP:,} more"


def _format_amount(number: int) -> str:
    """Return a number with a unit: `37.8 M`."""
    for unit_size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit_size:
            return f"{number / unit_size:.3g} {unit}"
    return str(number)
