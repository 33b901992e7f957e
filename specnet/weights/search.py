"""Search for the stored layer of each layer of a network, where their names differ.

Each layer takes the first layer of a queue that fits it. Where several queues offer one, all are tried and the names
decide: blocks must be whole, and of what remains the way with the fewest detours is taken. The arms of a fork may be
stored in another order than the spec's, so all orders are tried; of arms that fit several items of one list, the spec's
order is meant, and so it is of arms that are counted otherwise, as `branch1` is, where the join depends on their order.
A match is refused if another one is as good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from specnet.weights.arrangement import AUXILIARY, POOLING, Arrangement
from specnet.weights.errors import AmbiguousWeights, UnfitWeights
from specnet.weights.fitting import differs_in_outputs, fits_layer
from specnet.weights.places import START, Parts, Place, find_blocks, is_counted_later, misses_turn, split_name
from specnet.weights.stored import StoredLayer, StoredWeights
from specnet.weights.structure import Fork, Item, NetworkLayer, flatten_items
from specnet.weights.tables import format_ambiguity, format_around

Pairs = tuple[tuple[NetworkLayer, StoredLayer], ...]

LIMIT = 500
"""The largest number of ways that are followed at once."""


@dataclass(frozen=True)
class _State:
    """How many layers each queue has given, and what was matched so far."""

    taken: tuple[int, ...]
    pairs: Pairs = ()
    place: Place = START
    detours: int = 0
    """By how many steps the names that were gone to were not the nearest ones."""
    missed: int = 0
    """How often a loop goes on to its next turn here, and the names stay in the same block."""
    inversions: int = 0
    """How many pairs of arms are counted in another order by their names."""
    namesakes: int = 0
    """How many layers have one name on both sides, which tells `q` and `proj` of an attention apart."""
    rival: Pairs | None = None
    """Other pairs that are as good, and after which all goes on alike."""

    @property
    def future(self) -> tuple[object, ...]:
        """What the layers behind depend on: what was taken, and the last name, which tells the blocks that are left."""
        return self.taken, self.place.last

    @property
    def cost(self) -> tuple[int, ...]:
        """What speaks against the match, by which the best one is found.

        One of all layers comes before one without the last, whatever the names are.
        """
        return -len(self.pairs), self.missed, self.detours, self.inversions, -self.namesakes

    @cached_property
    def assignment(self) -> frozenset[tuple[str, str]]:
        return frozenset((ours.name, theirs.name) for ours, theirs in self.pairs)


class Found(NamedTuple):
    """What a search has matched, the last layer if it has no weights, what the file has instead, and what is unused."""

    pairs: Pairs
    anew: NetworkLayer | None
    resized: StoredLayer | None
    unused: tuple[StoredLayer, ...]


@dataclass
class Search:
    """A search in one arrangement of a file, for a network whose layers are `ours`."""

    weights: StoredWeights
    arrangement: Arrangement
    ours: tuple[NetworkLayer, ...]
    _furthest: _State = field(init=False)

    def __post_init__(self) -> None:
        self._furthest = _State((0,) * len(self.arrangement.queues))

    def match(self, items: Sequence[Item]) -> Found:
        """Return the only match, or the best one by the names; raises UnfitWeights."""
        states = sorted(self._follow(items, self._furthest), key=lambda state: state.cost)
        if not states:
            raise self._describe_disagreement(self._furthest)
        best = states[0]
        others = (each.pairs for each in states if each.cost == best.cost and each.assignment != best.assignment)
        if rival := best.rival or next(others, None):
            raise self._describe_ambiguity(best.pairs, rival)
        anew, rest = self._find_next(best), self._find_rest(best)
        unused = [layer for layer in rest if AUXILIARY.search(f"{layer.name}.")]
        left = [layer for layer in rest if not AUXILIARY.search(f"{layer.name}.")]
        if len(left) > 1 or (left and not (anew and differs_in_outputs(left[0], anew.shapes, self.weights.layout))):
            raise self._describe_disagreement(best)
        return Found(best.pairs, anew, left[0] if left else None, tuple(unused))

    def _follow(self, items: Sequence[Item], state: _State) -> list[_State]:
        """Return the different states behind the items, of which there are none if the layers do not fit."""
        states = [state]
        for item in items:
            states = self._merge(after for state in states for after in self._take_item(item, state))
        return states

    def _take_item(self, item: Item, state: _State) -> list[_State]:
        return self._take_fork(item, state) if isinstance(item, Fork) else self._take_layer(item, state)

    def _merge(self, states: Iterable[_State]) -> list[_State]:
        """Return the best of all states after which all goes on alike; raises UnfitWeights if there are too many."""
        merged: dict[object, _State] = {}
        for state in states:
            other = merged.get(state.future)
            merged[state.future] = _choose(state, other) if other else state
        self._limit(merged.values())
        return list(merged.values())

    def _limit(self, states: Collection[_State]) -> None:
        if len(states) > LIMIT:
            one, other, *_ = states
            raise self._describe_ambiguity(one.pairs, other.pairs)

    def _take_layer(self, wanted: NetworkLayer, state: _State) -> list[_State]:
        """Return the states with a layer matched; the last layer of the network may stay without one."""
        if len(state.pairs) > len(self._furthest.pairs):
            self._furthest = state
        heads = [
            (index, queue[taken])
            for index, (queue, taken) in enumerate(zip(self.arrangement.queues, state.taken, strict=True))
            if taken < len(queue) and fits_layer(queue[taken], wanted.shapes, self.weights.layout)
        ]
        if not heads:
            return [state] if wanted is self.ours[-1] else []
        nearest = min(state.place.measure_distance(self._split(layer)) for _, layer in heads)
        return [after for index, layer in heads if (after := self._take(state, wanted, index, layer, nearest))]

    def _take(self, state: _State, wanted: NetworkLayer, index: int, layer: StoredLayer, nearest: int) -> _State | None:
        """Return the state behind a layer; None if the names speak against it."""
        parts, place, detour, missed = self._split(layer), START, 0, False
        if self.arrangement.follows_names:
            after = state.place.move_to(parts, self.weights.layout)
            if after is None:
                return None
            place, detour = after, state.place.measure_distance(parts) - nearest
            missed = self._misses_turn(state.pairs, wanted, parts)
        taken = tuple(count + (index == queue) for queue, count in enumerate(state.taken))
        pair = (wanted, layer)
        return replace(
            state,
            taken=taken,
            pairs=(*state.pairs, pair),
            place=place,
            detours=state.detours + detour,
            missed=state.missed + missed,
            namesakes=state.namesakes + self._is_namesake(wanted, layer),
            rival=(*state.rival, pair) if state.rival else None,
        )

    def _misses_turn(self, pairs: Pairs, wanted: NetworkLayer, parts: Parts) -> bool:
        if not pairs or self.weights.layout != "torch":
            return False
        ours, theirs = pairs[-1]
        return misses_turn((ours.name, wanted.name), (self._split(theirs), parts))

    def _is_namesake(self, ours: NetworkLayer, theirs: StoredLayer) -> bool:
        """Whether the layers have the same name within their blocks; a number in it may count other layers there."""
        name = ours.name.rpartition(".")[2]
        return name.isalpha() and name == self._split(theirs)[-1]

    def _split(self, layer: StoredLayer) -> tuple[str, ...]:
        return split_name(layer.name, self.weights.layout)

    def _take_fork(self, fork: Fork, state: _State) -> list[_State]:
        """Return the states behind a fork, whose arms are tried in every order."""
        if not self.arrangement.follows_branches:
            self._refuse_alike(fork)
        ways = {frozenset[int](): [state]}
        for _ in fork.arms:
            further: dict[frozenset[int], list[_State]] = {}
            for used, before in ways.items():
                for number in fork.list_next(used):
                    after = [each for state in before for each in self._take_arm(fork, number, state)]
                    ranked = [self._count_inversions(fork, number, used, each) for each in after]
                    further.setdefault(used | {number}, []).extend(ranked)
            ways = {used: self._merge(states) for used, states in further.items()}
            self._limit([state for states in ways.values() for state in states])
        return [state for states in ways.values() for state in states]

    def _count_inversions(self, fork: Fork, number: int, used: Collection[int], state: _State) -> _State:
        """Return the state behind an arm, with those arms counted that stand to it otherwise than their numbers do."""
        stored = {ours.name: self._split(theirs) for ours, theirs in state.pairs}
        names = {each: stored.get(next(flatten_items(fork.arms[each])).name, ()) for each in (number, *used)}
        orders = (sorted((number, other)) for other in used)
        inverted = sum(is_counted_later(names[one], names[other], not fork.is_ordered) for one, other in orders)
        return replace(state, inversions=state.inversions + inverted)

    def _take_arm(self, fork: Fork, number: int, state: _State) -> Iterator[_State]:
        """Yield the states behind an arm; it is a detour if names say that it pools, and it does not."""
        for after in map(self._end_arm, self._follow(fork.arms[number], state)):
            taken = (theirs for _, theirs in after.pairs[len(state.pairs) :])
            is_misnamed = not fork.pools[number] and any(POOLING.search(layer.name) for layer in taken)
            yield replace(after, detours=after.detours + is_misnamed)

    def _end_arm(self, state: _State) -> _State:
        """Count as detours the blocks that an arm ends within: they are stored as a whole, as arms are."""
        if not self.arrangement.follows_names:
            return state
        around = find_blocks(state.place.last, 0, self.weights.layout)
        within = sum(not self._is_complete(block, state.pairs) for block in around)
        return replace(state, detours=state.detours + within)

    def _is_complete(self, block: Parts, pairs: Pairs) -> bool:
        """Whether all layers of the present block are matched, which come one after the other."""
        size = self._block_sizes[block]
        return size <= len(pairs) and self._split(pairs[-size][1])[: len(block)] == block

    @cached_property
    def _block_sizes(self) -> Counter[Parts]:
        names = map(self._split, self.weights.layers)
        return Counter(block for parts in names for block in find_blocks(parts, 0, self.weights.layout))

    def _refuse_alike(self, fork: Fork) -> None:
        """Raise UnfitWeights if arms have layers of the same shapes, and the file does not say which is which."""
        seen: dict[object, tuple[int, NetworkLayer]] = {}
        for number, arm in enumerate(fork.arms):
            for layer in flatten_items(arm):
                other = seen.setdefault(tuple(sorted(layer.shapes.items())), (number, layer))
                if other[0] != number:
                    raise AmbiguousWeights(
                        f"{self.weights.path} does not say which of its layers is {other[1].name} and which "
                        f"{layer.name}: these are parallel, have the same shapes, and the layers there have no names"
                    )

    def _find_rest(self, state: _State) -> list[StoredLayer]:
        """Return the stored layers that are not taken, in the order of the file."""
        taken = {theirs.name for _, theirs in state.pairs}
        return [layer for layer in self.weights.layers if layer.name not in taken]

    def _find_next(self, state: _State) -> NetworkLayer | None:
        """Return the first layer of the network that is not matched."""
        matched = {ours.name for ours, _ in state.pairs}
        return next((layer for layer in self.ours if layer.name not in matched), None)

    def _describe_disagreement(self, state: _State) -> UnfitWeights:
        count = f"{len(state.pairs)} of the {len(self.ours)} layers here"
        return UnfitWeights(
            f"{self.weights.path} belongs to another network: by order and shape, it has {count}",
            *format_around(self.weights.path, state.pairs, self._find_next(state), self._find_rest(state)),
        )

    def _describe_ambiguity(self, one: Pairs, other: Pairs) -> AmbiguousWeights:
        return AmbiguousWeights(
            f"{self.weights.path} fits this network in several ways, and nothing says which is right",
            *format_ambiguity(self.weights.path, one, other),
        )


def _choose(one: _State, other: _State) -> _State:
    """Return the better of two states after which all goes on alike; of equally good ones, one with its rival."""
    best, second = sorted((other, one), key=lambda state: state.cost)
    if best.rival or best.cost < second.cost or best.assignment == second.assignment:
        return best
    return replace(best, rival=second.pairs)
