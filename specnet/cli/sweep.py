"""specnet sweep: train many variants of a spec, each in a process of its own, and compare them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import (
    FILE,
    add_device_arguments,
    collect_overrides,
    named_path,
    naming_settings,
    natural_number,
    positive_integer,
)
from specnet.cli.output import CommandError, print_data, print_json, print_message, print_text
from specnet.cli.specs import find_project_of, load_plugins, read_spec
from specnet.cli.table_options import TABLE_FORMATS
from specnet.cli.torch_commands import requires_torch
from specnet.cli.train import FLAGS, add_computing_arguments, add_data_arguments, add_setting_arguments
from specnet.option_names import SHORT_SETTINGS
from specnet.printable import format_amount

if TYPE_CHECKING:
    from specnet.cli.sweep_progress import SweepDisplay
    from specnet.sweeps.grid import Variation
    from specnet.sweeps.results import Sweep
    from specnet.sweeps.sweep import Request
    from specnet.training import Options

HELP = "train many variants of a spec, each in a process of its own, and compare them"

OF_STARTING = ("file", "vary", "seeds", "sample", "sample_seed", "input", "settings", *SHORT_SETTINGS, *FLAGS)
"""The arguments that do not go with --resume."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help=FILE)
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=A,B…",
        help="train with each of these values of a let or a setting (can be repeated: each with each); "
        "or, with --sample, draw them from 'log(1e-4,1e-1)' or 'uniform(0,0.5)'",
    )
    parser.add_argument("--seeds", type=positive_integer, metavar="N", help="train each variant with N seeds")
    parser.add_argument("--sample", type=positive_integer, metavar="N", help="train only N variants, drawn at random")
    parser.add_argument("--sample-seed", type=natural_number, metavar="N", help="the seed of this drawing (default: 0)")
    parser.add_argument("--jobs", type=positive_integer, metavar="N", help="train N at a time (default: 1)")
    parser.add_argument(
        "--run", type=named_path, metavar="DIR", help="folder of the sweep (default: runs/NAME-sweep-DATE-TIME)"
    )
    parser.add_argument("--resume", type=named_path, metavar="DIR", help="go on with the sweep in this folder")
    parser.add_argument(
        "--retry-failed", action="store_true", default=None, help="with --resume, also try failed runs again"
    )
    formats = ("text", "json", *TABLE_FORMATS)
    parser.add_argument("--format", choices=formats, default="text", help="format of the table (default: text)")
    add_device_arguments(parser)
    add_setting_arguments(parser)
    add_computing_arguments(parser)
    add_data_arguments(parser)


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0 if all runs are finished, 1 if some have failed, or the exit code of the signal that stopped them."""
    from specnet.cli.sweep_progress import SweepDisplay

    with SweepDisplay() as display:
        folder, signal = _resume(options, display) if options.resume else _start(options, display)
    return _report(folder, signal, options.format)


def _start(options: argparse.Namespace, display: SweepDisplay) -> tuple[Path, int | None]:
    from specnet.elaborate import OverrideError
    from specnet.sweeps.checking import VariantsError
    from specnet.sweeps.sweep import start

    if options.file is None:
        raise CommandError("name the FILE of a spec, or with --resume the folder of a sweep")
    if options.retry_failed:
        raise CommandError("--retry-failed goes with --resume")
    request, source = _make_request(options), read_spec(options.file)
    load_plugins(find_project_of(source.name))
    with naming_settings("--vary", request.vary):
        try:
            return start(source, request, _make_options(options), display)
        except VariantsError as error:
            raise CommandError(*error.args, exit_code=1) from None
        except (OverrideError, ValueError) as error:
            raise CommandError(str(error)) from None


def _make_request(options: argparse.Namespace) -> Request:
    """Return what is to be varied; raises CommandError."""
    from specnet.sweeps.grid import Sample
    from specnet.sweeps.sweep import Request

    short = [f"{name}={value}" for name in SHORT_SETTINGS if (value := getattr(options, name)) is not None]
    options.settings += short
    fixed = collect_overrides(options)
    vary = _parse_variations(options.vary, fixed)
    if not vary and not options.seeds:
        raise CommandError("name what is varied, as --vary width=32,64, or a number of --seeds")
    if options.seeds and "seed" in vary:
        raise CommandError("--seeds: the seed is varied already")
    if options.sample_seed is not None and options.sample is None:
        raise CommandError("--sample-seed goes with --sample")
    sample = Sample(options.sample, options.sample_seed or 0) if options.sample else None
    return Request(vary, fixed, options.seeds or 1, sample, options.jobs or 1, options.run)


def _parse_variations(texts: list[str], fixed: Mapping[str, str]) -> dict[str, Variation]:
    from specnet.sweeps.grid import parse_variation

    variations: dict[str, Variation] = {}
    for text in texts:
        name, _, values = (part.strip() for part in text.partition("="))
        if not name:
            raise CommandError(f"--vary {text}: write NAME=A,B")
        if name in variations or name in fixed:
            raise CommandError(f"--vary {name}: it is {'varied' if name in variations else 'set'} already")
        try:
            variations[name] = parse_variation(values)
        except ValueError as error:
            raise CommandError(f"--vary {text}: {error}") from None
    return variations


def _make_options(options: argparse.Namespace) -> Options:
    from specnet.training import Options

    names = [name for name in FLAGS if name not in ("run", "sharded", "sync_bn")]
    return Options(**{name: value for name in names if (value := getattr(options, name)) is not None})


def _resume(options: argparse.Namespace, display: SweepDisplay) -> tuple[Path, int | None]:
    from specnet.sweeps.sweep import resume

    given = [name for name in OF_STARTING if getattr(options, name, None)]
    if given:
        raise CommandError(
            "--resume goes on with a sweep as it was started; it takes nothing but --jobs, --retry-failed, --format"
        )
    return options.resume, resume(options.resume, options.jobs, bool(options.retry_failed), display)


def _print_table(sweep: Sweep, format: str) -> None:
    from specnet.reporters.table_formats import FORMATS, NamedTable
    from specnet.sweeps.results import describe_sweep, make_table

    if format == "json":
        print_json(describe_sweep(sweep))
    elif format == "text":
        print_text(sweep.format())
    else:
        print_data(FORMATS[format]([NamedTable("", "sweep", make_table(sweep))]))


def _report(folder: Path, signal: int | None, format: str) -> int:
    """Write the files of results, and print the table and what is to be said of it."""
    from specnet.sweeps.results import describe, read_sweep, write_results

    sweep = read_sweep(folder, print_message)
    write_results(sweep, print_message)
    if sweep.groups:
        _print_table(sweep, format)
    print_message(*describe(sweep))
    if signal is not None:
        done = f"{len(sweep.entries)} of {format_amount(len(sweep.plan.runs), 'run')} finished"
        print_message(f"interrupted; {done}, everything is saved in {folder}")
        print_message(f"to resume: specnet sweep --resume {folder}")
        return 128 + signal
    if sweep.left:
        left = format_amount(sweep.left, "run")
        print_message(f"{left} not finished; to resume: specnet sweep --resume {folder}")
    files = ", with results.csv, results.json and results.png" if sweep.entries else ""
    print_message(f"saved in {folder}{files}")
    return 1 if sweep.failures or sweep.left else 0
