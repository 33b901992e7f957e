"""Networks, or variants of one, as a table and as JSON values: a row for each. One row per column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from specnet.analyses.cost import count_flops
from specnet.analyses.longest_path import measure_depth
from specnet.compiler import Checked
from specnet.records import Record
from specnet.reporters.json import SCHEMA, describe_diagnostic
from specnet.reporters.network_table import Table
from specnet.reporters.table_columns import ByteCount, Cell, Row


class Variant(Record):
    """A checked network, and the values that were set for it."""

    checked: Checked
    settings: Mapping[str, str]

    def __str__(self) -> str:
        """`a.net with width=2, depth=3`."""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.checked.source.name}{f' with {settings}' if settings else ''}"


class VariantColumn(Record):
    """A column: its name, heading, and value of a variant; None is unknown."""

    name: str
    heading: str
    value: Callable[[Variant], str | int | None]
    is_number: bool = True
    is_bytes: bool = False

    def cell(self, variant: Variant) -> Cell:
        """Return what people see; the numbers of a broken network are unknown."""
        value = self.value(variant) if variant.checked.ok or self.name not in MEASURED else None
        return ByteCount(value) if self.is_bytes and isinstance(value, int) else value


COLUMNS = (
    VariantColumn("network", "network", lambda variant: variant.checked.network.name or "network", is_number=False),
    VariantColumn("file", "file", lambda variant: variant.checked.source.name, is_number=False),
    VariantColumn("layers", "layers", lambda variant: len(variant.checked.network.nodes)),
    VariantColumn("depth", "depth", lambda variant: measure_depth(variant.checked.network)),
    VariantColumn("parameters", "parameters", lambda variant: variant.checked.totals.parameters),
    VariantColumn("buffers", "buffers", lambda variant: variant.checked.totals.buffers),
    VariantColumn("macs", "MACs", lambda variant: variant.checked.totals.macs),
    VariantColumn("flops", "FLOPs", lambda variant: count_flops(variant.checked.totals.macs)),
    VariantColumn("memory", "memory", lambda variant: variant.checked.totals.memory, is_bytes=True),
    VariantColumn("receptive_field", "receptive field", lambda variant: variant.checked.totals.receptive_field),
)
"""All columns, and fields of JSON, but for the names that are varied; a new one is one more row."""

MEASURED = frozenset(column.name for column in COLUMNS if column.is_number)
"""The columns that a broken network has no value in."""

NAMES = tuple(column.name for column in COLUMNS)

VARIANT_COLUMNS = ("depth", "parameters", "macs", "memory", "receptive_field")
"""The columns behind the name of a network, unless others are asked for."""


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
        **{column.name: column.value(variant) if checked.ok else None for column in COLUMNS if column.name in MEASURED},
        "errors": [describe_diagnostic(error) for error in checked.errors],
    }
