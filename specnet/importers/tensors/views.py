"""Views: how the axes of a tensor lie in the axes of the value of a layer, as einops writes it.

A map has the axes C, H and W in torch's order, a sequence L and C, a vector C; N is the batch. A tensor N×HW×C that is
made of a map by `flatten` and `transpose` is a view of it whose second axis has the parts H and W. Reshaping, permuting
and slicing change a view only; layers are added when an operator needs the elements in another order than its value has
them (see arranging.py). Axes of 1 have no parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from specnet.importers.imported import SourceLayer
from specnet.layers.base import Shape


@dataclass(frozen=True, order=True)
class Part:
    """A range of an axis: `size` places that are `inner` elements of the axis apart."""

    axis: str
    inner: int
    size: int


Parts = tuple[Part, ...]
Dims = tuple[Parts, ...]
"""The parts of each axis of a tensor, the one that varies fastest last."""


@dataclass(frozen=True)
class View:
    """A tensor as a view of the value of a layer.

    `starts` are the first elements of the axes that are read, where that is not 0; `rolls` the places by which an axis
    was rolled before it was divided.
    """

    node: int
    dims: Dims
    starts: Mapping[str, int] = field(default_factory=dict, hash=False)
    rolls: Mapping[str, int] = field(default_factory=dict, hash=False)
    sources: tuple[SourceLayer, ...] = field(default=(), compare=False)
    """The operators that made the view."""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(measure, self.dims))

    @property
    def key(self) -> tuple[object, ...]:
        return self.node, self.dims, tuple(sorted(self.starts.items())), tuple(sorted(self.rolls.items()))


def measure(parts: Parts) -> int:
    """Return the number of places of an axis."""
    return prod(part.size for part in parts)


def list_axes(shape: Shape, batch: int = 1) -> Dims:
    """Return the axes of the value of a layer of a shape H×W×C, L×C or C, in torch's order, behind the batch."""
    letters = {3: "HWC", 2: "LC", 1: "C"}[len(shape)]
    axes = [_make_axis(letter, size) for letter, size in zip(letters, shape, strict=True)]
    ordered = [axes[-1], *axes[:-1]] if len(axes) == 3 else axes
    return (_make_axis("N", batch), *ordered)


def _make_axis(letter: str, size: int) -> Parts:
    return (Part(letter, 1, size),) if size > 1 else ()


def join(*axes: Iterable[Part]) -> Parts:
    """Return the parts of several axes as one axis; parts that continue each other become one."""
    joined: list[Part] = []
    for part in (part for axis in axes for part in axis):
        last = joined[-1] if joined else None
        if last and last.axis == part.axis and last.inner == part.inner * part.size:
            joined[-1] = Part(part.axis, part.inner, last.size * part.size)
        else:
            joined.append(part)
    return tuple(joined)


def split(parts: Parts, sizes: Sequence[int]) -> Dims | None:
    """Return the parts of one axis as several of these sizes; None if they cut a part where it cannot be cut."""
    rest, found = list(parts), list[Parts]()
    for size in sizes:
        taken, wanted = list[Part](), size
        while wanted > 1:
            if not rest:
                return None
            part = rest.pop(0)
            if part.size > wanted:
                if part.size % wanted:
                    return None
                inner = part.size // wanted
                rest.insert(0, Part(part.axis, part.inner, inner))
                part = Part(part.axis, part.inner * inner, wanted)
            elif wanted % part.size:
                return None
            taken.append(part)
            wanted //= part.size
        found.append(join(taken))
    return None if rest else tuple(found)


def reshape(view: View, shape: Sequence[int]) -> View | None:
    """Return the view in another shape; None if that cuts an axis where no view can."""
    dims = split(tuple(part for dim in view.dims for part in dim), shape)
    return replace(view, dims=dims) if dims is not None else None


def permute(view: View, dims: Sequence[int]) -> View:
    """Return the view with its axes in another order."""
    return replace(view, dims=tuple(view.dims[dim] for dim in dims))


def select(view: View, dim: int, index: int) -> View:
    """Return the view at one place of an axis, which it loses."""
    starts, rest = dict(view.starts), index
    for part in reversed(view.dims[dim]):
        starts[part.axis] = starts.get(part.axis, 0) + rest % part.size * part.inner
        rest //= part.size
    return replace(view, dims=(*view.dims[:dim], *view.dims[dim + 1 :]), starts=_drop_zeros(starts))


def cut(view: View, dim: int, start: int, end: int, step: int = 1) -> View | None:
    """Return the places `start` to `end` of an axis; None if the axis has several parts and not all of it is read."""
    parts = view.dims[dim]
    if (start, end, step) == (0, measure(parts), 1):
        return view
    if len(parts) != 1 or view.rolls.get(parts[0].axis):
        return None
    (part,) = parts
    size = -(-(end - start) // step)
    cut_part = (Part(part.axis, part.inner * step, size),) if size > 1 else ()
    starts = dict(view.starts) | {part.axis: view.starts.get(part.axis, 0) + start * part.inner}
    return replace(view, dims=(*view.dims[:dim], cut_part, *view.dims[dim + 1 :]), starts=_drop_zeros(starts))


def roll(view: View, shifts: Sequence[int], dims: Sequence[int], axes: Mapping[str, int]) -> View | None:
    """Return the view with axes rolled by so many places; None if an axis is not a whole one. `axes` are the sizes."""
    rolls = dict(view.rolls)
    for shift, dim in zip(shifts, dims, strict=True):
        parts = view.dims[dim]
        if len(parts) != 1 or parts[0].inner != 1 or parts[0].size != axes.get(parts[0].axis):
            return None
        rolls[parts[0].axis] = (rolls.get(parts[0].axis, 0) + shift) % parts[0].size
    return replace(view, rolls=_drop_zeros(rolls))


def _drop_zeros(numbers: Mapping[str, int]) -> dict[str, int]:
    return {axis: number for axis, number in numbers.items() if number}


def count_places(dims: Dims) -> int:
    """Return the number of elements of a tensor."""
    return prod(map(measure, dims))


def cut_parts(views: Sequence[View], dim: int) -> View | None:
    """Return views that differ in where they begin, one behind the other along an axis, as one view of all.

    None if the places where they begin are not at equal distances along axes that the views leave out.
    """
    first, starts = views[0], [view.starts for view in views]
    axes = sorted({axis for each in starts for axis in each})
    places = [tuple(each.get(axis, 0) for axis in axes) for each in starts]
    parts, stride = list[Part](), 1
    while stride < len(places):
        step = tuple(b - a for a, b in zip(places[0], places[stride], strict=True))
        moved = [i for i, distance in enumerate(step) if distance]
        if len(moved) != 1 or step[moved[0]] < 0:
            return None
        count = 1
        while (count + 1) * stride <= len(places) and places[count * stride] == _move(places[0], step, count):
            count += 1
        parts.insert(0, Part(axes[moved[0]], step[moved[0]], count))
        stride *= count
        if count == 1:
            return None
    if stride != len(places) or not _follow(places, parts, axes):
        return None
    dims = (*first.dims[:dim], join(parts, first.dims[dim]), *first.dims[dim + 1 :])
    return replace(first, dims=dims, sources=views[-1].sources)


def _move(place: tuple[int, ...], step: tuple[int, ...], count: int) -> tuple[int, ...]:
    return tuple(a + b * count for a, b in zip(place, step, strict=True))


def _follow(places: Sequence[tuple[int, ...]], parts: Sequence[Part], axes: Sequence[str]) -> bool:
    """Whether the places are the first one, moved along the parts, the last of which varies fastest."""
    for number, place in enumerate(places):
        expected, rest = list(places[0]), number
        for part in reversed(parts):
            expected[axes.index(part.axis)] += rest % part.size * part.inner
            rest //= part.size
        if tuple(expected) != place:
            return False
    return True
