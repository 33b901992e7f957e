"""Networks, or variants of one, as a table and as JSON values: a row for each. One row per column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from specnet.analyses.cost import count_flops
from specnet.analyses.expectations import list_unmet
from specnet.analyses.longest_path import measure_depth
from specnet.compiler import Checked
from specnet.records import Record
from specnet.reporters.json import SCHEMA, describe_diagnostic
from specnet.reporters.network_table import Table
from specnet.reporters.table_columns import ByteCount, Cell, Row, Seconds

if TYPE_CHECKING:  # times are computed on request
    from specnet.analyses.devices import Device


class Variant(Record):
    """A checked network, the values that were set for it, and the device that its time is predicted for."""

    checked: Checked
    settings: Mapping[str, str]
    device: Device | None = None

    def __str__(self) -> str:
        """`a.net with width=2, depth=3`."""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.checked.source.name}{f' with {settings}' if settings else ''}"


class VariantColumn(Record):
    """A column: its name, heading, and value of a variant; None is unknown. People read numbers in their `unit`."""

    name: str
    heading: str
    value: Callable[[Variant], Any]
    is_number: bool = True
    unit: Callable[[Any], Cell] | None = None

    def measure(self, variant: Variant) -> Any:
        """Return the value; the numbers of a broken network are unknown."""
        return self.value(variant) if variant.checked.has_sound_network or self.name not in MEASURED else None

    def cell(self, variant: Variant) -> Cell:
        """Return what people see."""
        value = self.measure(variant)
        return self.unit(value) if self.unit and value is not None else value


def _predict_step(variant: Variant) -> float | None:
    """Return the seconds of a training step; None without a device, or if unknown."""
    if not variant.device:
        return None
    from specnet.analyses.step_time import UnknownRate
    from specnet.analyses.usage import UnknownMemory, Usage, predict_use

    try:
        return predict_use(variant.checked.network, Usage(device=variant.device)).total
    except (UnknownMemory, UnknownRate):
        return None


def _list_unmet(variant: Variant) -> str:
    """Return the expectations that are not met, and the budgets that another value of a `let` exceeds."""
    checked = variant.checked
    if not checked.has_sound_network:
        return ""
    restated = checked.restatement.expectations if checked.restatement else ()
    budgets = (each.expectation for each in restated if each.expectation.comparison != "==")
    return ", ".join(list_unmet([*checked.elaborated.expectations, *budgets], checked.totals))


COLUMNS = (
    VariantColumn("network", "network", lambda variant: variant.checked.network.name or "network", is_number=False),
    VariantColumn("file", "file", lambda variant: variant.checked.source.name, is_number=False),
    VariantColumn("layers", "layers", lambda variant: len(variant.checked.network.nodes)),
    VariantColumn("depth", "depth", lambda variant: measure_depth(variant.checked.network)),
    VariantColumn("parameters", "parameters", lambda variant: variant.checked.totals.parameters),
    VariantColumn("buffers", "buffers", lambda variant: variant.checked.totals.buffers),
    VariantColumn("macs", "MACs", lambda variant: variant.checked.totals.macs),
    VariantColumn("flops", "FLOPs", lambda variant: count_flops(variant.checked.totals.macs)),
    VariantColumn("memory", "memory", lambda variant: variant.checked.totals.memory, unit=ByteCount),
    VariantColumn(
        "training_memory", "training memory", lambda variant: variant.checked.totals.training_memory, unit=ByteCount
    ),
    VariantColumn("time", "time of a step", _predict_step, unit=Seconds),
    VariantColumn("receptive_field", "receptive field", lambda variant: variant.checked.totals.receptive_field),
    VariantColumn("not_met", "not met", _list_unmet, is_number=False),
)
"""All columns, and fields of JSON, but for the names that are varied; a new one is one more row."""

MEASURED = frozenset(column.name for column in COLUMNS if column.is_number)
"""The columns that a broken network has no value in."""

NAMES = tuple(column.name for column in COLUMNS)


def choose_columns(variants: Sequence[Variant]) -> Iterator[str]:
    """Yield the columns behind the name of a network, unless others are asked for: those that say something."""
    yield from ("depth", "parameters", "macs", "memory")
    if any(variant.checked.network.training for variant in variants):
        yield "training_memory"
    if any(variant.device for variant in variants):
        yield "time"
    yield "receptive_field"
    if any(map(_list_unmet, variants)):
        yield "not_met"


def make_variant_table(variants: Sequence[Variant], names: Iterable[str]) -> Table:
    """Return the table with the columns of these names, which may be names of settings."""
    known = {column.name: column for column in COLUMNS}
    columns = [known[name] if name in known else _make_setting_column(variants, name) for name in names]
    cells = [[column.cell(variant) for column in columns] for variant in variants]
    return Table(columns, [Row("", "", "")] * len(variants), cells, None)


def _make_setting_column(variants: Sequence[Variant], name: str) -> VariantColumn:
    """Return the column of a setting, flush right if all its values are numbers."""
    numbers = all(variant.settings[name].replace(".", "", 1).isdigit() for variant in variants)
    return VariantColumn(name, name, lambda variant: variant.settings[name], numbers)


def describe_variants(variants: Iterable[Variant]) -> dict[str, Any]:
    """Return the JSON values of the variants; the numbers of a broken network are null."""
    return {"schema": SCHEMA, "networks": [_describe_variant(variant) for variant in variants]}


def _describe_variant(variant: Variant) -> dict[str, Any]:
    checked = variant.checked
    return {
        "file": checked.source.name,
        "network": checked.network.name,
        "settings": dict(variant.settings),
        "ok": checked.ok,
        "digest": checked.digest,
        **{column.name: column.measure(variant) for column in COLUMNS if column.name in MEASURED},
        "errors": [describe_diagnostic(error) for error in checked.errors],
    }
