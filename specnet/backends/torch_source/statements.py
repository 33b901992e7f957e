"""Parts → statements: what a person writes on one line, about one line of the spec."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from specnet.backends.torch_source.calling import applied
from specnet.backends.torch_source.layout import WIDTH, Text, flat
from specnet.backends.torch_source.outline import Item, Leaf, Series
from specnet.backends.torch_source.parameters import Slot
from specnet.backends.torch_source.parts import Parts
from specnet.layers.base import Family

DEEPEST = 4
"""Calls within each other on one line, at most."""

FOLLOWERS = (Family.ACTIVATION, Family.NORMALISATION, Family.REGULARISATION)


@dataclass
class Statement:
    """Parts of which each reads the one before, and the detour that they belong to."""

    items: list[Item]
    detour: Slot | None

    @property
    def reads(self) -> tuple[str, ...]:
        return self.items[0].ins

    @property
    def makes(self) -> tuple[str, ...]:
        return self.items[-1].outs

    @property
    def depth(self) -> int:
        """How many calls stand within each other."""
        return sum(len(item.content.calls) if isinstance(item.content, Leaf) else 1 for item in self.items)

    @property
    def is_loop(self) -> bool:
        """Whether the steps of a series read more than the step before: then they are called in a loop."""
        return isinstance(self.items[0].content, Series) and len(self.reads) > 1

    def text(self, parts: Parts, values: list[Text]) -> Text:
        for item in self.items:
            values = [applied(parts, item, values)]
        return values[0]


def statements(parts: Parts) -> list[Statement]:
    """The parts of a class in order, those together that a person writes on one line."""
    unit = parts.design.whole
    reads = Counter([*unit.outs, *(value for item in unit.items for value in item.ins)])
    reads.update(instead for _, instead in parts.detoured.values())
    found = list[Statement]()
    for item in unit.items:
        longer = _continued(found[-1], item, parts, reads) if found else None
        if longer:
            found[-1] = longer
        else:
            found.append(Statement([item], parts.detour(item)))
    return found


def _continued(statement: Statement, item: Item, parts: Parts, reads: Counter[str]) -> Statement | None:
    """The statement with one more part, if that alone reads what it makes, and a person would write it there."""
    chained = item.ins == statement.makes and len(item.ins) == 1 and reads[item.ins[0]] == 1
    longer = Statement([*statement.items, item], parts.detour(item))
    if not chained or statement.detour != longer.detour or statement.is_loop or not _belongs(statement, item):
        return None
    fits = len(flat(longer.text(parts, [*longer.reads]))) <= WIDTH - 16
    return longer if longer.depth <= DEEPEST and fits else None


def _belongs(statement: Statement, item: Item) -> bool:
    """conv, bn, relu belong together, and so do bn, relu, conv; a dropout belongs to what is before it."""
    weighty = [not _follows(each) for each in statement.items]
    if not any(weighty):
        return True
    return _follows(item) and (weighty[0] or _family(item) is Family.REGULARISATION)


def _follows(item: Item) -> bool:
    return _family(item) in FOLLOWERS


def _family(item: Item) -> Family | None:
    layer = item.content.node.layer if isinstance(item.content, Leaf) else None
    return layer.family if layer else None
