"""specnet compile: the network as Python source that needs only torch; written without torch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from specnet.cli.failure import Failure
from specnet.cli.output import write_file
from specnet.cli.spec import add_spec_arguments, check_file, say

HELP = "write the network as readable Python source that needs only torch"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .net file; - reads standard input")
    parser.add_argument("-o", dest="output", type=Path, metavar="OUT", help="the source (default: standard output)")
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """0, or 1 if the spec is broken; then nothing is written."""
    if options.output and options.output.is_dir():
        raise Failure(f"{options.output} is a directory; name a file")
    checked = check_file(options.file, options)
    if not checked.ok:
        say(checked.diagnostics)
        return 1

    from specnet.backends.torch_source import generate_source

    text = generate_source(checked.network, "standard input" if options.file == "-" else Path(options.file).name)
    if options.output:
        write_file(options.output, text.encode())
        print(f"wrote {options.output}", file=sys.stderr)
    else:
        print(text, end="")
    return 0
