"""specnet runs: the runs in a folder, side by side."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from specnet.cli.failure import Failure
from specnet.cli.output import write_file
from specnet.cli.torch_work import add_format_argument, needing_torch, picture_format

if TYPE_CHECKING:
    from specnet.training.runs.run_index import RunEntry

HELP = "list and compare the runs in a folder"

HEADS = ("run", "network", "begun", "epochs", "validation", "test", "parameters", "images/s", "state")

LEFT = 3
"""Columns that are set flush left, with the last one; figures are set flush right."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs"), metavar="DIR", help="(default: runs)")
    parser.add_argument("-o", dest="output", type=Path, metavar="OUT", help="the curves of all: .png, .svg, .pdf")
    add_format_argument(parser)


@needing_torch
def run(options: argparse.Namespace) -> int:
    """0, also where there are no runs; folders that hold none, or a damaged one, are passed over with a note."""
    from specnet.training.runs.run_index import find_repeated_runs, list_runs

    format = picture_format(options.output)
    if not options.folder.is_dir():
        raise Failure(f"there is no folder {options.folder}")
    found = list_runs(options.folder, lambda text: print(text, file=sys.stderr))
    if options.output:
        _draw(found, options.output, format)
    if options.format == "json":
        print(json.dumps({"schema": 1, "runs": [_record(entry) for entry in found]}, ensure_ascii=False, indent=1))
    elif found:
        print("\n\n".join([_table(found), *filter(None, map(_spread, find_repeated_runs(found)))]))
    else:
        print(f"{options.folder} holds no runs", file=sys.stderr)
    return 0


def _draw(found: list[RunEntry], output: Path, format: str) -> None:
    from specnet.training import plots

    measured = [entry for entry in found if entry.metrics]
    if not measured:
        raise Failure("no run has finished an epoch, and there are no curves to draw", 1)
    write_file(output, plots.draw_runs(measured, format))
    print(f"wrote {output}", file=sys.stderr)


def _record(entry: RunEntry) -> dict[str, Any]:
    return {
        "run": str(entry.folder),
        "network": entry.network,
        "begun": entry.begun.isoformat(),
        "state": str(entry.condition),
        "epochs": entry.epochs,
        "planned_epochs": entry.planned,
        "validation_accuracy": entry.validation_accuracy,
        "test_accuracy": entry.test_accuracy,
        "parameters": entry.parameters,
        "images_per_second": entry.images_per_second,
    }


def _table(found: list[RunEntry]) -> str:
    rows = [HEADS, *(_cells(entry) for entry in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return "\n".join("  ".join(_aligned(row, widths)).rstrip() for row in rows)


def _spread(group: list[RunEntry]) -> str:
    """Means and standard deviations of runs that differ by chance alone; nothing where nothing was measured."""
    measured = {
        "validation": [entry.validation_accuracy for entry in group],
        "test": [entry.test_accuracy for entry in group],
    }
    shares = {part: [share for share in found if share is not None] for part, found in measured.items()}
    spreads = [f"{part} {mean(some):.2%} ± {stdev(some):.2%}" for part, some in shares.items() if len(some) > 1]
    if not spreads:
        return ""
    return f"{len(group)} runs of {group[0].network} with other seeds or folds: {', '.join(spreads)}"


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    return [
        cell.ljust(width) if column < LEFT or column == len(row) - 1 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _cells(entry: RunEntry) -> tuple[str, ...]:
    return (
        entry.folder.name,
        entry.network,
        f"{entry.begun:%Y-%m-%d %H:%M}",
        f"{entry.epochs} of {entry.planned:g}",
        *("–" if share is None else f"{share:.2%}" for share in (entry.validation_accuracy, entry.test_accuracy)),
        f"{entry.parameters:,}",
        "–" if entry.images_per_second is None else f"{entry.images_per_second:,.0f}",
        str(entry.condition),
    )
