"""The columns of a network's table: what each shows of a row, and in the total. One row per column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from specnet.analyses.cost import count_flops, measure_memory
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.records import Record

if TYPE_CHECKING:
    from specnet.analyses.receptive_field import InputWindow


class Stack(Record):
    """A building block as papers have it: its layers from top to bottom, and how often it follows itself."""

    layers: tuple[str, ...]
    repetitions: int = 1

    def __str__(self) -> str:
        """`[3×3, 64; 3×3, 64] ×2`."""
        return f"[{'; '.join(self.layers)}]{f' ×{self.repetitions}' if self.repetitions > 1 else ''}"


class Blocks(Record):
    """The building blocks of a stage, one after the other."""

    stacks: tuple[Stack, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.stacks))


Cell = str | int | None | tuple[float, ...] | Blocks
"""A text, a count, sizes or building blocks; None is unknown, "" nothing to say."""


class Row(Record):
    """A row of the table: a layer, or several that are summed up; without `nodes`, an input or a remark."""

    name: str
    layer: Cell
    output: Cell
    nodes: tuple[Node, ...] = ()
    style: str = ""
    """The style of the terminal (an SGR code)."""


class Measures:
    """What columns show of a checked network; memory is computed on first use."""

    def __init__(self, checked: Checked) -> None:
        self.network = checked.network
        self.costs = checked.costs
        self.totals = checked.totals

    @cached_property
    def memory(self) -> Mapping[str, int | None]:
        """The bytes of each layer."""
        return measure_memory(self.network, self.costs)

    @cached_property
    def windows(self) -> Mapping[str, InputWindow]:
        """The known receptive field of each value."""
        from specnet.analyses.receptive_field import locate_receptive_fields

        return locate_receptive_fields(self.network)


class Column(Record):
    """A column: its name, heading, cell of a row and cell of the total.

    Numbers are flush right. Counts have thousands separators, and are left blank where they are 0.
    """

    name: str
    heading: str
    cell: Callable[[Measures, Row], Cell]
    total: Callable[[Measures], Cell] = lambda measures: ""
    is_number: bool = True


def _format_formula(measures: Measures, row: Row) -> Cell:
    if len(row.nodes) != 1:
        return ""
    node = row.nodes[0]
    inputs = measures.network.input_shapes(node)
    return node.layer.formula(inputs) if node.layer and inputs else ""


def _sum_up(row: Row, counts: Callable[[str], int | None]) -> Cell:
    """Return the sum over the layers of a row, None if one is unknown."""
    if not row.nodes:
        return ""
    found = [counts(node.name) for node in row.nodes]
    return sum(known) if len(known := [count for count in found if count is not None]) == len(found) else None


def _count_parameters(measures: Measures, row: Row) -> Cell:
    return _sum_up(row, lambda name: measures.costs[name].parameters)


def _count_buffers(measures: Measures, row: Row) -> Cell:
    return _sum_up(row, lambda name: measures.costs[name].buffers)


def _count_macs(measures: Measures, row: Row) -> Cell:
    return _sum_up(row, lambda name: measures.costs[name].macs)


def _count_flops(measures: Measures, row: Row) -> Cell:
    return _sum_up(row, lambda name: count_flops(measures.costs[name].macs))


def _measure_memory(measures: Measures, row: Row) -> Cell:
    return _sum_up(row, lambda name: measures.memory[name])


def _describe_window(measures: Measures, row: Row, describe: Callable[[InputWindow], Cell]) -> Cell:
    """Return what is said of the last layer's receptive field; "" for a family, whose layers have one each."""
    if not row.nodes or row.output == "":
        return ""
    window = measures.windows.get(row.nodes[-1].name)
    return describe(window) if window else None


def _show_field(measures: Measures, row: Row) -> Cell:
    return _describe_window(measures, row, lambda window: "global" if window.is_global else _join_axes(window.size))


def _show_stride(measures: Measures, row: Row) -> Cell:
    return _describe_window(measures, row, lambda window: _join_axes(window.stride))


def _show_centre(measures: Measures, row: Row) -> Cell:
    return _describe_window(measures, row, lambda window: _join_axes(window.centre))


def _join_axes(pair: tuple[float, float] | None) -> Cell:
    """Return 3 for (3, 3), 3×5 for others; "" for a value without it."""
    return "" if pair is None else pair[:1] if pair[0] == pair[1] else pair


COLUMNS = (
    Column("name", "name", lambda _, row: row.name, lambda _: "total", is_number=False),
    Column("layer", "layer", lambda _, row: row.layer, is_number=False),
    Column("output", "output", lambda _, row: row.output, is_number=False),
    Column("formula", "(N − F + 2P)/S + 1", _format_formula, is_number=False),
    Column("parameters", "parameters", _count_parameters, lambda measures: measures.totals.parameters),
    Column("buffers", "buffers", _count_buffers, lambda measures: measures.totals.buffers),
    Column("macs", "MACs", _count_macs, lambda measures: measures.totals.macs),
    Column("flops", "FLOPs", _count_flops, lambda measures: count_flops(measures.totals.macs)),
    Column("memory", "memory (bytes)", _measure_memory, lambda measures: measures.totals.memory),
    Column("receptive_field", "receptive field", _show_field, lambda measures: measures.totals.receptive_field),
    Column("stride", "stride", _show_stride),
    Column("centre", "centre", _show_centre),
)
"""All columns; a new one is one more row."""

NAMES = tuple(column.name for column in COLUMNS)

LAYER_COLUMNS = ("name", "layer", "output", "formula", "parameters", "macs")
"""The columns of a table of layers, unless others are asked for."""


def select_columns(names: Iterable[str]) -> Sequence[Column]:
    """Return the columns of these names in the same order."""
    by_name = {column.name: column for column in COLUMNS}
    return [by_name[name] for name in names]
