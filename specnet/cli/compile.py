"""specnet compile: write a network as Python source that needs only torch; needs no torch itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from specnet.cli.options import FILE, add_spec_arguments, output_file
from specnet.cli.output import print_diagnostics, print_file, print_message, refuse_folder, write_file
from specnet.cli.specs import check_network, refuse_overwriting_spec

HELP = "write the network of a spec as readable PyTorch source"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=FILE)
    parser.add_argument(
        "-o", dest="output", type=output_file, metavar="OUT", help="output file (default: standard output)"
    )
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0, or 1 if the spec has errors; then nothing is written."""
    if options.output:
        refuse_folder(options.output)
    checked = check_network(options.file, options)
    if options.output:
        refuse_overwriting_spec(options.output, checked)
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
        return 1

    from specnet.backends.torch_source import generate_source
    from specnet.elaborate.formulas import find_formulas

    origin = "standard input" if options.file == "-" else Path(options.file).name
    text = generate_source(checked.network, origin, find_formulas(checked.elaborated))
    if options.output:
        write_file(options.output, text.encode())
        print_message(f"wrote {options.output}")
    else:
        print_file(text.encode())
    return 0
