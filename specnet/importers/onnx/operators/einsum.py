"""Einsum of two values, as a product of matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from specnet.importers.onnx.building import Conversion

if TYPE_CHECKING:
    from numpy import ndarray


def convert_einsum(conversion: Conversion) -> None:
    """Turn both values to (shared, own, summed) axes, multiply, and turn the result as it is wanted."""
    equation = "".join(conversion.node.get("equation", "").split())
    terms, arrow, wanted = equation.partition("->")
    parts = terms.split(",")
    if not arrow or "." in equation or len(parts) != len(conversion.node.inputs) or len(parts) > 2:
        raise conversion.refuse(f"`{equation}` is no product of two values")
    if any(len(set(part)) != len(part) for part in (*parts, wanted)):
        raise conversion.refuse(f"`{equation}` takes a diagonal")
    if len(parts) == 1:
        _turn(conversion, parts[0], wanted)
        return
    places = (1, 0) if conversion.program.is_constant(conversion.input()) else (0, 1)
    axes = _sort_axes(conversion, parts[places[0]], parts[places[1]], wanted)
    sizes = {
        letter: size for place in (0, 1) for letter, size in zip(parts[place], conversion.shape(place), strict=True)
    }
    product = _Product(conversion, axes, sizes)
    value = product.multiply(places, [parts[place] for place in places])
    order = [*axes.shared, *axes.rows, *axes.columns]
    flat = tuple(sizes[letter] for letter in order)
    if len(axes.rows) != 1 or len(axes.columns) != 1:
        value = conversion.emit("reshape", [value], flat, shape=flat)
    dims = tuple(order.index(letter) for letter in wanted)
    conversion.give("permute", [value], [sizes[letter] for letter in wanted], dims=dims)


class _Axes(NamedTuple):
    """The letters of a product: in both values and the result, in one and the result, and in both values alone."""

    shared: list[str]
    rows: list[str]
    columns: list[str]
    summed: list[str]


def _sort_axes(conversion: Conversion, left: str, right: str, wanted: str) -> _Axes:
    shared = [letter for letter in wanted if letter in left and letter in right]
    rows = [letter for letter in wanted if letter in left and letter not in right]
    columns = [letter for letter in wanted if letter in right and letter not in left]
    summed = [letter for letter in left if letter in right and letter not in wanted]
    if {*left} - {*shared, *rows, *summed} or {*right} - {*shared, *columns, *summed}:
        raise conversion.refuse("it sums one of its values alone")
    return _Axes(shared, rows, columns, summed)


class _Product(NamedTuple):
    """A product of matrices whose rows, columns and summed places may be several axes each."""

    conversion: Conversion
    axes: _Axes
    sizes: Mapping[str, int]

    def multiply(self, places: tuple[int, int], letters: Sequence[str]) -> str:
        """Add the product of two inputs; return its name."""
        axes = self.axes
        left = self._bring(places[0], letters[0], [axes.rows, axes.summed])
        weight = self.conversion.input(places[1])
        rows, columns, summed = (self._count(group) for group in (axes.rows, axes.columns, axes.summed))
        around = [self.sizes[letter] for letter in axes.shared]
        made = (*around, rows, columns)
        if self.conversion.program.is_constant(weight) and not axes.shared:
            dims = tuple(letters[1].index(letter) for letter in (*axes.columns, *axes.summed))
            turn = partial(_transpose, dims=dims)
            matrix = self.conversion.program.derive(weight, (columns, summed), turn, f"turned:{dims}")
            return self.conversion.emit("linear", (left, matrix, None), made)
        right = self._bring(places[1], letters[1], [axes.summed, axes.columns])
        return self.conversion.emit("matmul", (left, right), made)

    def _count(self, letters: Sequence[str]) -> int:
        return prod(self.sizes[letter] for letter in letters)

    def _bring(self, place: int, letters: str, groups: Sequence[Sequence[str]]) -> str:
        """Return an input with the shared axes first, and then one axis for each group."""
        order = [*self.axes.shared, *groups[0], *groups[1]]
        dims = tuple(letters.index(letter) for letter in order)
        name = self.conversion.input(place)
        if dims != tuple(range(len(dims))):
            name = self.conversion.emit("permute", [name], [self.sizes[letter] for letter in order], dims=dims)
        shape = (*(self.sizes[letter] for letter in self.axes.shared), *map(self._count, groups))
        return name if len(order) == len(shape) else self.conversion.emit("reshape", [name], shape, shape=shape)


def _transpose(array: ndarray, dims: tuple[int, ...]) -> ndarray:
    return array.transpose(dims)


def _turn(conversion: Conversion, letters: str, wanted: str) -> None:
    shape = conversion.shape()
    gone = tuple(place for place, letter in enumerate(letters) if letter not in wanted)
    left = [letter for letter in letters if letter in wanted]
    name = conversion.input()
    sizes = dict(zip(letters, shape, strict=True))
    if gone:
        name = conversion.emit("sum", [name], [sizes[letter] for letter in left], dims=gone, keepdim=False)
    dims = tuple(left.index(letter) for letter in wanted)
    conversion.give("permute", [name], [sizes[letter] for letter in wanted], dims=dims)
