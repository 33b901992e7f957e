"""Split sequences into lines as a person would: a convolution with its norm and activation, a join, a call."""

from __future__ import annotations

from itertools import chain

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
    is_follower,
    is_normalisation,
    list_inner,
)
from specnet.layers.base.traits import Family, Trait

ONE_LINE = 5
"""A join, a repetition or a head with at most so many layers, one line each, is taken to fit on one line."""


MAP_AXES = "HWC"

SHORT_ARM_LINES, SHORT_ARM = 2, 4
"""An arm of two lines with at most four layers is written as one."""


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
    """Whether a norm or an activation belongs to a line: not behind braces, or before the next layer."""
    if isinstance(line[-1], Join | Repeat | Call):
        return False
    begins_with_norm = is_normalisation(line[0])
    return not (is_norm and begins_with_norm and not all(map(is_follower, line)))


def _is_only_norms(line: Sequence) -> bool:
    """Whether a line is a norm with its activation, which the layer that reads them may follow."""
    return is_normalisation(line[0]) and all(map(is_follower, line))


def join_lines(lines: list[Sequence]) -> list[Sequence]:
    """Return the lines as they are written: a slice or an enlarged map is on the line of the layer that reads it."""
    found = list[Sequence]()
    for line in lines:
        if found and _share_line(found[-1], line):
            found[-1] = [*found[-1], *line]
        else:
            found.append(line)
    return found


def _share_line(before: Sequence, line: Sequence) -> bool:
    if not is_normalisation(line[0]) and all(map(is_follower, line)):
        return bool(list_inner(before[-1])) and _count(before[-1]) == 1  # the activation of a short join or a call
    return (_is_reshaped(before) and _follows_reshaping(line)) or _embeds(before, line)


def _is_reshaped(line: Sequence) -> bool:
    """Whether a line only reshapes its input."""
    layers = [item for item in line if not isinstance(item, Resume)]
    return bool(layers) and all(isinstance(item, Leaf) and _reshapes(item) for item in layers)


def _reshapes(leaf: Leaf) -> bool:
    return leaf.node.layer is not None and leaf.node.layer.family is Family.RESHAPING


def _follows_reshaping(line: Sequence) -> bool:
    return isinstance(line[0], Leaf | Call | Repeat) and count_lines(line) == 1


def _embeds(before: Sequence, line: Sequence) -> bool:
    """Whether a line makes tokens of the map above, or a vector, and belongs to it."""
    is_layer = isinstance(before[-1], Leaf) and not list_inner(before[-1])
    return is_layer and len(line) <= SHORT_ARM and all(isinstance(item, Leaf) and _makes_tokens(item) for item in line)


def _makes_tokens(leaf: Leaf) -> bool:
    is_embedding = leaf.node.layer is not None and Trait.EMBEDS in leaf.node.layer.traits
    return is_embedding or (_reshapes(leaf) and len(leaf.node.output or ()) < len(MAP_AXES))


def split_arm(arm: Sequence) -> list[Sequence]:
    """Return the lines of an arm, which is one line if it is short."""
    lines = join_lines(split_lines(arm))
    is_chain = len(lines) == SHORT_ARM_LINES and not any(_has_braces(item) or isinstance(item, Mark) for item in arm)
    return [arm] if is_chain and len(arm) <= SHORT_ARM else lines


def may_begin(line: Sequence) -> bool:
    """Whether a turn or a block may begin with a line: not with the name or the activation of what is above it."""
    return not isinstance(line[0], Mark | Resume) and (not is_follower(line[0]) or is_normalisation(line[0]))


def count_lines(items: Sequence) -> int:
    """Return how many lines a sequence takes."""
    return sum(map(_count_line, join_lines(split_lines(items))))


def _count_line(line: Sequence) -> int:
    return max(*map(_count, line), 1, sum(_count(item) for item in line if list_inner(item)))


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
    counts = [max(sum(_count_line(line) for line in split_arm(part)), 1) for part in inner]
    items = [*chain.from_iterable(inner)]
    is_short = len(items) <= ONE_LINE and (len(items) == 1 or not any(map(_has_braces, items)))
    return 1 if is_short and max(counts) == 1 else sum(counts) + 2


def _has_braces(item: Item) -> bool:
    return isinstance(item, Join | Repeat | Side)
