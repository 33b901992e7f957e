"""Units that may be calls of one class: those of one block, and repetitions that are as deep; inner ones first."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from specnet.backends.torch_source.outline import Series, Unit
from specnet.graph import Network

Key = tuple[str, int]
"""What a unit was written as, and where that says little, how deep it is."""


def alike(network: Network, root: Unit) -> list[list[Unit]]:
    """All units but the root, in groups of which none holds units of a later one."""
    heights = _heights(root)
    units = {unit.path: unit for unit in _all(root)}
    blocks = {path: (unit.word, 0 if path in network.scopes else heights[path]) for path, unit in units.items()}
    try:
        return _ordered(units, blocks)
    except CycleError:
        return _ordered(units, {path: (unit.word, heights[path]) for path, unit in units.items()})


def _ordered(units: dict[str, Unit], keys: dict[str, Key]) -> list[list[Unit]]:
    groups: dict[Key, list[Unit]] = {}
    needs: dict[Key, list[Key]] = {}
    for path, unit in units.items():
        groups.setdefault(keys[path], []).append(unit)
        needs.setdefault(keys[path], []).extend(keys[inner.path] for inner in _inside(unit))
    return [groups[key] for key in TopologicalSorter(needs).static_order()]


def _heights(root: Unit) -> dict[str, int]:
    """Of each unit, how many units stand within each other in it."""
    heights: dict[str, int] = {}
    for unit in reversed(list(_all(root))):
        heights[unit.path] = max((heights[inner.path] + 1 for inner in _inside(unit)), default=0)
    return heights


def _all(unit: Unit) -> Iterator[Unit]:
    """The units inside, outer ones first."""
    for inner in _inside(unit):
        yield inner
        yield from _all(inner)


def _inside(unit: Unit) -> Iterator[Unit]:
    """The units right below, without those that use another's weights."""
    for item in unit.items:
        if item.is_owner and isinstance(item.content, Unit):
            yield item.content
        if item.is_owner and isinstance(item.content, Series):
            yield from item.content.steps
