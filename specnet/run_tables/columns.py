"""The columns of a table of runs. One row per column; settings that tell the runs apart are columns, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from specnet.records import Record
from specnet.reporters.network_table import Table
from specnet.reporters.table_columns import Figure, Row
from specnet.settings import Training, to_record
from specnet.settings.tasks.classify import Classify
from specnet.training.runs.run_index import RunEntry

MOST_SETTINGS = 6
"""The number of settings up to which each has a column of its own; those of more share one."""

UNKNOWN = "–"


class RunColumn(Record):
    """A column: its name, heading, value of a run (None is unknown), and the text of a known value for people."""

    name: str
    heading: str
    value: Callable[[RunEntry], Any]
    text: Callable[[RunEntry, Any], str] = lambda entry, value: str(value)
    is_number: bool = True
    is_result: bool = False
    """Whether the column holds the metric of the task, whose best value comes first."""

    def cell(self, entry: RunEntry) -> Figure:
        """Return what people and programs see."""
        value = self.value(entry)
        return Figure(value, UNKNOWN if value is None else self.text(entry, value))


def _format_count(entry: RunEntry, count: float) -> str:
    return f"{count:,.0f}"


def _format_score(entry: RunEntry, score: float) -> str:
    return entry.metric.format(score)


COLUMNS = (
    RunColumn("run", "run", lambda entry: str(entry.folder), lambda entry, _: entry.folder.name, is_number=False),
    RunColumn("network", "network", lambda entry: entry.network, is_number=False),
    RunColumn(
        "started",
        "started",
        lambda entry: entry.begun.isoformat(),
        lambda entry, _: f"{entry.begun:%Y-%m-%d %H:%M}",
        is_number=False,
    ),
    RunColumn(
        "weights", "weights", lambda entry: entry.weights and str(entry.weights), lambda _, path: path, is_number=False
    ),
    RunColumn("freeze", "freeze", lambda entry: " ".join(entry.freeze) or None, is_number=False),
    RunColumn("epochs", "epochs", lambda entry: entry.epochs, lambda entry, done: f"{done} of {entry.planned:g}"),
    RunColumn("best_epoch", "best epoch", lambda entry: entry.best_epoch),
    RunColumn("metric", "metric", lambda entry: entry.metric.name, lambda entry, _: entry.metric.title, False),
    RunColumn("validation", "validation", lambda entry: entry.validation, _format_score, is_result=True),
    RunColumn("test", "test", lambda entry: entry.test, _format_score, is_result=True),
    RunColumn("parameters", "parameters", lambda entry: entry.parameters, _format_count),
    RunColumn("macs", "MACs", lambda entry: entry.macs, _format_count),
    RunColumn("seconds", "seconds", lambda entry: entry.seconds, lambda _, seconds: f"{seconds:,.1f}"),
    RunColumn("images_per_second", "images/s", lambda entry: entry.images_per_second, _format_count),
    RunColumn("state", "state", lambda entry: str(entry.status), is_number=False),
)
"""All columns but the settings; a new one is one more row."""

KNOWN = {column.name: column for column in COLUMNS}


@cache
def _flatten(training: Training) -> Mapping[str, str]:
    """Return the settings of a `train` section by the names that override them: `optimizer.lr`, `epochs`."""
    flat: dict[str, str] = {}
    for line, record in to_record(training).items():
        if not isinstance(record, dict):
            continue
        fields = {name: value for name, value in record.items() if isinstance(value, str | int | float)}
        flat |= {f"{line}.{name}": _format_value(value) for name, value in fields.items() if name != "choice"}
        values = [name for name in fields if name != "choice"]
        word = record.get("choice")
        flat |= {line: word} if word else {line: _format_value(fields[values[0]])} if len(values) == 1 else {}
    return flat


def _format_value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def find_setting(entry: RunEntry, name: str) -> str | None:
    """Return the value of a setting of a run: as it was overridden, else as its `train` section has it."""
    return entry.overrides.get(name, _flatten(entry.training).get(name))


def list_settings(entries: Iterable[RunEntry]) -> list[str]:
    """Return the names of all settings that the runs have."""
    return [*dict.fromkeys(name for entry in entries for name in (*entry.overrides, *_flatten(entry.training)))]


def find_different_settings(entries: Sequence[RunEntry]) -> list[str]:
    """Return the names that some run overrides, and whose values differ between runs; no columns of other names."""
    names = dict.fromkeys(name for entry in entries for name in entry.overrides if name not in KNOWN)
    return [name for name in names if len({find_setting(entry, name) for entry in entries}) > 1]


def make_column(name: str) -> RunColumn:
    """Return the column of this name, which may be that of a setting."""
    if name == "settings":
        return RunColumn(name, "settings", _join_settings, is_number=False)
    return KNOWN.get(name) or RunColumn(name, name, lambda entry: find_setting(entry, name))


def _join_settings(entry: RunEntry) -> str | None:
    return " ".join(f"{name}={value}" for name, value in entry.overrides.items()) or None


def choose_columns(entries: Sequence[RunEntry]) -> list[str]:
    """Return the columns to show unless others are asked for: those that tell the runs apart, and the results."""
    different = find_different_settings(entries)
    settings = different if len(different) <= MOST_SETTINGS else ["settings"]
    starts = [name for name in ("weights", "freeze") if len({KNOWN[name].value(entry) for entry in entries}) > 1]
    metrics = ["metric"] if any(entry.metric != entries[0].metric for entry in entries) else []
    results = ("validation", "test", "parameters", "macs", "images_per_second", "state")
    return ["run", "network", *settings, *starts, "started", "epochs", *metrics, *results]


def make_run_table(entries: Sequence[RunEntry], names: Iterable[str]) -> Table:
    """Return the table of runs with the columns of these names."""
    columns = [_adjust(make_column(name), entries) for name in names]
    cells = [[column.cell(entry) for column in columns] for entry in entries]
    return Table(columns, [Row("", "", "")] * len(entries), cells, None)


def _adjust(column: RunColumn, entries: Sequence[RunEntry]) -> RunColumn:
    """Return a column flush right only if its values are numbers, and one of the metric with the metric's name."""
    if column.is_result:
        return replace(column, heading=name_part(column.heading, entries))
    if column.name in KNOWN or not column.is_number:
        return column
    values = [column.value(entry) for entry in entries]
    is_number = all(value is None or parse_number(value) is not None for value in values)
    return replace(column, is_number=is_number)


def name_part(part: str, entries: Sequence[RunEntry]) -> str:
    """Return the heading of the metric on a part, `validation RMSE`; accuracy and several metrics are not named."""
    metrics = {entry.metric for entry in entries}
    metric = next(iter(metrics), Classify.metric)
    return part if len(metrics) > 1 or metric == Classify.metric else f"{part} {metric.title}"


def parse_number(value: object) -> float | None:
    """Return a value as a number, `97%` as 0.97; None if it is none."""
    if isinstance(value, int | float):
        return float(value)
    text = str(value).strip().replace("_", "")
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
