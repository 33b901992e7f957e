"""Volumes by their place along a row and their lane, and the links that skip others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from specnet.backends.volumes.cell import Cell
from specnet.backends.volumes.volume import FoldedVolumes, Link


@dataclass(frozen=True)
class Grid:
    """Volumes by their place along the row and their lane."""

    folded: FoldedVolumes
    cells: Mapping[str, Cell]
    ranks: Mapping[str, int]
    lanes: Mapping[str, int]

    @cached_property
    def by_rank(self) -> Mapping[int, list[str]]:
        """The volumes of each rank, from the top down."""
        found = dict[int, list[str]]()
        for name in sorted(self.cells, key=self.lanes.__getitem__):
            found.setdefault(self.ranks[name], []).append(name)
        return found

    @cached_property
    def incoming(self) -> Mapping[str, list[Link]]:
        """The links to each volume."""
        found = dict[str, list[Link]]()
        for link in self.folded.links:
            found.setdefault(link.target, []).append(link)
        return found

    @cached_property
    def by_lane(self) -> Mapping[int, list[int]]:
        """The ranks of the volumes in each lane, in order."""
        found = dict[int, list[int]]()
        for name in sorted(self.cells, key=self.ranks.__getitem__):
            found.setdefault(self.lanes[name], []).append(self.ranks[name])
        return found

    def is_skip(self, link: Link, row_start: int) -> bool:
        """Whether a link passes over a volume of its lane or the target's layer, in a row that begins with a rank."""
        if link.is_residual:
            return True
        first, last, lane = self.ranks[link.source], self.ranks[link.target], self.lanes[link.target]
        if first < row_start and link.source != self._find_main(link.target):
            return True
        if first >= row_start and lane != self.lanes[link.source]:
            return False
        inside = self.by_lane[lane]
        return bisect_left(inside, last) > bisect_left(inside, max(first + 1, row_start))

    def _find_main(self, name: str) -> str:
        """Return the last of the volumes that one reads, from which a line enters it at its front."""
        return max(self.folded.before[name], key=self.ranks.__getitem__)

    @cached_property
    def turns(self) -> Collection[int]:
        """The ranks before which a link changes lanes."""
        return {
            self.ranks[link.source] + 1 if self.leaves_trunk(link) else self.ranks[link.target]
            for link in self.folded.links
            if self.changes_lane(link)
        }

    def changes_lane(self, link: Link) -> bool:
        """Whether a link leads from one lane to another."""
        return self.lanes[link.source] != self.lanes[link.target]

    def leaves_trunk(self, link: Link) -> bool:
        """Whether a link changes lanes right behind its source, rather than before its target."""
        return abs(self.lanes[link.source]) < abs(self.lanes[link.target])

    @cached_property
    def crossings(self) -> Mapping[int, int]:
        """The number of volumes that are read across the place before each rank, at which a row may end."""
        found = dict[int, set[str]]()
        for link in self.folded.links:
            for rank in range(self.ranks[link.source] + 1, self.ranks[link.target] + 1):
                found.setdefault(rank, set()).add(link.source)
        return {rank: len(sources) for rank, sources in found.items()}

    def is_last(self, name: str, row_end: int) -> bool:
        """Whether a volume is the last one of its lane in a row that ends with this rank."""
        inside = self.by_lane[self.lanes[name]]
        return bisect_left(inside, row_end + 1) <= bisect_left(inside, self.ranks[name] + 1)


@dataclass(frozen=True)
class Skips:
    """The values that pass over other volumes of a row, each on a line of its own above its lane."""

    arcs: Mapping[Link, int]
    """The links that end at the top of a volume, and the level of each."""
    exits: Mapping[str, int]
    """The volumes whose values leave the row over others, and the level of each."""

    @property
    def height(self) -> int:
        """The number of levels."""
        return 1 + max((*self.arcs.values(), *self.exits.values()), default=-1)


def find_skips(grid: Grid, names: Collection[str], row_start: int, row_end: int) -> Skips:
    """Return the skips to and from volumes of one lane in a row from one rank to another."""
    arcs = [link for name in names for link in grid.incoming.get(name, []) if grid.is_skip(link, row_start)]
    readers = grid.folded.behind
    leaving = [name for name in names if any(grid.ranks[reader] > row_end for reader in readers[name])]
    leaving = [name for name in leaving if not grid.is_last(name, row_end)]
    spans = [(link.source, max(grid.ranks[link.source], row_start - 1), grid.ranks[link.target]) for link in arcs]
    levels = nest_spans([*spans, *((name, grid.ranks[name], row_end + 1) for name in leaving)])
    return Skips({link: levels[link.source] for link in arcs}, {name: levels[name] for name in leaving})


def nest_spans(spans: Iterable[tuple[str, int, int]]) -> Mapping[str, int]:
    """Return the level of each value that is read across ranks: above all that it spans or crosses."""
    ends = dict[str, tuple[int, int]]()
    for source, first, last in spans:
        known = ends.get(source, (first, last))
        ends[source] = min(first, known[0]), max(last, known[1])
    levels = dict[str, int]()
    for source, (first, last) in sorted(ends.items(), key=lambda each: each[1][1] - each[1][0]):
        crossed = {level for other, level in levels.items() if ends[other][0] < last and first < ends[other][1]}
        levels[source] = next(level for level in count() if level not in crossed)
    return levels
