"""How deep the blocks of a diagram are open when a page is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MOST_BOXES = 150
"""The number of boxes up to which all blocks are open: they can be taken in, and are laid out in a moment."""

Parts = Mapping[str, Any]
"""What `specnet.backends.diagram.parts` lists."""


def open_scopes(parts: Parts, depth: int | None) -> None:
    """Open the blocks `depth` deep and fold those below; None opens as many levels as `MOST_BOXES` allow.

    Layers of several steps are opened by a depth alone.
    """
    if depth is not None:
        for scope in parts["scopes"].values():
            scope["open"] = scope["open"] or bool(scope["layers"])
    else:
        levels = range(_measure_depth(parts, parts["contents"]), 0, -1)
        depth = next((each for each in levels if count_boxes(parts, parts["contents"], each) <= MOST_BOXES), 0)
    _open(parts, parts["contents"], depth)


def _open(parts: Parts, names: Iterable[str], depth: int) -> None:
    for scope in (parts["scopes"][name] for name in names if name in parts["scopes"]):
        scope["open"] = scope["open"] and depth > 0
        _open(parts, scope["contents"], depth - 1)


def _measure_depth(parts: Parts, names: Iterable[str]) -> int:
    scopes = [parts["scopes"][name] for name in names if name in parts["scopes"]]
    return max((1 + _measure_depth(parts, scope["contents"]) for scope in scopes), default=0)


def count_boxes(parts: Parts, names: Iterable[str], depth: int) -> int:
    """Count the boxes of a diagram with its blocks open `depth` deep; of a collapsed run, only the first is drawn."""
    hidden = {name for run in parts["runs"] if not run["open"] for name in run["scopes"][1:]}
    return sum(_count(parts, name, depth) for name in names if name not in hidden)


def _count(parts: Parts, name: str, depth: int) -> int:
    scope = parts["scopes"].get(name)
    is_open = scope and scope["open"] and depth > 0
    return count_boxes(parts, scope["contents"], depth - 1) if is_open else 1
