"""Walk a body once for all rounds in which it would add the same nodes, whose names alone differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, TypeVar

from specnet.elaborate.context import Context
from specnet.elaborate.graph_builder import Claim, GraphBuilder, Place, ShapeUses
from specnet.elaborate.scope import ValueName
from specnet.graph import ModuleScope, Node, ValueRef
from specnet.records import Record
from specnet.syntax.limits import MAX_NODES, MAX_STEPS

V = TypeVar("V")

State = tuple[ValueName, ...]
"""The value at the end of a chain, then those of the carried taps."""


class Round(Record):
    """What a round with the scope `name` added to the network, given the values that reached it."""

    name: str
    reached_by: tuple[str, ...]
    end: State
    nodes: tuple[Node, ...]
    places: tuple[Place, ...]
    claims: Mapping[str, Claim]
    restated: Mapping[str, Claim]
    shape_uses: ShapeUses
    scopes: Mapping[str, ModuleScope]
    steps: int

    def fits(self, graph: GraphBuilder) -> bool:
        """Return whether another such round stays within the limits."""
        return len(graph.nodes) + len(self.nodes) < MAX_NODES and graph.steps + self.steps <= MAX_STEPS

    def add_again(self, graph: GraphBuilder, name: str, state: tuple[str, ...]) -> State:
        """Add the same under the name of another round that `state` reaches; returns the state at its end."""
        length = len(self.name)
        names = {old: name + old[length:] for old in (*(node.name for node in self.nodes), *self.scopes)}
        names.update(zip(self.reached_by, state, strict=True))

        def rename(old: str) -> str:
            return names.get(old, old)

        for node, place in zip(self.nodes, self.places, strict=True):
            shares, inputs = node.shares and rename(node.shares), tuple([rename(each) for each in node.inputs])
            again = Node(names[node.name], node.kind, node.layer, inputs, node.output, shares)
            graph.add_known_node(again, graph.shapes[node.name], place)
        graph.claims.update((rename(claimed), claim) for claimed, claim in self.claims.items())
        graph.restated.update((rename(claimed), claim) for claimed, claim in self.restated.items())
        graph.shape_uses.update(self.shape_uses, rename)
        graph.scopes.update((rename(inner), _rename_values(scope, rename)) for inner, scope in self.scopes.items())
        graph.steps += self.steps
        return tuple(end and rename(end) for end in self.end)


def _rename_values(scope: ModuleScope, rename: Callable[[str], str]) -> ModuleScope:
    values = tuple((key, _rename_value(value, rename)) for key, value in scope.values)
    carried = tuple(ValueRef(rename(each.name), each.tap) for each in scope.carried)
    return ModuleScope(scope.word, values, scope.defaults, scope.are_given_layers, carried)


def _rename_value(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_rename_value(item, rename) for item in value)
    return ValueRef(rename(value.name), value.tap) if isinstance(value, ValueRef) else value


class Rounds:
    """The rounds of one loop.

    A round adds what the last one added if values of the same shapes reach it from the last one, which the body
    cannot name otherwise, if the loop's variable is the same, and if there was nothing to report.
    """

    def __init__(self, loop: str, context: Context, walk: Callable[[str, Any, State], State]) -> None:
        self._loop, self._context, self._walk = loop, context, walk
        self._last: object = None
        self._known: Round | None = None

    def walk(self, name: str, variable: Any, state: State) -> State:
        """Return the state after the round with the scope `name`; raises LimitExceeded."""
        graph = self._context.graph
        known = tuple(value for value in state if value and self._is_repeatable(value))
        last, self._last = self._last, self._identify(variable, known) if len(known) == len(state) else None
        if self._last is None or self._last != last:
            self._known = None
            return self._walk(name, variable, state)
        if self._known and self._known.fits(graph):
            return self._known.add_again(graph, name, known)
        return self._record(name, variable, known)

    def _is_repeatable(self, value: str) -> bool:
        """Return whether a value is from the last round and sound."""
        is_inside = value.startswith(f"{self._loop}.") and not self._context.originals
        return is_inside and value not in self._context.graph.broken

    def _identify(self, variable: Any, state: tuple[str, ...]) -> object:
        """Return what a round depends on: its variable, the shapes that reach it, and which values are the same."""
        return repr(variable), [(self._context.graph.shapes[value], state.index(value)) for value in state]

    def _record(self, name: str, variable: Any, state: tuple[str, ...]) -> State:
        """Walk a round, and keep what it adds if that is all that it does."""
        graph = self._context.graph
        nodes, claims, scopes, steps = len(graph.nodes), len(graph.claims), len(graph.scopes), graph.steps
        restated, effects = len(graph.restated), self._observe_effects(state)
        shape_uses, graph.shape_uses = graph.shape_uses, ShapeUses()
        end = self._walk(name, variable, state)
        here, graph.shape_uses = graph.shape_uses, shape_uses
        graph.shape_uses.update(here)
        added = tuple(graph.nodes[nodes:])
        is_sound = not any(node.name in graph.broken for node in added)
        if is_sound and effects == self._observe_effects(state):
            places = tuple(graph.places[node.name] for node in added)
            new_claims, new_scopes = _last_items(graph.claims, claims), _last_items(graph.scopes, scopes)
            new = new_claims, _last_items(graph.restated, restated), here, new_scopes
            self._known = Round(name, state, end, added, places, *new, graph.steps - steps)
        return end

    def _observe_effects(self, state: tuple[str, ...]) -> tuple[object, ...]:
        """Count what a body may add besides nodes, claims and scopes, and look at the claims before it."""
        graph, blocks = self._context.graph, self._context.blocks
        counts = len(graph.log.diagnostics), len(graph.heads), len(graph.expectations), len(blocks.defined)
        claims = [(graph.claims.get(value), graph.restated.get(value)) for value in state]
        return *counts, len(graph.carried), claims


def _last_items(items: dict[str, V], count: int) -> dict[str, V]:
    """Return the items that were added after the first `count`, in their order."""
    return dict([*islice(reversed(items.items()), len(items) - count)][::-1])
