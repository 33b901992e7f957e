"""specnet report: all that there is to know of a trained network, as one HTML file."""

from __future__ import annotations

import argparse
from pathlib import Path

from specnet.cli.options import (
    DATA_DIR,
    add_device_arguments,
    add_run_argument,
    named_path,
    natural_number,
    output_file,
)
from specnet.cli.output import CommandError, print_message, refuse_unwritable, write_file
from specnet.cli.torch_commands import requires_torch

HELP = "write the whole report of a trained network as one HTML file"

REPORT = "report.html"
"""The name of the file in the run's folder, where no other is named."""

SUFFIXES = (".html", ".htm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    parser.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help=f"write the report into this file, which ends in .html (default: RUN/{REPORT})",
    )
    parser.add_argument("--data-dir", type=named_path, metavar="DIR", help=DATA_DIR)
    parser.add_argument(
        "--seed", type=natural_number, default=0, metavar="N", help="the seed that chooses the images (default: 0)"
    )
    add_device_arguments(parser)


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0; a damaged run ends with 1, and without its data the report says so."""
    from specnet.run_report.report import make_report
    from specnet.runs import load_run

    target: Path = options.output or options.run_folder / REPORT
    if target.suffix.lower() not in SUFFIXES:
        raise CommandError(f"{target}: name a file that ends in .html")
    loaded = load_run(options.run_folder)
    refuse_unwritable(target)
    page = make_report(loaded, options.data_dir, options.device or "cpu", options.seed, print_message)
    write_file(target, page.html.encode())
    print_message(f"wrote {target}")
    return 0
