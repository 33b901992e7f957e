"""Windows at one place of a block are written alike in all its instances, so that one function or class serves them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from specnet.backends.channels_last.operations import Operation
from specnet.graph import Network

Operations = Mapping[str, tuple[Operation, ...]]
"""The operations of each node by its name."""

WINDOW_ARGUMENTS = ("kernel_size", "stride", "dilation", "output_size", "size")
"""Arguments that are one integer where the height and the width have the same."""

PADDING = "padding"


def group_places(network: Network) -> list[list[str]]:
    """Return the names of the nodes at each place: of one name within one block, or in turns of one loop."""
    found: dict[tuple[str, str], list[str]] = {}
    for node in network.nodes:
        found.setdefault(_find_place(network, node.name), []).append(node.name)
    return list(found.values())


def _find_place(network: Network, name: str) -> tuple[str, str]:
    """Return the word of the innermost block that holds a node, and the node's name there without numbers of turns."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        scope = network.scopes.get(".".join(parts[:end]))
        if scope and scope.word not in ("repeat", "for"):
            return scope.word, _drop_turns(".".join(parts[end:]))
    return "", _drop_turns(name)


def _drop_turns(name: str) -> str:
    return re.sub(r"(?<=\.)\d+(?=\.)", "*", name)


def unify_windows(network: Network, operations: Operations) -> dict[str, tuple[Operation, ...]]:
    """Return the operations with the same form of each window's numbers at each place.

    An integer stands for both axes, and as a padding for all sides, only where it does everywhere.
    """
    found = dict(operations)
    for names in group_places(network):
        for column in zip(*(found[name] for name in names), strict=False):
            forms = {key: _find_form(key, column) for key in (*WINDOW_ARGUMENTS, PADDING)}
            for name, operation in zip(names, column, strict=True):
                place = found[name].index(operation)
                changed = {key: forms[key](value) for key, value in operation.arguments.items() if key in forms}
                unified = replace(operation, arguments={**operation.arguments, **changed})
                found[name] = (*found[name][:place], unified, *found[name][place + 1 :])
    return found


def _find_form(key: str, column: Sequence[Operation]) -> Any:
    values = [each.arguments[key] for each in column if key in each.arguments]
    if key == PADDING:
        is_one_number = all(len({side for axis in value for side in axis}) == 1 for value in values)
        return (lambda sides: sides[0][0]) if is_one_number else (lambda sides: sides)
    return _to_pair if any(isinstance(value, tuple) for value in values) else (lambda value: value)


def _to_pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


def spread(value: int | tuple[int, int]) -> tuple[int, int]:
    """Return the numbers along height and width."""
    return (value, value) if isinstance(value, int) else value


def spread_padding(padding: int | Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the pixels before and after along each axis."""
    return ((padding, padding),) * 2 if isinstance(padding, int) else tuple(padding)
