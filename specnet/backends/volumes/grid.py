"""Volumes by their place along a row and their lane, and the links that skip others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
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
        """Whether a link passes over another volume of its lane, in a row that begins with this rank."""
        first, last, lane = self.ranks[link.source], self.ranks[link.target], self.lanes[link.target]
        if first >= row_start and lane != self.lanes[link.source]:
            return False
        inside = self.by_lane[lane]
        return bisect_left(inside, last) > bisect_left(inside, max(first + 1, row_start))

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
    def breaks(self) -> Collection[int]:
        """The ranks before which a row may end, as one volume alone is read across that place."""
        crossing = dict[int, set[str]]()
        for link in self.folded.links:
            for rank in range(self.ranks[link.source] + 1, self.ranks[link.target] + 1):
                crossing.setdefault(rank, set()).add(link.source)
        return {rank for rank, sources in crossing.items() if len(sources) == 1}


def nest_skips(grid: Grid, names: Collection[str], row_start: int) -> Mapping[Link, int]:
    """Return the level of each skip to these volumes of a row: above all that it spans or crosses."""
    skips = [link for name in names for link in grid.incoming.get(name, []) if grid.is_skip(link, row_start)]
    ranks = {name: max(grid.ranks[name], row_start - 1) for link in skips for name in (link.source, link.target)}
    levels = dict[Link, int]()
    for skip in sorted(skips, key=lambda link: ranks[link.target] - ranks[link.source]):
        first, last = ranks[skip.source], ranks[skip.target]
        crossed = {
            level for other, level in levels.items() if ranks[other.source] < last and first < ranks[other.target]
        }
        levels[skip] = next(level for level in count() if level not in crossed)
    return levels
