"""Groups of lines that occur at several places, but for numbers, and become blocks: the most worthwhile first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, dropwhile
from typing import NamedTuple

from specnet.importers.folding.block_names import CONTAINERS, Scopes, find_own_class
from specnet.importers.folding.items import (
    Call,
    Item,
    Join,
    Leaf,
    Mark,
    Repeat,
    Resume,
    Sequence,
    Side,
    find_items,
    find_nodes,
    find_read,
    find_read_here,
    find_written,
    get_source,
    get_traits,
    is_follower,
    list_inner,
    rewrite_inner,
)
from specnet.importers.folding.keys import MARK, LikeKeys, Shapes, hide_names, unify_names
from specnet.importers.folding.lines import count_lines, may_begin, split_lines
from specnet.importers.folding.repeats import has_own_names
from specnet.importers.folding.unification import count_differences
from specnet.layers.base.traits import Trait

LONGEST = 14
"""The largest number of lines in a block."""

MOST_ROUNDS, FEWEST_ROUNDS = 16, 3
USUAL_LENGTH = 500
"""The length of a main chain from which on there are fewer rounds, each of which takes longer."""

MOST_PARAMETERS = 8
MOST_CANDIDATES = 16

FEW_PARAMETERS = 4
"""A block with more parameters is worth less if it has few calls, as it hides more than it tells."""

MODULE = 3.0
"""The lines for each call that it is worth for a block to be a module of the source."""

LEAST_SAVED = 2
"""The lines that a block must save."""


@dataclass
class _Group:
    """Groups of lines with one key: their number of lines, and where they occur."""

    length: int
    places: list[tuple[int, int]]
    """The number of the sequence, and that of the first line in it."""


def extract_blocks(items: Sequence, shapes: Shapes, scopes: Scopes, with_optional: bool = True) -> Sequence:
    """Return a sequence with calls in the place of what occurs several times, modules of the source first."""
    numbers, keys = count(), LikeKeys(shapes)
    for _ in range(max(MOST_ROUNDS * USUAL_LENGTH // max(len(items), USUAL_LENGTH), FEWEST_ROUNDS)):
        keys.aliases.clear()
        if with_optional:
            find_aliases(items, keys, shapes)
        search = _Search(items, keys, scopes)
        best = search.find_best()
        if best is None:
            break
        items = _Rewriting(best, len(search.get_lines(best)), next(numbers), keys, Counter(find_read(items))).rewrite(
            items
        )
    return items


def inline_needless(items: Sequence, scopes: Scopes) -> Sequence:
    """Return a sequence without the blocks that are called at a single place, or that save no line.

    Those that read their input by name are kept, and so are modules of the source.
    """
    while single := _find_single(items) or _find_plain(items, scopes):

        def rewrite(part: Sequence, single: set[int] = single) -> Sequence:
            found = Sequence()
            for item in part:
                inner = rewrite_inner(item, rewrite)
                found += inner.body if isinstance(inner, Call) and inner.block in single else [inner]
            return found

        items = rewrite(items)
    return items


def _find_single(items: Sequence) -> set[int]:
    bodies, places = _count_places(items)
    return {block for block, times in places.items() if times == 1 and not _reads_input(bodies[block])}


def _find_plain(items: Sequence, scopes: Scopes) -> set[int]:
    """Return a block of nothing but calls that saves no line; empty if there is none."""
    bodies, places = _count_places(items)
    for block, body in bodies.items():
        size = count_lines(body)
        saves = places[block] * (size - 1) > size + 2
        nodes = [node.name for node in find_nodes(body)]
        is_module = bool(scopes) and find_own_class(nodes, scopes) not in CONTAINERS
        if not saves and _is_only_calls(body) and not is_module and not _reads_input(body):
            return {block}
    return set()


def _is_only_calls(items: Sequence) -> bool:
    """Whether a sequence has no layer of its own, but for the sum of a call and the identity."""
    return all(
        isinstance(item, Call)
        or (isinstance(item, Repeat) and _is_only_calls(item.turns[0]))
        or (isinstance(item, Join) and all(map(_is_only_calls, item.arms)))
        for item in items
    )


def _reads_input(body: Sequence) -> bool:
    return get_source(body) in find_read_here(body)


def _count_places(items: Sequence) -> tuple[dict[int, Sequence], Counter[int]]:
    """Return the body of each block, and at how many places it is called."""
    places = Counter[int]()
    bodies = dict[int, Sequence]()
    for item in find_items(items):
        if isinstance(item, Call):
            bodies.setdefault(item.block, item.body)
    for sequence in (items, *bodies.values()):
        places.update(item.block for item in find_written(sequence) if isinstance(item, Call))
    return bodies, places


def find_aliases(items: Sequence, keys: LikeKeys, shapes: Shapes) -> None:
    """Give joins one key that differ in an arm only: the identity in some, a projection where shapes differ."""
    for _ in range(2):
        joins = defaultdict[str, list[Join]](list)
        for item in find_items(items):
            if isinstance(item, Join):
                joins[keys.get_join(item)].append(item)
        partners = _find_partners(joins, keys)
        fresh = {key: alias for key, alias in partners.items() if _fit_shapes(joins, key, alias, keys, shapes)}
        if all(keys.aliases.get(key) == alias for key, alias in fresh.items()):
            return
        keys.aliases.update(fresh)


def _find_partners(joins: dict[str, list[Join]], keys: LikeKeys) -> dict[str, str]:
    """Return the common key of joins whose arm is the identity at some places, and the most frequent one at others."""
    places = {keys.get_join(join[0], place): [key] for key, join in joins.items() for place in _identities(join[0])}
    for key, found in joins.items():
        for place, arm in enumerate(found[0].arms):
            optional = keys.get_join(found[0], place)
            is_chain = arm and not any(isinstance(item, Join | Repeat | Resume | Mark) for item in arm)
            if is_chain and optional in places:
                places[optional].append(key)
    pairs = {}
    for optional, (identity, *others) in places.items():
        if others:
            best = max(others, key=lambda key: len(joins[key]))
            pairs.update({identity: optional, best: optional})
    return pairs


def _identities(join: Join) -> Iterator[int]:
    return (place for place, arm in enumerate(join.arms) if not arm)


def _fit_shapes(joins: dict[str, list[Join]], key: str, alias: str, keys: LikeKeys, shapes: Shapes) -> bool:
    """Whether `identity or { … }` chooses as each join does: the identity where it has the shape of the output."""
    for join in joins[key]:
        place = next(n for n in range(len(join.arms)) if keys.get_join(join, n) == alias)
        if (shapes.get(join.source) == shapes.get(join.node.name)) != (not join.arms[place]):
            return False
    return True


class _Search:
    """The sequences of a network, one for each group of those that are alike, and their lines."""

    def __init__(self, items: Sequence, keys: LikeKeys, scopes: Scopes) -> None:
        self._keys, self._scopes = keys, scopes
        self._reads = Counter(find_read(items))
        self._sequences = [split_lines(each) for each in _list_representatives(items)]
        self._line_keys = [[_LineKey.make(line, keys) for line in lines] for lines in self._sequences]

    def find_best(self) -> str | None:
        """Return the key of the group that saves the most lines as a block; None if none saves any."""
        groups = self._collect()
        saved = {key: self._count_saved(group) for key, group in groups.items()}
        ranked = sorted((key for key in saved if saved[key] >= LEAST_SAVED), key=lambda key: -saved[key])
        best, most = None, 0.0
        for key in ranked[:MOST_CANDIDATES]:
            worth = saved[key] + self._judge(groups[key]) - self._count_cost(groups[key])
            if worth > most:
                best, most = key, worth
        self._groups = groups
        return best

    def get_lines(self, key: str) -> list[Sequence]:
        group = self._groups[key]
        return self._get_window(group.places[0], group.length)

    def _get_window(self, place: tuple[int, int], length: int) -> list[Sequence]:
        number, start = place
        return self._sequences[number][start : start + length]

    def _collect(self) -> dict[str, _Group]:
        """Return the groups that occur at two places or more, without overlap."""
        found = dict[str, _Group]()
        ends = dict[tuple[str, int], int]()
        for bare, places in self._collect_bare().items():
            for number, start, length in places:
                key = self._make_key(number, start, length) if MARK in bare else bare
                if key is None or ends.get((key, number), 0) > start:
                    continue
                ends[key, number] = start + length
                found.setdefault(key, _Group(length, [])).places.append((number, start))
        return {key: group for key, group in found.items() if len(group.places) > 1 and self._is_block(group)}

    def _collect_bare(self) -> dict[str, list[tuple[int, int, int]]]:
        """Return the groups of lines at two places or more, whatever their names: sequence, first line, length."""
        found = defaultdict[str, list[tuple[int, int, int]]](list)
        for number, keys in enumerate(self._line_keys):
            starts = [n for n in range(len(keys)) if may_begin(self._sequences[number][n])]
            for start in starts:
                for length in range(1, min(LONGEST, len(keys) - start) + 1):
                    key = _join_keys(keys[start : start + length])
                    bare = f"{MARK} {hide_names(key)}" if MARK in key else key
                    found[bare].append((number, start, length))
        return {key: places for key, places in found.items() if len(places) > 1}

    def _make_key(self, number: int, start: int, length: int) -> str | None:
        """Return the key of some lines; None if a name in it is read outside, or it repeats itself."""
        key = _join_keys(self._line_keys[number][start : start + length])
        if MARK not in key:
            return key
        items = _join(self._sequences[number][start : start + length])
        if isinstance(items[0], Resume) or not has_own_names(items, self._reads):
            return None
        key = unify_names(key, items)
        return None if MARK in key else key

    def _is_block(self, group: _Group) -> bool:
        """Whether lines make a block: more than one, no head, and no part that occurs twice in them."""
        number, start = group.places[0]
        lines = self._get_window(group.places[0], group.length)
        keys = self._line_keys[number][start : start + group.length]
        is_periodic = any(
            group.length % period == 0 and keys == keys[:period] * (group.length // period)
            for period in range(1, group.length)
        )
        items = _join(lines)
        is_loop = len(items) == 1 and isinstance(items[0], Repeat)  # its turn is what is made a block
        if (
            is_periodic
            or is_loop
            or count_lines(items) < 2
            or any(isinstance(item, Side) for item in find_items(items))
        ):
            return False
        joins = Counter(self._keys.get([item]) for item in find_written(items) if isinstance(item, Join | Call))
        return all(n == 1 for n in joins.values())

    def _count_saved(self, group: _Group) -> int:
        size = count_lines(_join(self._get_window(group.places[0], group.length)))
        return len(group.places) * (size - 1) - size - 2

    def _judge(self, group: _Group) -> float:
        """Return the lines that it is worth for a block to be what a person would call one.

        A whole arm is; a part of a stage that ends with what belongs to the next stage is not.
        """
        arms = sum(start == 0 and group.length == len(self._sequences[number]) for number, start in group.places)
        window = self._get_window(group.places[0], group.length)
        behind = dropwhile(lambda line: not _is_loop(line), window)
        goes_on = any(isinstance(line[0], Leaf) and not is_follower(line[0]) for line in behind)
        nodes = [node.name for node in find_nodes(_join(window))]
        if self._scopes and find_own_class(nodes, self._scopes) not in CONTAINERS:
            return len(group.places) * MODULE
        return arms - (count_lines(_join(window)) * len(group.places) / 2 if goes_on else 0)

    def _count_cost(self, group: _Group) -> float:
        """Return the lines that the parameters of a block are worth; infinity for too many."""
        windows = [_join(self._get_window(place, group.length)) for place in group.places]
        parameters = count_differences(windows)
        is_table = parameters > FEW_PARAMETERS and len(windows) <= FEW_PARAMETERS
        return float("inf") if parameters > MOST_PARAMETERS else parameters * (2 if is_table else 0.5)


def _is_loop(line: Sequence) -> bool:
    """Whether a line is a repetition, or a residual join."""
    join = line[0]
    return isinstance(join, Repeat) or (
        isinstance(join, Join) and not all(join.arms) and Trait.SUMS in get_traits(join.node)
    )


class _LineKey(NamedTuple):
    """The keys of a line with and without the name at its end."""

    whole: str
    bare: str

    @classmethod
    def make(cls, line: Sequence, keys: LikeKeys) -> _LineKey:
        whole, bare = keys.get(line), _without_name(line)
        return cls(whole, whole if bare is line else keys.get(bare))


def _join_keys(keys: list[_LineKey]) -> str:
    """Return the key of several lines, of which the last one's name stands behind them."""
    return " ; ".join([*(key.whole for key in keys[:-1]), keys[-1].bare])


def _without_name(line: Sequence) -> Sequence:
    return line[:-1] if len(line) > 1 and isinstance(line[-1], Mark) else line


def _join(lines: list[Sequence]) -> Sequence:
    """Return the parts of lines, without a name at the end."""
    return _without_name([item for line in lines for item in line])


def _list_representatives(items: Sequence) -> list[Sequence]:
    """Return all sequences, of repetitions the first turn and of each block the first call only."""
    found, seen = [items], set[int]()
    for sequence in found:
        for item in sequence:
            if isinstance(item, Call):
                if item.block in seen:
                    continue
                seen.add(item.block)
            inner = list_inner(item)
            found += inner[:1] if isinstance(item, Repeat) else inner
    return [each for each in found if each]


class _Rewriting:
    """Puts calls of a block in the place of the lines with its key, at all depths."""

    def __init__(self, key: str, length: int, block: int, keys: LikeKeys, reads: Counter[str]) -> None:
        self._key, self._length, self._block, self._keys, self._reads = key, length, block, keys, reads

    def rewrite(self, items: Sequence) -> Sequence:
        lines = split_lines(items)
        line_keys = [_LineKey.make(line, self._keys) for line in lines]
        found, at = Sequence(), 0
        while at < len(lines):
            window = lines[at : at + self._length]
            if len(window) == self._length and self._matches(line_keys[at : at + self._length], window):
                body = _join(window)
                found.append(Call(self._block, [self._rewrite_inner(item) for item in body]))
                found += window[-1][-1:] if _without_name(window[-1]) is not window[-1] else []
                at += self._length
                continue
            found += [self._rewrite_inner(item) for item in lines[at]]
            at += 1
        return found

    def _rewrite_inner(self, item: Item) -> Item:
        return rewrite_inner(item, self.rewrite)

    def _matches(self, keys: list[_LineKey], window: list[Sequence]) -> bool:
        key = _join_keys(keys)
        if MARK not in key:
            return key == self._key
        items = _join(window)
        if isinstance(items[0], Resume) or not get_source(items) or not has_own_names(items, self._reads):
            return False
        return unify_names(key, items) == self._key
