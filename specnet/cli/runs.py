"""specnet runs: list and compare the runs in a folder."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from specnet.cli.options import PLOT_FORMATS, add_format_argument, named_path, output_file, parse_format
from specnet.cli.output import CommandError, print_json, print_message, print_text, write_file
from specnet.cli.torch_commands import requires_torch
from specnet.printable import escape_unprintable
from specnet.reporters.table import align_rows
from specnet.settings.task import Metric
from specnet.settings.tasks.classify import Classify

if TYPE_CHECKING:
    from specnet.training.runs.run_index import RunEntry

HELP = "list and compare the runs in a folder"

HEADS = (
    *("run", "network", "--set", "started", "epochs"),
    *("validation", "test", "parameters", "MACs", "images/s", "state"),
)

NUMBERS = range(4, 10)
"""Columns that are flush right."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        type=named_path,
        default=Path("runs"),
        metavar="DIR",
        help="folder of the runs (default: runs)",
    )
    parser.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help="plot the curves of the runs into this file: .png, .svg, .pdf",
    )
    add_format_argument(parser)


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0, also where there are no runs; a folder with no run or a damaged one is skipped with a note."""
    from specnet.training.runs.run_index import find_repeated_runs, list_runs

    format = parse_format(options.output, PLOT_FORMATS) if options.output else None
    if not options.folder.is_dir():
        raise CommandError(f"there is no folder {options.folder}")
    found = list_runs(options.folder, print_message)
    if format:
        _plot(found, options.output, format)
    if options.format == "json":
        print_json({"schema": 1, "runs": [_describe(entry) for entry in found]})
    elif found:
        print_text("\n\n".join(filter(None, [_format_table(found), *map(_format_spread, find_repeated_runs(found))])))
    else:
        print_message(f"there are no runs in {options.folder}")
    return 0


def _plot(found: list[RunEntry], output: Path, format: str) -> None:
    from specnet.training import plots

    measured = [entry for entry in found if entry.metrics]
    if not measured:
        raise CommandError("no run has finished an epoch, so there are no curves to plot", exit_code=1)
    write_file(output, plots.draw_runs(measured, format, print_message))
    print_message(f"wrote {output}")


def _describe(entry: RunEntry) -> dict[str, Any]:
    """Return the JSON values of a run."""
    return {
        "run": str(entry.folder),
        "network": entry.network,
        "begun": entry.begun.isoformat(),
        "state": str(entry.status),
        "epochs": entry.epochs,
        "planned_epochs": entry.planned,
        f"validation_{entry.metric.name}": entry.validation,
        f"test_{entry.metric.name}": entry.test,
        "parameters": entry.parameters,
        "macs": entry.macs,
        "settings": dict(entry.overrides),
        "images_per_second": entry.images_per_second,
    }


def _format_table(found: list[RunEntry]) -> str:
    """Return a line for each run, with those of its `--set` that tell it from the others."""
    from specnet.training.runs.run_index import find_differences

    rows = [_format_cells(entry, own) for entry, own in zip(found, find_differences(found), strict=True)]
    return "\n".join(align_rows([HEADS, *rows], NUMBERS))


def _format_cells(entry: RunEntry, own: Mapping[str, str]) -> tuple[str, ...]:
    return (
        entry.folder.name,
        entry.network,
        _format_settings(own) or "–",
        f"{entry.begun:%Y-%m-%d %H:%M}",
        f"{entry.epochs} of {entry.planned:g}",
        *(_format_score(entry.metric, score) for score in (entry.validation, entry.test)),
        f"{entry.parameters:,}",
        "–" if entry.macs is None else f"{entry.macs:,}",
        "–" if entry.images_per_second is None else f"{entry.images_per_second:,.0f}",
        str(entry.status),
    )


def _format_score(metric: Metric, score: float | None) -> str:
    """Return `71.20%`, or `mIoU 0.912` of a metric that is not accuracy."""
    named = score is None or metric == Classify.metric
    return metric.format(score) if named else f"{metric.title} {metric.format(score)}"


def _format_settings(settings: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings.items())


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
    name = " ".join([group[0].network, _format_settings(dict(sorted(alike)))]).rstrip()
    runs = f"{len(group)} runs of {escape_unprintable(name)} that differ in seed or fold"
    return f"mean ± standard deviation over {runs}: {', '.join(spreads)}"
