"""The tables of `specnet check`: the options that choose their columns, rows and format."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from specnet.cli.cost_options import choose_cost_columns, make_measures, refuse_cost_options
from specnet.cli.output import CommandError, print_diagnostics
from specnet.compiler import Checked
from specnet.reporters.network_table import Table, list_layers, make_table
from specnet.reporters.table_columns import LAYER_COLUMNS, NAMES, Measures
from specnet.suggest import did_you_mean, find_closest_word

TABLE_FORMATS = ("markdown", "latex", "csv")
"""The formats of tables for papers and programs."""

TIMES = ("time", "bound")
"""The columns that need a device."""

DEFAULT_COLUMNS = {
    None: LAYER_COLUMNS,
    "block": ("name", "output", "layer", "parameters", "macs"),
    "family": ("name", "layer", "parameters", "macs"),
}
"""The columns of the rows that `--by` chooses."""


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    columns = f"show these columns, separated by commas: {', '.join(NAMES)}"
    parser.add_argument("--columns", metavar="NAMES", help=columns)
    parser.add_argument("--by", choices=("block", "family"), help="show a row per block or per family of layers")
    parser.add_argument("--flops", action="store_true", help="show FLOPs, which are 2 × MACs")


def refuse_options_of_tables(options: argparse.Namespace) -> None:
    """Raise CommandError for options of tables with a format that has none, and for unknown columns."""
    refuse_cost_options(options, choose_columns(options))
    given = next((name for name in ("columns", "by") if getattr(options, name)), None)
    if given and options.format not in ("text", *TABLE_FORMATS):
        raise CommandError(f"--{given} goes with tables: --format text, {', '.join(TABLE_FORMATS)}")


def choose_columns(options: argparse.Namespace) -> Sequence[str]:
    """Return the names of the columns to show; raises CommandError for one that there is not."""
    defaults = choose_cost_columns(options) or DEFAULT_COLUMNS[options.by]
    found = parse_columns(options.columns, NAMES) if options.columns is not None else defaults
    if name := next((name for name in found if name in TIMES and not options.time), None):
        raise CommandError(f"the column `{name}` goes with --time")
    return ["flops" if options.flops and name == "macs" else name for name in found]


def parse_columns(text: str, known: Sequence[str]) -> Sequence[str]:
    """Return the names in the value of `--columns`; raises CommandError for one that is not known."""
    names = [name.strip() for name in text.split(",")]
    listed = ", ".join(known)
    for name in names:
        if name not in known:
            hint = did_you_mean(find_closest_word(name, known))
            raise CommandError(f"there is no column `{name}`{hint or f'; there are {listed}'}")
    return names


def make_chosen_table(checked: Checked, options: argparse.Namespace, measures: Measures) -> Table:
    """Return the table of a network as the options say; a broken one has a row per layer, which shows the error."""
    columns = choose_columns(options)
    if checked.has_sound_network and options.by:
        from specnet.reporters.building_blocks import list_blocks, list_families

        listed = list_blocks if options.by == "block" else list_families
        return make_table(checked, columns, listed(checked.network), measures)
    rows = None if options.format == "text" else list_layers(checked)
    return make_table(checked, columns, rows, measures)


def format_tables(results: Sequence[Checked], options: argparse.Namespace) -> str:
    """Return the tables of all networks for papers or programs; errors and warnings go to standard error."""
    from specnet.reporters.table_formats import FORMATS, NamedTable

    for checked in results:
        print_diagnostics(checked.shown, checked.omitted)
    titles = (f"{each.network.name or each.source.name}  {each.network.description}".rstrip() for each in results)
    tables = (make_chosen_table(checked, options, make_measures(checked, options)) for checked in results)
    files = (checked.source.name for checked in results)
    return FORMATS[options.format]([*map(NamedTable, files, titles, tables)])
