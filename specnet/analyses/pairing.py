"""The layers of two networks in pairs: by their names where these agree, or by their texts where names have moved."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from specnet.graph import Node
from specnet.printer.values import format_layer

Pair = tuple[Node | None, Node | None]

Match = Callable[[Sequence[Node], Sequence[Node]], Iterable[tuple[int, int]]]
"""Returns the positions of nodes that belong together, in the order of both networks."""


MOST_COMPARED = 4_000_000
"""The largest number of pairs of layers whose texts are compared."""


def pair_nodes(before: Sequence[Node], after: Sequence[Node]) -> Sequence[Pair]:
    """Return the nodes of both networks in pairs, with None for a missing counterpart.

    Layers of the same name belong together, unless one that was inserted has moved the numbers of those behind it: of
    the orders in which names and texts are compared, the first that leaves the fewest differences counts.
    """
    by_name = [*_pair_by(before, after, (_match_names, _match_texts))]
    if all(old and new for old, new in by_name):
        return by_name
    orders = (_match_names_with_texts, _match_texts, _match_names), (_match_texts, _match_names)
    return min(by_name, *([*_pair_by(before, after, matches)] for matches in orders), key=_count_differences)


def format_unnamed(node: Node) -> str:
    """Return the layer as a spec writes it, without any names of values."""
    return format_layer(node.layer) if node.layer else node.kind


def _pair_by(before: Sequence[Node], after: Sequence[Node], matches: Sequence[Match]) -> Iterator[Pair]:
    """Yield the pairs of the first match, and between them those of the others, or by their place at last."""
    if not matches or not before or not after:
        yield from _pair_in_place(before, after)
        return
    left = right = 0
    for i, j in matches[0](before, after):
        yield from _pair_by(before[left:i], after[right:j], matches[1:])
        yield before[i], after[j]
        left, right = i + 1, j + 1
    yield from _pair_by(before[left:], after[right:], matches[1:])


def _pair_in_place(before: Sequence[Node], after: Sequence[Node]) -> Iterator[Pair]:
    """Yield pairs of nodes in place of each other if they have the same kinds; each of them alone if not."""
    if [node.kind for node in before] == [node.kind for node in after]:
        yield from zip(before, after, strict=True)
    else:
        yield from ((node, None) for node in before)
        yield from ((None, node) for node in after)


def _count_differences(pairs: Sequence[Pair]) -> int:
    return sum(not old or not new or format_unnamed(old) != format_unnamed(new) for old, new in pairs)


def _match_texts(before: Sequence[Node], after: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """Match runs of equal texts, the longest first.

    Texts that recur throughout a long network begin no run (`autojunk`), and very long networks have no runs, as
    finding them takes up to cubic time.
    """
    if len(before) * len(after) > MOST_COMPARED:
        return
    matcher = SequenceMatcher(None, [*map(format_unnamed, before)], [*map(format_unnamed, after)], autojunk=True)
    for i, j, length in matcher.get_matching_blocks():
        yield from zip(range(i, i + length), range(j, j + length), strict=True)


def _match_names(before: Sequence[Node], after: Sequence[Node]) -> Iterable[tuple[int, int]]:
    return _match_in_order([(node.name, node.kind) for node in before], [(node.name, node.kind) for node in after])


def _match_names_with_texts(before: Sequence[Node], after: Sequence[Node]) -> Iterable[tuple[int, int]]:
    return _match_in_order(*([(node.name, format_unnamed(node)) for node in nodes] for nodes in (before, after)))


def _match_in_order(before: Iterable[object], after: Iterable[object]) -> Iterable[tuple[int, int]]:
    """Match as many equal keys as are in the same order on both sides; each occurs once on a side.

    They are the longest increasing subsequence of positions, found in n log n (Schensted 1961).
    """
    places = {key: j for j, key in enumerate(after)}
    found = [(i, places[key]) for i, key in enumerate(before) if key in places]
    ends, last, previous = list[int](), list[int](), list[int]()
    for n, (_, j) in enumerate(found):
        at = bisect_left(ends, j)
        previous.append(last[at - 1] if at else -1)
        ends[at : at + 1], last[at : at + 1] = [j], [n]
    return reversed([found[n] for n in _follow(previous, last[-1] if last else -1)])


def _follow(previous: Sequence[int], n: int) -> Iterator[int]:
    while n >= 0:
        yield n
        n = previous[n]
