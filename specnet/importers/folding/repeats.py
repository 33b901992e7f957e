"""Runs of equal lines along a sequence, which become repetitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from specnet.importers.folding.items import (
    Call,
    Item,
    Mark,
    Repeat,
    Sequence,
    Side,
    find_items,
    find_marks,
    find_read,
    find_read_here,
    get_result,
    get_source,
    rewrite_inner,
)
from specnet.importers.folding.keys import MARK, Shapes, hide_names, unify_names
from specnet.importers.folding.lines import count_lines, may_begin, split_lines

LONGEST = 24
"""The largest number of lines in a turn."""

GetKey = Callable[[Sequence], str]


@dataclass(frozen=True)
class _Run:
    start: int
    period: int
    count: int

    @property
    def end(self) -> int:
        return self.start + self.period * self.count


def compress(items: Sequence, get_key: GetKey, get_like_key: GetKey, shapes: Shapes | None = None) -> Sequence:
    """Return a sequence with runs as repetitions, at every depth; turns begin where lines that are alike do.

    With `shapes`, calls of blocks that give maps of other sizes are stages of their own, and no repetition.
    """
    reads = Counter(find_read(items))

    def rewrite(part: Sequence) -> Sequence:
        inner = [rewrite_inner(item, rewrite) for item in part]
        return _Compression(inner, get_key, get_like_key, reads, shapes or {}).compress()

    return rewrite(items)


class _Compression:
    """The lines of a sequence, those with names of values apart, and their keys."""

    def __init__(
        self, items: Sequence, get_key: GetKey, get_like_key: GetKey, reads: Counter[str], shapes: Shapes
    ) -> None:
        self._reads, self._shapes = reads, shapes
        self._lines = [part for line in split_lines(items) for part in _split_name(line)]
        self._keys = [get_key(line) for line in self._lines]
        self._bare = [*map(hide_names, self._keys)]
        self._like = [get_like_key(line) for line in self._lines]

    def compress(self) -> Sequence:
        """Take the longest run at each place, from the first line on."""
        found, at = Sequence(), 0
        while at < len(self._lines):
            run = self._find_run(at)
            if run is None:
                found += self._lines[at]
                at += 1
                continue
            found += [item for line in self._lines[at : run.start] for item in line]
            found.append(self._make_repeat(run))
            at = run.end
        return found

    def _make_repeat(self, run: _Run) -> Item:
        starts = range(run.start, run.end, run.period)
        return Repeat([[item for line in self._lines[n : n + run.period] for item in line] for n in starts])

    def _find_run(self, at: int) -> _Run | None:
        """Return the run from a line on that covers the most lines, in the shortest turns."""
        best: _Run | None = None
        for period in range(1, min(LONGEST, (len(self._lines) - at) // 2) + 1):
            run = self._align(_Run(at, period, self._count(at, period)))
            if run.count > 1 and self._is_worth_it(run) and (best is None or run.end > best.end):
                best = run
        return best

    def _count(self, start: int, period: int) -> int:
        """Return how often the lines from a place on follow each other."""
        bare, count = self._bare[start : start + period], 1
        while self._bare[start + count * period : start + (count + 1) * period] == bare:
            if self._window(start + count * period, period) != self._window(start, period):
                break
            count += 1
        return count if count > 1 and self._is_closed(start, period) else 1

    def _window(self, start: int, period: int) -> str | list[str]:
        keys = self._keys[start : start + period]
        if not any(MARK in key for key in keys):
            return keys
        return unify_names(" ; ".join(keys), [item for line in self._lines[start : start + period] for item in line])

    def _is_closed(self, start: int, period: int) -> bool:
        """Whether the values that a turn reads by their names are named in it, or above all turns."""
        items = [item for line in self._lines[start : start + period] for item in line]
        if any(isinstance(item, Side) for item in find_items(items)) or isinstance(items[-1], Mark):
            return False
        if not may_begin(items):
            return False
        read, source = {*find_read_here(items)}, get_source(items)
        return not source or source not in read

    def _align(self, run: _Run) -> _Run:
        """Move a run so that its turns begin as those above it that differ in numbers only."""
        like, start, period = self._like, run.start, run.period
        while start > 0 and like[start - 1] == like[start - 1 + period]:
            start -= 1
        offset = (start - run.start) % period
        rest = 0
        while run.end + rest < len(self._keys) and self._keys[run.end + rest] == self._keys[run.start + rest]:
            rest += 1
            if rest == period:
                break
        count = run.count if offset <= rest else run.count - 1
        fits = offset and count > 1 and may_begin(self._lines[run.start + offset])
        return _Run(run.start + offset, period, count) if fits else run

    def _are_stages(self, run: _Run, items: Sequence) -> bool:
        """Whether the turns are calls that give maps of other sizes."""
        after = [item for line in self._lines[run.start : run.start + 2 * run.period] for item in line]
        sizes = [(self._shapes.get(get_result(part)) or ())[:-1] for part in (items, after)]
        return sizes[0] != sizes[1] and any(isinstance(item, Call) for item in items)

    def _is_worth_it(self, run: _Run) -> bool:
        """Whether a repetition takes fewer lines, and no value in it is read by its name outside."""
        items = [item for line in self._lines[run.start : run.start + run.period] for item in line]
        if not has_own_names(items, self._reads) or self._are_stages(run, items):
            return False
        lines = count_lines(items)
        return lines * run.count > (lines + 2 if lines > 1 else 1)


def has_own_names(items: Sequence, reads: Counter[str]) -> bool:
    """Whether the values that a group names are read in it alone."""
    inside = Counter(find_read(items))
    return all(inside[value] == reads[value] for value in find_marks(items))


def _split_name(line: Sequence) -> list[Sequence]:
    """Return a line without the name at its end, and that name, which no repetition takes in."""
    return [line[:-1], line[-1:]] if len(line) > 1 and isinstance(line[-1], Mark) else [line]


def expand(items: Sequence) -> Sequence:
    """Return a sequence without its outer repetitions whose number of turns is fixed."""
    found = Sequence()
    for item in items:
        is_fixed = isinstance(item, Repeat) and item.count is None
        found += [part for turn in item.turns for part in turn] if is_fixed else [item]  # type: ignore[union-attr]
    return found
