"""The columns of a network's table: what each shows of a row, and in the total. One row per column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from specnet.analyses.cost import count_flops, measure_memory
from specnet.byte_sizes import format_bytes
from specnet.compiler import Checked
from specnet.graph import Node, once_per_layer
from specnet.records import Record

if TYPE_CHECKING:  # both are computed on request
    from specnet.analyses.receptive_field import InputWindow
    from specnet.analyses.step_time import LayerTime, StepTime
    from specnet.analyses.usage import MemoryUse, Usage


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


class ByteCount(Record):
    """A number of bytes, which people read in binary units."""

    count: int

    def __str__(self) -> str:
        return format_bytes(self.count) if self.count else "0"


class Seconds(Record):
    """A time, which people read in the largest fitting unit."""

    seconds: float

    def __str__(self) -> str:
        from specnet.reporters.time_report import format_seconds

        return format_seconds(self.seconds) if self.seconds else "0"


class Figure(Record):
    """A value for programs, None if it is unknown, and its text for people."""

    value: float | str | None
    text: str

    def __str__(self) -> str:
        return self.text


Cell = str | int | None | tuple[float, ...] | Blocks | ByteCount | Seconds | Figure
"""A text, a count, sizes, building blocks, bytes, a time or a figure; None is unknown, "" nothing to say."""


class Row(Record):
    """A row of the table: a layer, or several that are summed up; without `nodes`, an input or a remark."""

    name: str
    layer: Cell
    output: Cell
    nodes: tuple[Node, ...] = ()
    style: str = ""
    """The style of the terminal (an SGR code)."""


class Measures:
    """What columns show of a checked network in use; memory is computed on first use."""

    def __init__(self, checked: Checked, usage: Usage | None = None) -> None:
        self.network = checked.network
        self.costs = checked.costs
        self.totals = checked.totals
        self.formula = once_per_layer(lambda layer, inputs: layer.formula(inputs))
        self._usage = usage

    @cached_property
    def memory(self) -> Mapping[str, int | None]:
        """The bytes of each layer."""
        return measure_memory(self.network, self.costs)

    @cached_property
    def windows(self) -> Mapping[str, InputWindow]:
        """The known receptive field of each value."""
        from specnet.analyses.receptive_field import locate_receptive_fields

        return locate_receptive_fields(self.network, self.totals.fields)

    @cached_property
    def use(self) -> MemoryUse | None:
        """The memory of the network in use; None if unknown."""
        from specnet.analyses.usage import UnknownMemory, Usage, measure_memory_use

        try:
            return measure_memory_use(self.network, self._usage or Usage())
        except UnknownMemory:
            return None

    @cached_property
    def step(self) -> StepTime | None:
        """The predicted time of a training step on the device of the usage; None without a device."""
        from specnet.analyses.usage import predict_use

        return predict_use(self.network, self._usage) if self._usage and self._usage.device else None

    @property
    def times(self) -> Mapping[str, LayerTime]:
        """The predicted time of each layer in a training step; none without a device."""
        return self.step.layers if self.step else {}

    def measure_in_training(self, name: str, part: str) -> int | None:
        """Return the bytes of a part of an input's or a layer's memory in training; None if unknown."""
        from specnet.reporters.memory_report import describe_layer_memory

        return describe_layer_memory(self.use.training.layers[name], self.use.batch)[part] if self.use else None


class Heading(Protocol):
    """What any column has: its name, its heading, and whether it is flush right."""

    @property
    def name(self) -> str: ...

    @property
    def heading(self) -> str: ...

    @property
    def is_number(self) -> bool: ...


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
    return measures.formula(node.layer, inputs) if node.layer and inputs else ""


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


def _make_training_column(part: str, heading: str) -> Column:
    """Return the column of a part of the memory in training, in bytes."""

    def measure(measures: Measures, names: Iterable[str]) -> Cell:
        sizes = [measures.measure_in_training(name, part) for name in names]
        return None if None in sizes else ByteCount(sum(filter(None, sizes)))

    def cell(measures: Measures, row: Row) -> Cell:
        names = [node.name for node in row.nodes] or ([row.name] if row.output else [])
        return measure(measures, names) if names else ""

    def total(measures: Measures) -> Cell:
        return measure(measures, measures.network.shapes)

    return Column(part, heading, cell, total)


def _sum_times(measures: Measures, row: Row) -> Cell:
    times = [measures.times[node.name].total for node in row.nodes if node.name in measures.times]
    return Seconds(sum(times)) if times else ""


def _total_time(measures: Measures) -> Cell:
    return Seconds(sum(layer.total for layer in measures.times.values()))


def _find_bound(measures: Measures, row: Row) -> Cell:
    """Return what binds the layer of a row that takes the longest."""
    times = [measures.times[node.name] for node in row.nodes if node.name in measures.times]
    return max(times, key=lambda time: time.total).bound or "" if times else ""


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
    _make_training_column("weights", "weights"),
    _make_training_column("gradients", "gradients"),
    _make_training_column("optimizer_state", "optimizer"),
    _make_training_column("kept", "kept"),
    Column("time", "time", _sum_times, _total_time),
    Column("bound", "bound", _find_bound, is_number=False),
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
