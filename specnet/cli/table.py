"""specnet table: compare networks, or variants of one: a row for each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

from specnet.cli.cost_options import find_device
from specnet.cli.options import FILE, add_spec_arguments, naming_settings
from specnet.cli.output import (
    CommandError,
    print_data,
    print_diagnostics,
    print_json,
    print_message,
    print_text,
    uses_colour,
)
from specnet.cli.specs import check_text, read_spec, require_network
from specnet.cli.table_options import TABLE_FORMATS, parse_columns
from specnet.compiler import Checked
from specnet.printable import format_amount
from specnet.reporters.network_table import Table, format_rows
from specnet.reporters.variant_table import (
    NAMES,
    Variant,
    choose_columns,
    describe_variants,
    make_variant_table,
)

HELP = "compare networks, or variants of one: a row for each"

MOST_VARIANTS = 1000
"""The largest number of networks in a table."""

MOST_REPORTED = 5
"""The largest number of broken networks whose errors are shown."""

Variations = Mapping[str, Sequence[str]]
"""The values of each name that is varied."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=FILE)
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=A,B…",
        help="a row for each of these values of a let or a setting (can be repeated: each with each)",
    )
    columns = f"show these columns, separated by commas: {', '.join(NAMES)}, and names that are varied"
    parser.add_argument("--columns", metavar="NAMES", help=columns)
    parser.add_argument("--device", metavar="NAME", help="predict the time of a training step on this device")
    formats = ("text", "json", *TABLE_FORMATS)
    parser.add_argument("--format", choices=formats, default="text", help="output format (default: text)")
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0 if all networks are sound, else 1, with the errors on standard error."""
    variations = parse_variations(options.vary, [each.partition("=")[0].strip() for each in options.settings])
    rows = len(options.files) * prod(map(len, variations.values()))
    if rows > MOST_VARIANTS:
        raise CommandError(f"{rows:,} networks are more than the {MOST_VARIANTS:,} that a table takes")
    known = (*NAMES, *variations)
    columns = parse_columns(options.columns, known) if options.columns is not None else None
    if columns and "time" in columns and options.device is None:
        raise CommandError("the column `time` goes with --device")
    variants = [variant for file in options.files for variant in _check_variants(file, variations, options)]
    _report_errors(variants)
    for name in variations:
        _report_no_change(variants, name)
    if options.format == "json":
        print_json(describe_variants(variants))
    else:
        _print_table(make_variant_table(variants, columns or _choose_columns(variants, variations)), options.format)
    return 0 if all(variant.checked.ok for variant in variants) else 1


def parse_variations(texts: Iterable[str], taken: Iterable[str]) -> Variations:
    """Return the names and values of `--vary`; raises CommandError, also for a name that is `taken` by `--set`."""
    variations: dict[str, list[str]] = {}
    for text in texts:
        name, _, values = (part.strip() for part in text.partition("="))
        listed = [value.strip() for value in values.split(",")]
        if not name or not all(listed):
            raise CommandError(f"--vary {text}: write NAME=A,B")
        if name in variations or name in taken:
            raise CommandError(f"--vary {name}: it is {'varied' if name in variations else 'set'} already")
        if len(set(listed)) < len(listed):
            raise CommandError(f"--vary {text}: a value stands there twice")
        variations[name] = listed
    return variations


def _check_variants(file: str, variations: Variations, options: argparse.Namespace) -> Iterator[Variant]:
    """Yield the variants of a FILE, the last name varied first."""
    device = None if options.device is None else find_device(options.device)
    source = read_spec(file)
    for values in product(*variations.values()):
        settings = dict(zip(variations, values, strict=True))
        given = [*options.settings, *(f"{name}={value}" for name, value in settings.items())]
        changed = argparse.Namespace(**vars(options) | {"settings": given})
        with naming_settings("--vary", settings):
            checked = check_text(source, changed)
        yield Variant(require_network(checked, options), settings, device)


def _report_errors(variants: Sequence[Variant]) -> None:
    broken = [variant for variant in variants if not variant.checked.has_sound_network]
    for variant in broken[:MOST_REPORTED]:
        print_message(f"{variant}:")
        print_diagnostics(variant.checked.errors)
    if len(broken) > MOST_REPORTED:
        print_message(f"{len(broken) - MOST_REPORTED:,} more have errors")
    if unmet := sum(variant.checked.has_sound_network and not variant.checked.ok for variant in variants):
        print_message(f"`expect` lines are not met by {unmet:,} of {format_amount(len(variants), 'network')}")


def _report_no_change(variants: Sequence[Variant], name: str) -> None:
    """Say so if neither a network nor the memory of its training depends on the value of a name."""
    found: dict[object, set[object]] = {}
    for variant in variants:
        others = tuple(value for key, value in variant.settings.items() if key != name)
        found.setdefault((variant.checked.source.name, others), set()).add(_identify(variant.checked))
    several = len({variant.settings[name] for variant in variants}) > 1
    is_sound = all(variant.checked.has_sound_network for variant in variants)
    if several and is_sound and all(len(each) == 1 for each in found.values()):
        print_message(f"note: the value of {name} changes nothing in the network")


def _identify(checked: Checked) -> object:
    """Return what tells variants apart: the network, and the memory that a step of its `train` section takes."""
    is_trained = checked.has_sound_network and checked.network.training
    return checked.digest, checked.totals.training_memory if is_trained else None


def _choose_columns(variants: Sequence[Variant], variations: Variations) -> Sequence[str]:
    """Return the default columns: files have their network's name, unless two have the same."""
    names = {variant.checked.source.name: variant.checked.network.name for variant in variants}
    is_clear = len(set(names.values())) == len(names)
    return ("network" if is_clear else "file", *variations, *choose_columns(variants))


def _print_table(table: Table, format: str) -> None:
    if format == "text":
        print_text(format_rows(table, colour=uses_colour(sys.stdout)))
        return
    from specnet.reporters.table_formats import FORMATS, NamedTable

    print_data(FORMATS[format]([NamedTable("", "networks", table)]))
