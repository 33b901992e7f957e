"""Where layers stand by their names: in blocks within blocks, each of which is run as a whole, and by their numbers.

In torch's `layer1.0.conv2`, `layer1` and `layer1.0` are blocks; in Keras's `conv2_block1_0_bn`, what ends in a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from specnet.weights.arrangement import NUMBER, split_number
from specnet.weights.stored import Layout

Parts = tuple[str, ...]


def split_name(name: str, layout: Layout) -> Parts:
    """Return the parts of a name: those between dots in torch, between underscores in Keras."""
    return tuple(name.split(".") if layout == "torch" else re.split(r"[/_]", name.replace("conv2d", "convolution")))


@dataclass(frozen=True)
class Place:
    """The last layer that was run, the blocks that are finished, and the last number of each sequence of blocks."""

    last: Parts = ()
    finished: frozenset[Parts] = frozenset()
    numbers: Mapping[tuple[Parts, str], tuple[int, str]] = field(default_factory=dict)

    def measure_distance(self, parts: Parts) -> int:
        """Return the number of steps to another layer in the tree of names: 2 from `a.conv1` to `a.bn1`.

        It is one step less if only numbers differ where the names part: from `a.conv1` to `a.conv2`.
        """
        common = self._count_common(parts)
        here, there = (NUMBER.sub("#", "".join(each[common : common + 1])) for each in (self.last, parts))
        return len(self.last) + len(parts) - 2 * common - (here == there != "")

    def _count_common(self, parts: Parts) -> int:
        pairs = zip(self.last, parts, strict=False)
        return next(
            (count for count, (one, other) in enumerate(pairs) if one != other), min(len(self.last), len(parts))
        )

    def move_to(self, parts: Parts, layout: Layout) -> Place | None:
        """Return the place at the next layer, or None if a block would begin again, or a number come too late."""
        common = self._count_common(parts)
        entered, left = find_blocks(parts, common, layout), find_blocks(self.last, common, layout)
        if self.finished & entered:
            return None
        numbers = dict(self.numbers)
        for depth in range(common, len(parts)):
            if found := NUMBER.search(parts[depth]):
                sequence = parts[:depth], NUMBER.sub("#", parts[depth])
                number = split_number(found[0])
                if number < numbers.get(sequence, number):
                    return None
                numbers[sequence] = number
        return Place(parts, self.finished | left, numbers)


def is_counted_later(one: Parts, other: Parts, of_items: bool) -> bool:
    """Return whether the first name has the larger number where the two part, and nothing else is different there.

    So it is for `arms.2.1.conv` and `arms.0.conv`; for `of_items` only numbers of items of a list count, as these do,
    and those of `arms.arms2` and `arms.arms0`, and not those of `arm2` and `arm0`.
    """
    parts = zip(("", *one), one, other, strict=False)
    above, here, there = next((each for each in parts if each[1] != each[2]), ("", "", ""))
    is_item = here.isdigit() or NUMBER.sub("", here) == above != ""
    if NUMBER.sub("#", here) != NUMBER.sub("#", there) or (of_items and not is_item):
        return False
    numbers, others = ([split_number(number) for number in NUMBER.findall(part)] for part in (here, there))
    return numbers > others


def find_blocks(parts: Parts, common: int, layout: Layout) -> frozenset[Parts]:
    """Return the blocks around a layer that have more than `common` parts."""
    blocks = (parts[:end] for end in range(common + 1, len(parts)))
    return frozenset(block for block in blocks if layout == "torch" or NUMBER.search(block[-1]))


def misses_turn(ours: tuple[str, str], theirs: tuple[Parts, Parts]) -> bool:
    """Whether a layer here is in another turn of a loop than the one before, and in the same numbered block there.

    So it is in a transformer whose last `norm` is taken for the first one of `blocks.0`, and all others shifted.
    """
    here, there = (_find_turn(name) for name in ours)
    around = zip(*(parts[:-1] for parts in theirs), strict=False)
    numbers = [(NUMBER.findall(before), NUMBER.findall(after)) for before, after in around]
    is_same_block = any(before for before, _ in numbers) and all(before == after for before, after in numbers)
    return here[0] == there[0] and here[1] != there[1] and is_same_block


def _find_turn(name: str) -> tuple[str, str]:
    """Return the loop that a layer is in and its turn: `encoder` and `3` of `encoder.3.fc1`."""
    parts = name.split(".")
    turn = max((place for place, part in enumerate(parts) if part.isdigit()), default=0)
    return ".".join(parts[:turn]), parts[turn] if turn else ""


START = Place()
