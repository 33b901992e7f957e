"""specnet runs: list and compare runs: chosen, sorted, as a table in several formats, and as a plot."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any, TypeVar

from specnet.cli.options import PLOT_FORMATS, named_path, output_file, parse_format
from specnet.cli.output import (
    CommandError,
    print_data,
    print_json,
    print_message,
    print_text,
    uses_colour,
    write_file,
)
from specnet.cli.table_options import TABLE_FORMATS
from specnet.cli.torch_commands import requires_torch
from specnet.printable import escape_unprintable

if TYPE_CHECKING:
    from specnet.training.runs.run_index import RunEntry

HELP = "list and compare runs"

Value = TypeVar("Value")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folders",
        nargs="*",
        type=named_path,
        metavar="DIR",
        help="folders of runs or of sweeps, or runs (default: runs)",
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="CONDITION",
        help="show only runs with this value of a column or a setting: 'width>=32', 'network=Res*' (can be repeated)",
    )
    parser.add_argument(
        "--sort",
        metavar="NAME",
        help="sort by this column or setting: validation and test from the best, others from the smallest",
    )
    parser.add_argument("--reverse", action="store_true", help="sort the other way round")
    parser.add_argument("--columns", metavar="NAMES", help="show these columns and settings, separated by commas")
    parser.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help="plot the curves of the runs into this file: .png, .svg, .pdf",
    )
    parser.add_argument(
        "--against",
        metavar="NAME",
        help="with -o, plot the metric against this column or setting instead: macs, width",
    )
    formats = ("text", "json", *TABLE_FORMATS)
    parser.add_argument("--format", choices=formats, default="text", help="output format (default: text)")


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0, also where there are no runs; a folder with no run or a damaged one is skipped with a note."""
    if options.against and not options.output:
        raise CommandError("--against goes with -o")
    if options.reverse and not options.sort:
        raise CommandError("--reverse goes with --sort")
    format = parse_format(options.output, PLOT_FORMATS) if options.output else None
    folders = options.folders or [Path("runs")]
    found = _select(_list(folders), options)
    if format:
        _plot(found, options, format)
    if options.format == "json":
        print_json({"schema": 1, "runs": [_describe(entry) for entry in found]})
    elif found:
        _print(found, options)
    else:
        print_message(f"there are no {'such ' * bool(options.where)}runs in {', '.join(map(str, folders))}")
    return 0


def _list(folders: Sequence[Path]) -> list[RunEntry]:
    """Return the runs of all folders, each once, oldest first; raises CommandError for a folder that there is not."""
    from specnet.training.runs.run_index import list_runs

    if missing := next((folder for folder in folders if not folder.is_dir()), None):
        raise CommandError(f"there is no folder {missing}")
    found = {entry.folder.resolve(): entry for folder in folders for entry in list_runs(folder, print_message)}
    return sorted(found.values(), key=lambda entry: entry.begun)


def _select(found: list[RunEntry], options: argparse.Namespace) -> list[RunEntry]:
    """Return the runs that `--where` leaves, as `--sort` orders them."""
    from specnet.run_tables.selection import parse_condition, select_runs, sort_runs

    conditions = [_explain(f"--where {text}", partial(parse_condition, text)) for text in options.where]
    if not found:
        return found
    chosen = _explain("--where", lambda: select_runs(found, conditions))
    if options.sort and chosen:
        return _explain("--sort", lambda: sort_runs(chosen, options.sort, options.reverse))
    return chosen


def _explain(option: str, call: Callable[[], Value]) -> Value:
    """Return what a function returns; raises CommandError, which names the option, for its ValueError."""
    try:
        return call()
    except ValueError as error:
        raise CommandError(f"{option}: {error}") from None


def _plot(found: list[RunEntry], options: argparse.Namespace, format: str) -> None:
    from specnet.run_tables.scatter import draw_scatter
    from specnet.run_tables.selection import check_column
    from specnet.training import plots

    measured = [entry for entry in found if entry.metrics]
    if not measured:
        raise CommandError("no run has finished an epoch, so there is nothing to plot", exit_code=1)
    if not options.against:
        picture: bytes | None = plots.draw_runs(measured, format, print_message)
    else:
        name = _explain("--against", lambda: check_column(options.against, measured))
        picture = draw_scatter(measured, name, format, print_message)
    if picture is None:
        raise CommandError(f"no run has both a metric and a value of {options.against}", exit_code=1)
    write_file(options.output, picture)
    print_message(f"wrote {options.output}")


def _describe(entry: RunEntry) -> dict[str, Any]:
    """Return the JSON values of a run."""
    from specnet.run_tables.groups import find_interval

    return {
        "run": str(entry.folder),
        "network": entry.network,
        "begun": entry.begun.isoformat(),
        "state": str(entry.status),
        "epochs": entry.epochs,
        "planned_epochs": entry.planned,
        "best_epoch": entry.best_epoch,
        "metric": {"name": entry.metric.name, "larger_is_better": entry.metric.larger_is_better},
        f"validation_{entry.metric.name}": entry.validation,
        f"test_{entry.metric.name}": entry.test,
        "validation_interval": find_interval(entry, "validation"),
        "test_interval": find_interval(entry, "test"),
        "parameters": entry.parameters,
        "macs": entry.macs,
        "settings": dict(entry.overrides),
        "weights": entry.weights and str(entry.weights),
        "freeze": list(entry.freeze),
        "seconds": entry.seconds,
        "images_per_second": entry.images_per_second,
    }


def _print(found: list[RunEntry], options: argparse.Namespace) -> None:
    """Print the table; as text, also what is known of runs that differ by chance, and of their margin of error."""
    from specnet.reporters.network_table import format_rows
    from specnet.reporters.table_formats import FORMATS, NamedTable
    from specnet.run_tables.columns import choose_columns, make_run_table
    from specnet.run_tables.groups import describe_best_margin
    from specnet.training.runs.run_index import find_repeated_runs

    columns = _parse_columns(options.columns, found) if options.columns else choose_columns(found)
    table = make_run_table(found, columns)
    if options.format != "text":
        print_data(FORMATS[options.format]([NamedTable("", "runs", table)]))
        return
    spreads = "\n".join(filter(None, map(_format_spread, find_repeated_runs(found))))
    print_text("\n\n".join(filter(None, [format_rows(table, colour=uses_colour(sys.stdout)), spreads])))
    print_message(*filter(None, [describe_best_margin(found)]))


def _parse_columns(text: str, found: Sequence[RunEntry]) -> list[str]:
    from specnet.run_tables.selection import check_column

    names = [name.strip() for name in text.split(",")]
    return _explain("--columns", lambda: [check_column(name, found) for name in names])


def _format_spread(group: list[RunEntry]) -> str:
    """Return means and standard deviations over runs that differ only in their seed or fold, if any are known."""
    accuracies = {
        "validation": [entry.validation for entry in group],
        "test": [entry.test for entry in group],
    }
    known = {part: [each for each in values if each is not None] for part, values in accuracies.items()}
    format = group[0].metric.format
    spreads = [f"{part} {format(mean(some))} ± {format(stdev(some))}" for part, some in known.items() if len(some) > 1]
    if not spreads:
        return ""
    alike = {item for item in group[0].overrides.items() if all(item in entry.overrides.items() for entry in group)}
    settings = (f"{name}={value}" for name, value in sorted(alike))
    name = " ".join([group[0].network, *settings])
    runs = f"{len(group)} runs of {escape_unprintable(name)} that differ in seed or fold"
    return f"mean ± standard deviation over {runs}: {', '.join(spreads)}"
