"""Operators that move elements, or take the mean or the maximum along axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod

from specnet.importers.imported import Fate
from specnet.importers.tensors.draft import ARRANGES, Draft, NoCounterpart, make
from specnet.importers.tensors.program import Operator
from specnet.importers.tensors.views import Parts, View, cut, permute, reshape, roll, select

MOST_PARTS = 16
"""The parts of the channels that are added up one by one."""


def lower_reshape(draft: Draft, op: Operator) -> None:
    """Other sizes; only the view changes, or elements are brought into torch's order first."""
    view = draft.view(op)
    made = reshape(view, op.shape)
    if made is None:
        made = reshape(_settle(draft, op, view), op.shape)
    if made is None:
        raise NoCounterpart("it divides axes in a way that no layer does")
    _bind_view(draft, op, made)


def _settle(draft: Draft, op: Operator, view: View) -> View:
    """Return the view as a value of its own, in torch's order."""
    if not 2 <= len(view.dims) <= 4:
        raise NoCounterpart(f"it has {len(view.dims)} axes, and values here at most four")
    node = draft.settle(op, view, len(view.dims) - 1)
    return View(node, draft.axes(node))


def _bind_view(draft: Draft, op: Operator, view: View) -> None:
    draft.note(op.source, Fate.EQUAL, ARRANGES)
    draft.bind(op, replace(view, sources=(*view.sources, op.source)))


def lower_permute(draft: Draft, op: Operator) -> None:
    """Axes in another order."""
    _bind_view(draft, op, permute(draft.view(op), op.attributes["dims"]))


def lower_expand(draft: Draft, op: Operator) -> None:
    """Axes of 1 that are repeated, as joins do with them by themselves."""
    draft.note(op.source, Fate.EQUAL, "sizes of 1 are repeated where values are joined")
    draft.values[op.output] = draft.view(op)


def lower_slice(draft: Draft, op: Operator) -> None:
    """A range of an axis."""
    view, given = draft.view(op), op.attributes
    dim = given["dim"] % len(view.dims)
    size = view.shape[dim]
    start, end = (min(max(at + size if at < 0 else at, 0), size) for at in (given["start"], given["end"]))
    made = cut(view, dim, start, end, given.get("step", 1))
    made = made if made is not None else cut(_settle(draft, op, view), dim, start, end, given.get("step", 1))
    if made is None:
        raise NoCounterpart("it takes a part of an axis that has other parts")
    if made == view:
        draft.note(op.source, Fate.EQUAL, "it takes all of its input")
        draft.bind(op, view)
    else:
        _bind_view(draft, op, made)


def lower_select(draft: Draft, op: Operator) -> None:
    """One place of an axis."""
    view, given = draft.view(op), op.attributes
    dim = given["dim"] % len(view.dims)
    _bind_view(draft, op, select(view, dim, given["index"] % max(1, view.shape[dim])))


def lower_roll(draft: Draft, op: Operator) -> None:
    """Places that move along an axis and come back at its other end."""
    view = draft.view(op)
    sizes = {parts[0].axis: parts[0].size for parts in draft.axes(view.node) if parts}
    made = roll(view, op.attributes["shifts"], op.attributes["dims"], sizes)
    if made is None:
        raise NoCounterpart("it rolls a part of an axis")
    _bind_view(draft, op, made)


# Means and maxima


def lower_reduction(draft: Draft, op: Operator) -> None:
    """The mean, the sum or the maximum over axes: those of a map, the tokens of a sequence, or parts of channels."""
    view = draft.view(op)
    dims = {dim % len(view.dims) for dim in op.attributes["dims"]}
    whole = draft.trim(op, view)
    parts = tuple(part for dim in sorted(dims) for part in whole.dims[dim])
    letters = {part.axis for part in parts}
    if not parts:
        _bind_reduced(draft, op, whole, whole.node, dims)
        draft.note(op.source, Fate.EQUAL, "it is over a single element")
    elif letters == {"C"}:
        _add_up(draft, op, whole, dims)
    elif letters <= {"H", "W", "L"} and _are_whole(draft, whole, parts, letters):
        _pool(draft, op, whole, dims, letters)
    else:
        raise NoCounterpart("it is over axes that no layer pools together")


def _are_whole(draft: Draft, view: View, parts: Parts, letters: set[str]) -> bool:
    sizes = {axis[0].axis: axis[0].size for axis in draft.axes(view.node) if axis}
    return prod(part.size for part in parts) == prod(sizes[letter] for letter in letters)


def _pool(draft: Draft, op: Operator, view: View, dims: set[int], letters: set[str]) -> None:
    operation = "max" if op.kind == "amax" else "avg"
    shape = draft.shape_of(view)
    is_global = len(shape) == 2 or all(letter in letters or shape["HW".index(letter)] == 1 for letter in "HW")
    size = (shape[0] if "H" in letters else 1, shape[1] if "W" in letters else 1) if len(shape) == 3 else ()
    window = {"to": (1, 1)} if is_global else {"F": size}
    node = draft.add(op, make("pool", {"operation": operation, **window}), [view.node])
    if op.kind == "sum":
        count = prod(size) if size else shape[0]
        node = draft.add(op, make("times", {"by": count}), [node])
        draft.note(op.source, Fate.EQUAL, "a sum is a mean times the number of positions", node)
    _bind_reduced(draft, op, view, node, dims)


def _bind_reduced(draft: Draft, op: Operator, view: View, node: int, dims: set[int]) -> None:
    keeps = op.attributes.get("keepdim", False)
    left = [() if dim in dims else parts for dim, parts in enumerate(view.dims) if keeps or dim not in dims]
    draft.bind(op, View(node, tuple(left)))


def _add_up(draft: Draft, op: Operator, view: View, dims: set[int]) -> None:
    """Add up a few equal parts of the channels, which are cut out one by one."""
    (dim, *others), count = sorted(dims), prod(view.shape[dim] for dim in dims)
    if others or op.kind == "amax" or count > MOST_PARTS or not 1 < count < draft.shape_of(view)[-1]:
        raise NoCounterpart("it is over the channels, over which no layer pools")
    parts = [select(view, dim, index) for index in range(count)]
    rest = tuple(part for dim in parts[0].dims for part in dim)
    axes = draft.axes(view.node)
    wanted = tuple(tuple(part for part in rest if axis and part.axis == axis[0].axis) for axis in axes)
    nodes = [draft.arrange(op, part, wanted[1:], wanted[0]) for part in parts]
    node = draft.add(op, make("add", {}), nodes)
    if op.kind == "mean":
        node = draft.add(op, make("times", {"by": 1 / count}), [node])
    reduced = View(node, parts[0].dims)
    if op.attributes.get("keepdim"):
        reduced = View(node, (*reduced.dims[:dim], (), *reduced.dims[dim:]))
    draft.bind(op, reduced)


RULES: Mapping[str, Callable[[Draft, Operator], None]] = {
    "reshape": lower_reshape,
    "permute": lower_permute,
    "expand": lower_expand,
    "slice": lower_slice,
    "select": lower_select,
    "roll": lower_roll,
    **dict.fromkeys(("mean", "sum", "amax"), lower_reduction),
}
