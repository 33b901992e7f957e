"""Split sequences into lines as a person would: a convolution with its norm and activation, a join, a call."""

from __future__ import annotations

from specnet.importers.folding.items import (
    Call,
    Join,
    Leaf,
    Mark,
    Repeat,
    Resume,
    Sequence,
    Side,
    is_follower,
    is_normalisation,
    list_inner,
)

ONE_LINE = 5
"""A join, a repetition or a head with at most so many layers, one line each, is taken to fit on one line."""


def split_lines(items: Sequence) -> list[Sequence]:
    """Return the parts of each line; a norm before a layer stands on the line of that layer."""
    lines = list[Sequence]()
    for item in items:
        if lines and _continues(lines[-1], item):
            lines[-1].append(item)
        else:
            lines.append([item])
    return lines


def _continues(line: Sequence, item: object) -> bool:
    match item:
        case Mark():
            return True
        case Side() | Resume():
            return False
        case Leaf() if isinstance(line[-1], Mark | Side):
            return False
        case Leaf() if is_follower(item):
            return _takes_follower(line, is_normalisation(item))
        case Leaf():
            return _is_only_norms(line) or isinstance(line[-1], Resume)
        case _:
            return isinstance(line[-1], Resume)


def _takes_follower(line: Sequence, is_norm: bool) -> bool:
    """Whether a norm or an activation belongs to a line: not behind a long join, or before the next layer."""
    if isinstance(line[-1], Join | Repeat | Call) and count_lines([line[-1]]) > 1:
        return False
    begins_with_norm = is_normalisation(line[0])
    return not (is_norm and begins_with_norm and not all(map(is_follower, line)))


def _is_only_norms(line: Sequence) -> bool:
    """Whether a line is a norm with its activation, which the layer that reads them may follow."""
    return is_normalisation(line[0]) and all(map(is_follower, line))


def may_begin(line: Sequence) -> bool:
    """Whether a turn or a block may begin with a line: not with the activation of what is above it."""
    return not is_follower(line[0]) or is_normalisation(line[0])


def count_lines(items: Sequence) -> int:
    """Return how many lines a sequence takes."""
    return sum(sum(_count(item) for item in line) or 1 for line in split_lines(items))


def _count(item: object) -> int:
    """Return the lines of a part beyond those that it shares with others."""
    match item:
        case Join(arms=inner) | Repeat(turns=inner):
            return _count_braces(inner[:1] if isinstance(item, Repeat) else inner)
        case Side(body=body):
            return _count_braces([body])
        case Call():
            return 1
        case Leaf() if not is_follower(item):
            return 1
        case _:
            return 0


def _count_braces(inner: list[Sequence]) -> int:
    counts = [max(count_lines(part), 1) for part in inner]
    is_short = sum(map(len, inner)) <= ONE_LINE and not any(list_inner(item) for part in inner for item in part)
    return 1 if is_short and max(counts) == 1 else sum(counts) + 2
