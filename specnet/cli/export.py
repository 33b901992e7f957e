"""specnet export: write a network for other programs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import (
    DATA_DIR,
    add_spec_arguments,
    collect_overrides,
    named_path,
    output_file,
    positive_integer,
)
from specnet.cli.output import (
    CommandError,
    print_diagnostics,
    print_message,
    print_text,
    refuse_overwriting,
    refuse_unwritable,
    write_file,
)
from specnet.cli.specs import check_network
from specnet.cli.torch_commands import requires_torch
from specnet.exports.registry import FORMATS, Format

if TYPE_CHECKING:
    from specnet.exports.comparison import Comparison
    from specnet.exports.exportable import Exportable
    from specnet.exports.writing import Written

HELP = "write a network for other programs, each file run and compared with it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="RUN|FILE", help="the folder of a run, or a spec, which is exported with its initial weights"
    )
    formats = "; ".join(f"{each.word}: {each.title}" for each in FORMATS.values())
    parser.add_argument("--to", choices=tuple(FORMATS), required=True, help=formats)
    parser.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help="output file (default: the source's name, in this folder)",
    )
    parser.add_argument(
        "--batch", type=positive_integer, metavar="N", help="take batches of N images alone (default: of any number)"
    )
    parser.add_argument("--data-dir", type=named_path, metavar="DIR", help=f"{DATA_DIR}, for int8")
    parser.add_argument("--verify", action="store_true", help="print the differences of each output from the network")
    add_spec_arguments(parser)


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0, or 1 if a spec has errors, or no file computes what the network does."""
    from specnet.exports.errors import ExportError
    from specnet.exports.writer import Request
    from specnet.exports.writing import write_export

    format = FORMATS[options.to]
    target = _choose_target(options, format)
    if options.batch and not format.batch:
        raise CommandError(f"--batch {options.batch}: the format {format.word} does not say how many images it takes")
    exportable = _load_exportable(options)
    if exportable is None:
        return 1
    try:
        written = write_export(exportable, format, Request(options.batch, options.data_dir, print_message))
    except ExportError as error:
        raise CommandError(*error.args, exit_code=error.exit_code) from None
    _write(target, format, written)
    if options.verify and written.comparisons:
        print_text(_format_comparisons(written.comparisons))
    return 0


def _choose_target(options: argparse.Namespace, format: Format) -> Path:
    """Return the file to write; raises CommandError where that cannot be, before anything is computed."""
    source = Path(options.source)
    name = Path(os.path.realpath(source)).stem
    target: Path = options.output or Path(f"{name}{format.endings[0]}")
    read = list(source.iterdir()) if source.is_dir() else [source]
    for path in _name_all(target, format):
        refuse_unwritable(path)
        refuse_overwriting(path, read)
    return target


def _name_all(target: Path, format: Format) -> list[Path]:
    from specnet.exports.writing import name_files

    return list(name_files(target, format, dict.fromkeys(format.endings, b"")))


def _write(target: Path, format: Format, written: Written) -> None:
    from specnet.exports.writing import name_files

    files = name_files(target, format, written.files)
    for path, content in files.items():
        write_file(path, content)
    names = " and ".join(map(str, reversed(files)))
    print_message(f"wrote {names}; {written.use}")
    if written.unproved:
        print_message(f"note: nothing was run, and nothing compared: {written.unproved}")
    elif written.found:
        print_message(written.found)


def _load_exportable(options: argparse.Namespace) -> Exportable | None:
    """Return the network to export, None if its spec has errors."""
    if not Path(options.source).is_dir():
        return _initialize_spec(options)
    if collect_overrides(options):
        raise CommandError("a run is exported as it was trained; --set and --input are for a spec")
    from specnet.runs import load_run, open_export

    return open_export(load_run(options.source))


def _initialize_spec(options: argparse.Namespace) -> Exportable | None:
    """Return the network of a spec with its initial weights, None if the spec has errors."""
    checked = check_network(options.source, options)
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
        return None
    from specnet.exports.exportable import export_untrained

    return export_untrained(checked, collect_overrides(options))


def _format_comparisons(comparisons: tuple[Comparison, ...]) -> str:
    """Return a table with a line for each output and batch."""
    from specnet.reporters.table import align_rows

    rows = [("output", "batch", "difference", "of", "allowed")]
    rows += [
        (each.output, each.trial, f"{each.difference:.2g}", f"{each.scale:.3g}", f"{each.allowed:.2g}")
        for each in comparisons
    ]
    return "\n".join(align_rows(rows, right=(2, 3, 4)))
