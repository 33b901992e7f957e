"""Tables of the layers of a network and of a file, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from specnet.weights.fitting import Shape
from specnet.weights.stored import StoredLayer
from specnet.weights.structure import NetworkLayer

Pairs = Sequence[tuple[NetworkLayer, StoredLayer]]

BEFORE, BEHIND = 3, 4
"""Rows that are shown before the first disagreement, and from there on."""


def format_pairs(path: Path, pairs: Pairs, ends: bool = False) -> list[str]:
    """Return a line for each layer, or for the first and last: its name and shapes here, and those in the file."""
    rows = [(*_describe(ours.name, ours.shapes), *_describe_stored(theirs)) for ours, theirs in pairs]
    if ends and len(rows) > 2 * BEFORE:
        rows[BEFORE:-BEFORE] = [(f"… {len(rows) - 2 * BEFORE} more", "", "", "")]
    return _align(path, rows)


def format_around(path: Path, pairs: Pairs, wanted: NetworkLayer | None, rest: Sequence[StoredLayer]) -> list[str]:
    """Return the last pairs, and what stands behind them on both sides."""
    rows = [(*_describe(ours.name, ours.shapes), *_describe_stored(theirs)) for ours, theirs in pairs[-BEFORE:]]
    ours = _describe(wanted.name, wanted.shapes) if wanted else ("", "(no more layers)")
    theirs = [_describe_stored(layer) for layer in rest[:BEHIND]] or [("", "(no more layers)")]
    rows += [(*here, *there) for here, there in zip_longest([ours], theirs, fillvalue=("", ""))]
    return _align(path, rows)


def format_ambiguity(path: Path, one: Pairs, other: Pairs) -> list[str]:
    """Return the layers that two matches match differently."""
    second = {ours.name: theirs for ours, theirs in other}
    different = [
        (*_describe(ours.name, ours.shapes), theirs.name, f"or {second[ours.name].name}")
        for ours, theirs in one
        if ours.name in second and second[ours.name].name != theirs.name
    ]
    return _align(path, different[: BEFORE + BEHIND])


def _align(path: Path, rows: Iterable[Sequence[str]]) -> list[str]:
    """Return rows of four columns as lines, below a line that says which side is which."""
    table = [("here", "", path.name, ""), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def _describe_stored(layer: StoredLayer) -> tuple[str, str]:
    return _describe(layer.name, {role: tuple(tensor.shape) for role, tensor in layer.tensors.items()})


def _describe(name: str, shapes: Mapping[str, Shape]) -> tuple[str, str]:
    """Return a name, and the shape of the weight with what else there is: `64×3×7×7 + bias`."""
    main = shapes.get("weight", next(iter(shapes.values())))
    kind = " statistics" if "running_mean" in shapes else " + bias" if "bias" in shapes else ""
    return name, describe_shape(main) + kind


def describe_shape(shape: Shape) -> str:
    """Return a shape as 64×3×7×7, and that of a single number as 1."""
    return "×".join(map(str, shape)) or "1"
