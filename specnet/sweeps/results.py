"""The results of a sweep: a table with a row for each variant, the best first, and files for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import Any

from specnet.printable import format_amount
from specnet.records import Displayed
from specnet.records import Record as Value
from specnet.reporters.network_table import Table, format_rows
from specnet.reporters.table_columns import Figure, Row
from specnet.reporters.table_formats import NamedTable, format_csv
from specnet.run_tables.columns import COLUMNS, make_run_table, name_part
from specnet.run_tables.groups import RunGroup, Spread, describe_margin, find_interval, group_runs, rank_groups
from specnet.run_tables.scatter import draw_scatter
from specnet.settings.task import Metric
from specnet.sweeps.plan import Plan, RunState, find_states, read_plan
from specnet.training.files import write_atomically, write_json
from specnet.training.runs.records import Record, read_record
from specnet.training.runs.run_folder import FAILURE
from specnet.training.runs.run_index import RunEntry, read_runs

JSON, CSV, PICTURE = "results.json", "results.csv", "results.png"

UNKNOWN = "–"


class FailureRecord(Record):
    """failure.json: why a run has failed."""

    error: str = ""


class ResultColumn(Value):
    """A column of the table of variants."""

    name: str
    heading: str
    is_number: bool = True


@dataclass(frozen=True)
class Sweep(Displayed):
    """A sweep: its finished runs, the errors of the failed ones by folder, and the number of those that are left."""

    folder: Path
    plan: Plan
    entries: tuple[RunEntry, ...]
    failures: Mapping[str, str]
    left: int

    @cached_property
    def groups(self) -> tuple[RunGroup, ...]:
        """The variants with their runs, the best by the mean of validation first."""
        return tuple(rank_groups(group_runs(self.entries)))

    @property
    def is_ranked(self) -> bool:
        metrics = {entry.metric for entry in self.entries}
        return len(metrics) == 1 and any(group.spread("validation") for group in self.groups)

    @property
    def best(self) -> RunGroup | None:
        """The best variant; None where nothing ranks them."""
        return self.groups[0] if self.is_ranked else None

    def format(self) -> str:
        """Return the table as text."""
        return format_rows(make_table(self)) if self.groups else "no run is finished"

    def __repr__(self) -> str:
        counts = [format_amount(len(self.entries), "finished run")]
        counts += [f"{len(self.failures)} failed"] if self.failures else []
        counts += [f"{self.left} left"] if self.left else []
        return f"Sweep({str(self.folder)!r}, {', '.join(counts)})\n{self.format()}"


def read_sweep(folder: Path, note: Callable[[str], None] = lambda text: None) -> Sweep:
    """Read the results of a sweep; raises TrainingError. `note` reports damaged runs."""
    plan = read_plan(folder)
    states = find_states(folder, plan)
    finished = [folder / name for name, state in states.items() if state is RunState.FINISHED]
    failed = [name for name, state in states.items() if state is RunState.FAILED]
    failures = {name: read_record(folder / name / FAILURE, FailureRecord).error for name in failed}
    entries = tuple(read_runs(finished, note))
    return Sweep(folder, plan, entries, failures, len(plan.runs) - len(finished) - len(failed))


def make_table(sweep: Sweep) -> Table:
    """Return a row for each variant: its values, how many runs are finished, and means ± deviations of the metric."""
    varied = [name for name in sweep.plan.vary if any(name in group.settings for group in sweep.groups)]
    columns = [
        *(ResultColumn(name, name) for name in varied),
        ResultColumn("runs", "runs"),
        *(ResultColumn(part, name_part(part, sweep.entries)) for part in _list_parts(sweep)),
        *(ResultColumn(name, heading) for name, heading in (("parameters", "parameters"), ("macs", "MACs"))),
        ResultColumn("seconds", "seconds"),
    ]
    cells = [[*_make_cells(group, varied, _list_parts(sweep), sweep.plan)] for group in sweep.groups]
    return Table(columns, [Row("", "", "")] * len(cells), cells, None)


def _list_parts(sweep: Sweep) -> list[str]:
    return [part for part in ("validation", "test") if any(group.spread(part) for group in sweep.groups)]


def _make_cells(group: RunGroup, varied: Sequence[str], parts: Sequence[str], plan: Plan) -> list[Figure]:
    settings, first = group.settings, group.entries[0]
    planned = sum(all(run.settings.get(name) == value for name, value in settings.items()) for run in plan.runs)
    done = len(group.entries)
    seconds = [entry.seconds for entry in group.entries if entry.seconds is not None]
    return [
        *(Figure(settings[name], settings[name]) for name in varied),
        Figure(done, f"{done}" if done == planned else f"{done} of {planned}"),
        *(_make_spread_cell(group.spread(part), first.metric) for part in parts),
        Figure(first.parameters, f"{first.parameters:,}"),
        Figure(first.macs, UNKNOWN if first.macs is None else f"{first.macs:,}"),
        Figure(mean(seconds), f"{mean(seconds):,.1f}") if seconds else Figure(None, UNKNOWN),
    ]


def _make_spread_cell(spread: Spread | None, metric: Metric) -> Figure:
    return Figure(spread.mean, spread.format(metric)) if spread else Figure(None, UNKNOWN)


def describe(sweep: Sweep) -> list[str]:
    """Return sentences about what a table does not say: failed runs, why nothing is ranked, the margin of error."""
    lines = [f"failed: {name}: {error.partition(chr(10))[0]}" for name, error in sweep.failures.items()]
    if sweep.groups and not sweep.is_ranked:
        lines.append(
            "the variants are in the order of the plan: there is no validation part to rank them by, and the test set "
            "must not choose one; `split validation=0.1` sets a tenth aside"
        )
    return [*lines, *filter(None, [_describe_margin(sweep.best)])]


def _describe_margin(best: RunGroup | None) -> str:
    """Return a sentence about the margin of error of the best variant's accuracy, if it is notable."""
    spread = best and best.spread("validation")
    if not best or not spread or not find_interval(best.entries[0], "validation"):
        return ""
    return describe_margin(spread.mean, best.entries[0].images["validation"])


def write_results(sweep: Sweep, note: Callable[[str], None]) -> None:
    """Write results.json, results.csv with a row for each run, and results.png; raises CannotRun."""
    write_json(sweep.folder / JSON, describe_sweep(sweep))
    if not sweep.entries:
        return
    names = ["run", *sweep.plan.vary, *(["seed"] if sweep.plan.seeds > 1 else [])]
    columns = [*names, *(column.name for column in COLUMNS if column.name not in ("run", "weights", "freeze"))]
    table = make_run_table(sweep.entries, dict.fromkeys(columns))
    write_atomically(sweep.folder / CSV, format_csv([NamedTable("", "runs", table)]) + "\n")
    if picture := draw_sweep(sweep, "png", note):
        write_atomically(sweep.folder / PICTURE, picture)


def draw_sweep(sweep: Sweep, format: str, note: Callable[[str], None]) -> bytes | None:
    """Return the metric against MACs, where these differ, else against the name that is varied first."""
    differ = len({entry.macs for entry in sweep.entries}) > 1
    x = "macs" if differ else next(iter(sweep.plan.vary), "seed")
    return draw_scatter(sweep.entries, x, format, note) if sweep.entries else None


def describe_sweep(sweep: Sweep) -> dict[str, Any]:
    """Return the results as values for JSON."""
    metric = sweep.entries[0].metric if sweep.entries else None
    return {
        "schema": 1,
        "network": sweep.plan.network,
        "metric": metric and metric.name,
        "ranked": sweep.is_ranked,
        "variants": [_describe_group(group) for group in sweep.groups],
        "failed": [{"run": name, "error": error} for name, error in sweep.failures.items()],
        "left": sweep.left,
    }


def _describe_group(group: RunGroup) -> dict[str, Any]:
    first = group.entries[0]
    return {
        "settings": dict(group.settings),
        "runs": [entry.folder.name for entry in group.entries],
        "validation": _describe_spread(group.spread("validation")),
        "test": _describe_spread(group.spread("test")),
        "parameters": first.parameters,
        "macs": first.macs,
    }


def _describe_spread(spread: Spread | None) -> dict[str, Any] | None:
    return None if spread is None else {"mean": spread.mean, "std": spread.deviation, "values": list(spread.values)}
