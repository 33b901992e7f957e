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


class Round(Record):
    """What a round with the scope `name` added to the network, given the value that reached it."""

    name: str
    reached_by: str
    end: ValueName
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

    def add_again(self, graph: GraphBuilder, name: str, value: str) -> ValueName:
        """Add the same under the name of another round that `value` reaches; returns the value at its end."""
        length = len(self.name)
        names = {old: name + old[length:] for old in (*(node.name for node in self.nodes), *self.scopes)}
        names[self.reached_by] = value

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
        return self.end and rename(self.end)


def _rename_values(scope: ModuleScope, rename: Callable[[str], str]) -> ModuleScope:
    values = tuple((key, _rename_value(value, rename)) for key, value in scope.values)
    return ModuleScope(scope.word, values, scope.defaults)


def _rename_value(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_rename_value(item, rename) for item in value)
    return ValueRef(rename(value.name), value.tap) if isinstance(value, ValueRef) else value


class Rounds:
    """The rounds of one loop.

    A round adds what the last one added if a value of the same shape reaches it from the last one, which the body
    cannot name otherwise, if the loop's variable is the same, and if there was nothing to report.
    """

    def __init__(self, loop: str, context: Context, walk: Callable[[str, Any, ValueName], ValueName]) -> None:
        self._loop, self._context, self._walk = loop, context, walk
        self._last: object = None
        self._known: Round | None = None

    def walk(self, name: str, variable: Any, value: ValueName) -> ValueName:
        """Return the value after the round with the scope `name`; raises LimitExceeded."""
        graph = self._context.graph
        last, self._last = self._last, self._identify(variable, value)
        if self._last is None or self._last != last or value is None:
            self._known = None
            return self._walk(name, variable, value)
        if self._known and self._known.fits(graph):
            return self._known.add_again(graph, name, value)
        return self._record(name, variable, value)

    def _identify(self, variable: Any, value: ValueName) -> object:
        """Return what a round depends on; None if it may depend on more."""
        graph = self._context.graph
        if value is None or value in graph.broken or not value.startswith(f"{self._loop}.") or self._context.originals:
            return None
        return repr(variable), graph.shapes[value]

    def _record(self, name: str, variable: Any, value: str) -> ValueName:
        """Walk a round, and keep what it adds if that is all that it does."""
        graph = self._context.graph
        nodes, claims, scopes, steps = len(graph.nodes), len(graph.claims), len(graph.scopes), graph.steps
        restated, effects = len(graph.restated), self._observe_effects(value)
        shape_uses, graph.shape_uses = graph.shape_uses, ShapeUses()
        end = self._walk(name, variable, value)
        here, graph.shape_uses = graph.shape_uses, shape_uses
        graph.shape_uses.update(here)
        added = tuple(graph.nodes[nodes:])
        is_sound = not any(node.name in graph.broken for node in added)
        if is_sound and effects == self._observe_effects(value):
            places = tuple(graph.places[node.name] for node in added)
            new_claims, new_scopes = _last_items(graph.claims, claims), _last_items(graph.scopes, scopes)
            new = new_claims, _last_items(graph.restated, restated), here, new_scopes
            self._known = Round(name, value, end, added, places, *new, graph.steps - steps)
        return end

    def _observe_effects(self, value: str) -> tuple[object, ...]:
        """Count what a body may add besides nodes, claims and scopes, and look at the claims of the value before it."""
        graph, blocks = self._context.graph, self._context.blocks
        counts = len(graph.log.diagnostics), len(graph.heads), len(graph.expectations), len(blocks.defined)
        return *counts, graph.claims.get(value), graph.restated.get(value)


def _last_items(items: dict[str, V], count: int) -> dict[str, V]:
    """Return the items that were added after the first `count`, in their order."""
    return dict([*islice(reversed(items.items()), len(items) - count)][::-1])
