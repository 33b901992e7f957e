"""Describe a checked network as a diagram: what stands in each box, on each edge and in the title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import pairwise
from math import prod

from specnet.analyses.cost import format_count
from specnet.analyses.pairing import format_unnamed
from specnet.backends.diagram.errors import ErrorPlaces, locate_errors
from specnet.backends.diagram.folding import Flow, FoldedNetwork, Group, fold_network, shorten_name
from specnet.backends.diagram.heat import Heat
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State, Terminal
from specnet.backends.diagram.ranges import format_shape_range, format_with_unit, join_names, join_texts
from specnet.backends.diagram.repetitions import collapse_runs
from specnet.backends.diagram.steps import unfold_steps
from specnet.backends.diagram.tooltips import Tooltips, format_node
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.layers import get_layer_class
from specnet.layers.base import Family, Shape
from specnet.printable import format_amount
from specnet.printer.scopes import Scopes

SHARE = 0.1
"""The share of all parameters from which a box shows the number of its own."""

MANY_ARMS = 3
"""From this number of arms on, they spread to both sides of the main path."""


def describe_network(
    checked: Checked, depth: int | None = None, expand: bool = False, heat: Heat | None = None
) -> Diagram:
    """Describe a network, sound or not, with blocks and repetitions opened `depth` deep, None for all.

    One level deeper than the layer stands, its steps are drawn if it has several, unless `heat` colours the layers.
    Alike neighbours are drawn once unless `expand` is set. With `heat`, boxes show their share of an amount. Raises
    ValueError for a negative depth.
    """
    if depth is not None and depth < 0:
        raise ValueError(f"scopes cannot be opened {depth} deep")
    scopes, errors = Scopes(checked.network), locate_errors(checked)
    folded = fold_network(checked.network, scopes, depth, errors.layers)
    if not expand:
        folded = collapse_runs(folded, checked.network, scopes, errors.layers.keys() | errors.claims.keys())
    diagram = Describer(checked, folded, scopes, errors, heat).describe()
    return diagram if depth is None or heat else unfold_steps(diagram, folded, checked.network, scopes, depth)


def summarize(checked: Checked) -> str:
    """Return one sentence about a network's layers, sizes and totals, or its errors."""
    network, totals = checked.network, checked.totals
    start = " and ".join(format_shape_range([each.shape]) for each in network.inputs) or "?"
    end = " and ".join(format_shape_range([network.shapes[value]]) for value in network.outputs) or "?"
    layers = f"A network of {format_amount(len(network.nodes), 'layer')} from {start} to {end}"
    if checked.ok:
        return f"{layers}, with {totals.parameters:,} parameters and {format_count(totals.macs)} MACs."
    return f"{layers}, with {format_amount(len(checked.errors), 'error')}: {checked.errors[0].message}."


class Describer:
    """Describes the boxes, scopes and edges of a folded network."""

    def __init__(
        self,
        checked: Checked,
        folded: FoldedNetwork,
        scopes: Scopes,
        errors: ErrorPlaces,
        heat: Heat | None = None,
    ) -> None:
        self.checked, self.folded = checked, folded
        self.scopes, self.errors, self.heat = scopes, errors, heat
        self.tooltips = Tooltips(checked)
        innermost = {
            scope: self._find_innermost(items) if len(items) > 1 else scope for scope, items in folded.contents.items()
        }
        self.around = {item: innermost[scope] for scope, items in folded.contents.items() for item in items}
        """The innermost scope around each box and scope."""

    def limit_runs(self, runs: Sequence[tuple[str, ...]]) -> Describer:
        """Return a describer for which only these runs are drawn once."""
        limited = copy(self)
        limited.folded = replace(self.folded, runs={run[0]: run for run in runs})
        return limited

    def describe(self) -> Diagram:
        """Return the diagram."""
        network, totals = self.checked.network, self.checked.totals
        boxes = {name: self.describe_group(group) for name, group in self.folded.groups.items()}
        return Diagram(
            network.name or "network",
            network.description,
            f"{totals.parameters:,} parameters · {format_count(totals.macs)} MACs" if self.checked.ok else "",
            tuple(self.errors.elsewhere),
            tuple(self._describe_inputs()),
            tuple(end for end, _ in self._list_ends()),
            boxes,
            {name: self.describe_scope(name) for name in self.folded.contents if name},
            self.folded.contents.get("", ()),
            tuple(self._describe_edges()),
            tuple(self._list_arms()),
            self.heat.legend if self.heat else "",
            max((box.share.part or 0.0 for box in boxes.values() if box.share), default=0.0),
            summarize(self.checked),
        )

    def describe_group(self, group: Group) -> Box:
        """Return the box of a group of layers, or of a folded scope."""
        first, kind = group.nodes[0], get_layer_class(group.nodes[0].kind)
        title, count = self._describe_name(group.name)
        layers = tuple(copy for node in group.nodes for copy in self.folded.list_copies(node.name))
        share = self.heat.find_share(layers) if self.heat else None
        facts = (
            self._format_operation(group),
            share.text if share else self._format_share(layers),
            self._format_shared(group),
        )
        return Box(
            group.name,
            title,
            self._format_call(group.name) if group.is_folded else self._format_node(first),
            kind.family if kind and not group.is_folded else None,
            self._find_worst_state(group.nodes) if group.is_folded else self._get_state(first),
            tuple(fact for fact in facts if fact),
            tuple(self._list_messages(group)),
            tuple(self._count_kinds(group) if group.is_folded else map(self._describe_part, group.nodes[1:])),
            tuple(self.tooltips.list_lines(group.nodes)),
            layers,
            group.is_folded,
            count,
            share,
        )

    def describe_scope(self, name: str) -> Scope:
        """Return an open scope."""
        title, count = self._describe_name(name)
        return Scope(name, title, self._format_call(name), self.folded.contents[name], count)

    # Names and calls

    def _describe_name(self, name: str) -> tuple[str, int]:
        """Return the title of a box or scope within the one around it, and how many alike ones it stands for."""
        runs, around = self.list_runs(name), self.around.get(name, "")
        if not runs:
            return shorten_name(name, around), 1
        parent = _parent(runs[0][0])
        is_whole = len(parent) > len(around) and self.scopes.is_repetition(parent)
        names = (parent,) if is_whole else runs[0]
        return join_names([shorten_name(each, around) for each in names]), prod(map(len, runs))

    def _find_innermost(self, items: Sequence[str]) -> str:
        """Return the innermost scope around all of some boxes and scopes."""
        enclosing = [self.scopes.list_enclosing(item) for item in items]
        common = [scope for scope in enclosing[0] if all(scope in other for other in enclosing)]
        return common[-1] if common else ""

    def list_runs(self, name: str) -> list[tuple[str, ...]]:
        """Return the runs that a box or scope stands for: those of itself and of scopes that are all of another one."""
        inside, around = self.folded.contents.get(name, (name,)), self.around.get(name, "")
        units = [unit for unit in self.scopes.list_enclosing(f"{inside[0]}.") if len(unit) > len(around)]
        whole = [unit for unit in units if all(f"{each}.".startswith(f"{unit}.") for each in inside)]
        return [self.folded.runs[unit] for unit in whole if unit in self.folded.runs and self._is_drawn_as(unit, name)]

    def _is_drawn_as(self, unit: str, name: str) -> bool:
        return unit == name or (unit not in self.folded.contents and unit not in self.folded.groups)

    def _format_call(self, name: str) -> str:
        """Return the call of a scope; for a run, what the calls of its scopes have in common."""
        run = next((run for run in self.list_runs(name) if run[0].startswith(name)), None)
        return self.scopes.format_common_call(run) if run else self.scopes.format_call(name)

    def _format_node(self, node: Node) -> str:
        copies = [self.checked.network.by_name[name] for name in self.folded.list_copies(node.name)]
        if len({copy.like for copy in copies}) > 1:
            return format_unnamed(node)
        return join_texts([format_node(copy) for copy in copies])

    # Boxes and scopes

    def _get_state(self, node: Node) -> State:
        if node.name in self.errors.layers:
            return State.FAULT
        return State.SOUND if get_layer_class(node.kind) and node.output is not None else State.BEHIND

    def _find_worst_state(self, nodes: Iterable[Node]) -> State:
        states = {self._get_state(node) for node in nodes}
        return next((state for state in (State.FAULT, State.BEHIND) if state in states), State.SOUND)

    def _describe_part(self, node: Node) -> Part:
        return Part(self._format_node(node), _get_family(node), self._get_state(node))

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

    def _format_share(self, layers: Collection[str]) -> str:
        """Return `37.8 M parameters, 61 %` where they are many."""
        parameters = sum(self.checked.costs[name].parameters for name in layers if name in self.checked.costs)
        total = self.checked.totals.parameters
        if not self.checked.ok or not total or parameters < SHARE * total:
            return ""
        return f"{format_with_unit(parameters)} parameters, {100 * parameters / total:.0f} %"

    def _format_shared(self, group: Group) -> str:
        """Return whose weights the layer uses, if they are another's."""
        first = self.checked.costs.get(group.nodes[0].shares or "")
        return f"weights of {group.nodes[0].shares}" if first and first.parameters and not group.is_folded else ""

    def _format_operation(self, group: Group) -> str:
        """Return `conv2 − conv3` for a join whose order matters; empty for others, and where both are in one box."""
        layer = None if group.is_folded else group.nodes[0].layer
        sources = {flow.value: flow.source for flow in self.folded.flows if flow.target == group.name}
        if not layer or not layer.operator or len(sources) < 2:
            return ""
        around = self.around.get(group.name, "")
        names = [shorten_name(sources[value], around) for value in group.nodes[0].inputs if value in sources]
        return f" {layer.operator} ".join(names) if len({*sources.values()}) > 1 else ""

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

    def _describe_edges(self) -> Iterator[Edge]:
        """Yield the edges; the first of each value has its size."""
        trunk, labelled = self._find_trunk(), self._find_first_flows()
        for flow in self.folded.flows:
            is_first = labelled[flow.value] is flow
            is_shortcut = not is_first and self.folded.groups[flow.target].is_join
            yield self._describe_edge(flow, is_first, is_shortcut, flow in trunk)
        for end, value in self._list_ends():
            flow = Flow(value, self.folded.sources[value], end.identity, ())
            yield self._describe_edge(flow, True, is_trunk=value in self.checked.network.outputs)
        yield from _find_gaps(self.folded.groups, {flow.target for flow in self.folded.flows})

    def _find_first_flows(self) -> dict[str, Flow]:
        """Return the first edge of each value, into a head only if there is no other."""
        flows = sorted(self.folded.flows, key=lambda flow: self._is_in_head(flow.target))
        return {flow.value: flow for flow in reversed(flows)}

    def _find_trunk(self) -> set[Flow]:
        """Return the first edge of each value and into each box, but where three and more arms part or meet."""
        flows = [flow for flow in self.folded.flows if not self._is_in_head(flow.target)]
        leaving, entering = Counter(flow.value for flow in flows), Counter(flow.target for flow in flows)
        first_out = {flow.value: flow for flow in reversed(flows)}
        first_in = {flow.target: flow for flow in reversed(flows)}
        found = {*first_out.values()} & {*first_in.values()}
        return {flow for flow in found if leaving[flow.value] < MANY_ARMS and entering[flow.target] < MANY_ARMS}

    def _is_in_head(self, name: str) -> bool:
        return any(f"{name}.".startswith(f"{head.name}.") for head in self.checked.network.heads)

    def _list_arms(self) -> Iterator[tuple[str, ...]]:
        """Yield the boxes with one input that read the same value in the same scope."""
        entering = Counter(flow.target for flow in self.folded.flows)
        arms: dict[tuple[str, str], list[str]] = {}
        for flow in self.folded.flows:
            if entering[flow.target] == 1:
                arms.setdefault((flow.value, self.around[flow.target]), []).append(flow.target)
        return (tuple(names) for names in arms.values() if len(names) > 1)

    def _count_left(self, source: str, target: str) -> int:
        """Count the drawn scopes around a box that are not around another one."""
        left = set(self.scopes.list_enclosing(source)) - set(self.scopes.list_enclosing(target))
        return len(left & self.folded.contents.keys())

    def _describe_edge(self, flow: Flow, is_first: bool, is_shortcut: bool = False, is_trunk: bool = False) -> Edge:
        shapes, claimed = self.checked.network.shapes, self.errors.claims.get(flow.value)
        size = format_shape_range([shapes[name] for name in self.folded.list_copies(flow.value)])
        state = _judge_shape(shapes[flow.value])
        if claimed:
            size, state = f"{size}, not {claimed} as claimed", State.FAULT
        elif state is State.SOUND and self.errors.layers.keys() & set(flow.readers):
            state = State.FAULT
        return Edge(
            flow.value,
            flow.source,
            flow.target,
            size if is_first or state is State.FAULT else "",
            state,
            is_shortcut,
            is_trunk,
            self._count_left(flow.source, flow.target),
            self._count_left(flow.target, flow.source),
        )


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


def _parent(name: str) -> str:
    return name.rpartition(".")[0]
