"""Patterns that tell the families of layers apart on paper without colours: swatches of small black and white cells.

They are cells of a table, which Graphviz renders in every format.
"""

from __future__ import annotations

from collections.abc import Mapping

from specnet.layers.base import Family

CELL, SIDE = 2, 10
"""The sides of a cell and of a swatch in points."""

PATTERNS: Mapping[Family, tuple[str, ...]] = {
    Family.CONVOLUTION: ("#.#.#", "#.#.#", "#.#.#", "#.#.#", "#.#.#"),
    Family.POOLING: ("#####", ".....", "#####", ".....", "#####"),
    Family.DENSE: ("#####", "#####", "#####", "#####", "#####"),
    Family.ATTENTION: ("#####", "#.#.#", "#####", "#.#.#", "#####"),
    Family.ACTIVATION: ("....#", "...##", "..###", ".####", "#####"),
    Family.NORMALISATION: ("#.#.#", ".#.#.", "#.#.#", ".#.#.", "#.#.#"),
    Family.REGULARISATION: (".....", ".#.#.", ".....", ".#.#.", "....."),
    Family.RESHAPING: ("#####", "#...#", "#...#", "#...#", "#####"),
    Family.JOIN: ("#...#", ".#.#.", "..#..", ".#.#.", "#...#"),
}
"""The cells of each family, row by row; `#` is black."""


def make_swatch(family: Family) -> str:
    """Return the pattern of a family as a cell of a table."""
    rows = "".join(f"<TR>{''.join(map(_make_cell, row))}</TR>" for row in PATTERNS[family])
    size = f'FIXEDSIZE="TRUE" WIDTH="{SIDE}" HEIGHT="{SIDE}"'
    table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}>{rows}</TABLE>'
    return f'<TD CELLPADDING="0" {size}>{table}</TD>'


def _make_cell(mark: str) -> str:
    colour = "#000000" if mark == "#" else "#FFFFFF"
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{CELL}" HEIGHT="{CELL}" BGCOLOR="{colour}"></TD>'
