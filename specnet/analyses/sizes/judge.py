"""Judge sizes of inputs: whether a network takes them, rounds none of its sizes there, and keeps its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from specnet.analyses.sizes.columns import ColumnMaker, Columns, WorkSpent
from specnet.analyses.sizes.growth import ChosenAxes, Slopes, choose_axes
from specnet.diagnostics import find_errors
from specnet.elaborate import Elaborated
from specnet.graph import Network
from specnet.layers.base import Shape

Sizes = Mapping[str, Shape]
"""The shapes of inputs by name."""

Direction = tuple[tuple[str, Slopes], ...]
"""The slopes of inputs by name."""

Elaborate = Callable[[Sizes], Elaborated]
"""A function that returns the network of a spec at other shapes of its inputs, whatever it claims."""

MAX_WORK = 50_000
"""The layers that are computed for a shape in one search, which takes about a second; the zoo needs up to 6,000."""

MAX_STEPS = 30_000
"""The lines and elements that are walked in one search, where a spec is elaborated again, in about a second."""


class Verdict(NamedTuple):
    """The first node, "" for none, that refuses its inputs at a size, that rounds, and that needs other weights."""

    refused: str
    rounds: str
    resized: str

    @property
    def is_valid(self) -> bool:
        return not self.refused

    @property
    def is_exact(self) -> bool:
        return not self.refused and not self.rounds

    @property
    def fits_weights(self) -> bool:
        return not self.refused and not self.resized


class Judge:
    """Judges sizes of the inputs of a network that is sound at its own."""

    def __init__(self, sound: Elaborated, elaborate: Elaborate) -> None:
        self.sound, self.elaborate = sound, elaborate
        self.network = sound.network
        self._maker, self._steps, self._has_differed = ColumnMaker(self.network, MAX_WORK), 0, False
        self._chosen = dict[tuple[Direction, Direction], ChosenAxes]()

    @property
    def is_conditional(self) -> bool:
        """Whether the spec describes another network at some size that was judged."""
        return self._has_differed

    @property
    def most_networks(self) -> int:
        """The sizes at which the spec may be elaborated again in one search."""
        return MAX_STEPS // max(1, self.sound.steps)

    def renew(self) -> None:
        """Forget the work that was done, for another search."""
        self._maker.work = self._steps = 0

    def judge(self, sizes: Sequence[Sizes], along: Direction = (), across: Direction = ()) -> list[Verdict]:
        """Return the verdict on each of the sizes; raises WorkSpent.

        Where sizes vary along some axes and those across stay, what is rounded because of the latter does not count.
        """
        if (along, across) not in self._chosen:
            self._chosen[along, across] = choose_axes(self.network, dict(along), dict(across))
        columns = self._maker.compute([{}, *sizes], self._chosen[along, across])
        return [self._judge_one(size, (along, across), columns, number) for number, size in enumerate(sizes, 1)]

    def _judge_one(
        self, size: Sizes, directions: tuple[Direction, Direction], columns: Columns, number: int
    ) -> Verdict:
        if not self._may_differ(columns, number):
            return Verdict(columns.refused[number], columns.rounds[number], columns.resized[number])
        self._has_differed = True
        self._steps += self.sound.steps
        if self._steps > MAX_STEPS:
            raise WorkSpent
        return _judge_network(self.elaborate(size), directions, self.network)

    def _may_differ(self, columns: Columns, number: int) -> bool:
        """Whether the spec may describe another network at a size, as it reads what has changed."""
        for value, place in self.sound.shape_uses.sizes:
            before, now = columns.shapes[value][0], columns.shapes[value][number]
            if now and before and (len(now) != len(before) or now[place] != before[place]):
                return True
        for pair in self.sound.shape_uses.pairs:
            one, other = (columns.shapes[value] for value in pair)
            if one[number] and other[number] and (one[0] == other[0]) != (one[number] == other[number]):
                return True
        return False


def _judge_network(elaborated: Elaborated, directions: tuple[Direction, Direction], usual: Network) -> Verdict:
    """Return the verdict on a network that was elaborated for a size; `usual` is the one at another size."""
    network, refusing = elaborated.network, find_refusal(elaborated)
    if refusing:
        return Verdict(refusing, "", "")
    columns = ColumnMaker(network, MAX_WORK).compute([{}], choose_axes(network, *map(dict, directions)))
    resized = next(_find_resized(network, usual), "")
    return Verdict("", columns.rounds[0], resized)


def find_refusal(elaborated: Elaborated) -> str:
    """Return the node, or the message of an error without one, for which a spec is not sound; "" for a sound one."""
    error = next(iter(find_errors(elaborated.diagnostics)), None)
    return (error.node or error.message) if error else ""


def _find_resized(network: Network, usual: Network) -> Iterator[str]:
    """Yield the nodes whose parameters have other shapes than in the usual network, or that it does not have."""
    before = {node.name: _list_parameters(usual, node.name) for node in usual.nodes}
    yield from (node.name for node in network.nodes if _list_parameters(network, node.name) != before.get(node.name))
    yield from (before.keys() - network.by_name.keys())


def _list_parameters(network: Network, name: str) -> list[Shape]:
    node = network.by_name[name]
    inputs = network.input_shapes(node)
    return [*node.layer.parameters(inputs).values()] if node.layer and inputs else []
