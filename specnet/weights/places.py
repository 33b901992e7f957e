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


START = Place()
