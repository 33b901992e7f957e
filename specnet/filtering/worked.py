"""A convolution worked by hand: the products of every window, and their sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from specnet.filtering.choices import Edges
from specnet.filtering.correlation import find_padding
from specnet.filtering.kernels import Kernel
from specnet.filtering.numbers import Numbers, find_denominator, format_number
from specnet.printable import format_amount

MOST_WINDOWS = 100
"""The windows that are shown as text."""

GAP = "  "


@dataclass(frozen=True)
class Window:
    """A window by its place in the output, from 0, and the pairs of a number under it and the weight of the kernel.

    Padding, which adds nothing, is not among the pairs.
    """

    row: int
    column: int
    pairs: tuple[tuple[Fraction, Fraction], ...]

    @property
    def products(self) -> list[Fraction]:
        return [number * weight for number, weight in self.pairs]

    @property
    def total(self) -> Fraction:
        return sum(self.products, Fraction())


@dataclass(frozen=True)
class Worked:
    """Numbers and a kernel, and their windows row by row; `is_flipped` says whether it is true convolution."""

    numbers: Numbers
    kernel: Kernel
    edges: Edges
    is_flipped: bool
    padding: tuple[tuple[int, int], tuple[int, int]]
    windows: tuple[Window, ...]

    @property
    def output(self) -> Numbers:
        rows: dict[int, list[Fraction]] = {}
        for window in self.windows:
            rows.setdefault(window.row, []).append(window.total)
        return tuple(map(tuple, rows.values()))

    @property
    def operation(self) -> str:
        return "convolution" if self.is_flipped else "cross-correlation"

    def to_record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        windows = [
            {"row": w.row, "column": w.column, "products": [*map(float, w.products)], "sum": float(w.total)}
            for w in self.windows
        ]
        grids = {"numbers": self.numbers, "kernel": self.kernel.rows, "output": self.output}
        floats = {name: [[*map(float, row)] for row in grid] for name, grid in grids.items()}
        return {"operation": self.operation, "edges": self.edges, **floats, "windows": windows}


def work_out(numbers: Numbers, kernel: Kernel, edges: Edges, is_flipped: bool) -> Worked:
    """Work out a convolution; raises DoesNotFit."""
    applied = kernel.flip().rows if is_flipped else kernel.rows
    sizes, windows = (len(numbers), len(numbers[0])), (len(applied), len(applied[0]))
    padding = [find_padding(size, window, edges) for size, window in zip(sizes, windows, strict=True)]
    height, width = (
        size + sum(sides) - window + 1 for size, sides, window in zip(sizes, padding, windows, strict=True)
    )
    places = [(row, column) for row in range(height) for column in range(width)]
    found = tuple(Window(*place, tuple(_pair(numbers, applied, place, padding))) for place in places)
    return Worked(numbers, kernel, edges, is_flipped, (padding[0], padding[1]), found)


def _pair(
    numbers: Numbers, weights: Numbers, place: tuple[int, int], padding: list[tuple[int, int]]
) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield the numbers within a window with their weights."""
    top, left = place[0] - padding[0][0], place[1] - padding[1][0]
    for y, row in enumerate(weights, top):
        for x, weight in enumerate(row, left):
            if 0 <= y < len(numbers) and 0 <= x < len(numbers[0]):
                yield numbers[y][x], weight


# As text


def format_worked(worked: Worked) -> list[str]:
    """Return the operation, the three grids, and a line for each window."""
    rule = "the kernel is flipped first" if worked.is_flipped else "as networks compute it: the kernel is not flipped"
    lines = [f"{worked.operation}, {rule}", ""]
    for title, grid in (("input", worked.numbers), ("kernel", worked.kernel.rows), ("output", worked.output)):
        formula = f": {_format_sizes(worked)}" if title == "output" else ""
        lines += [f"{title} {_format_size(grid)}{formula}", *format_grid(grid), ""]
    shown = worked.windows[:MOST_WINDOWS]
    lines += [_format_window(window, len(worked.numbers) > 1 or len(worked.kernel.rows) > 1) for window in shown]
    if rest := len(worked.windows) - len(shown):
        lines.append(f"and {format_amount(rest, 'more window')}")
    return lines


def _format_size(grid: Numbers) -> str:
    return f"{len(grid)}×{len(grid[0])}" if len(grid) > 1 else f"{len(grid[0])}"


def _format_sizes(worked: Worked) -> str:
    """Return `(6 − 3 + 0)/1 + 1` for each axis that the numbers or the kernel have."""
    pairs = [(len(worked.numbers), len(worked.kernel.rows)), (len(worked.numbers[0]), len(worked.kernel.rows[0]))]
    sums = [
        f"({n} − {f} + {sum(sides)})/1 + 1 = {n - f + sum(sides) + 1}"
        for (n, f), sides in zip(pairs, worked.padding, strict=True)
    ]
    flat = pairs[0] == (1, 1) and len(worked.output) == 1
    return sums[1] if flat or sums[0] == sums[1] else ", ".join(sums)


def format_grid(grid: Numbers) -> list[str]:
    """Return a line for each row, with the numbers over their common denominator and flush right in columns."""
    denominator = find_denominator(number for row in grid for number in row)
    cells = [[format_number(number, denominator) for number in row] for row in grid]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [GAP.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]


def _format_window(window: Window, has_rows: bool) -> str:
    """Return `row 1, column 2: 0·1 + 1·0 + 2·(−1) = −2`, with rows and columns counted from 1."""
    place = f"row {window.row + 1}, column {window.column + 1}" if has_rows else f"position {window.column + 1}"
    terms = [f"{format_number(number)}·{_enclose(format_number(weight))}" for number, weight in window.pairs]
    denominator = find_denominator([*window.products])
    total = format_number(window.total, denominator)
    products = [_enclose(format_number(product, denominator)) for product in window.products]
    steps = f" = {' + '.join(products)}" if denominator != 1 and len(products) > 1 else ""
    return f"{place}: {' + '.join(terms) or '0'}{steps} = {total}"


def _enclose(text: str) -> str:
    return f"({text})" if text.startswith("−") else text
