"""specnet check: every size, every parameter, every mistake at its place; without torch."""

from __future__ import annotations

import argparse
import json
import shutil
import sys

from specnet.cli.failure import Failure
from specnet.cli.spec import add_spec_arguments, check_file, uses_colour
from specnet.compiler import Checked
from specnet.render import summary, terminal

HELP = "check specs: sizes, parameters, MACs, and every mistake at its place"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a .net file; - reads standard input")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.add_argument("--strict", action="store_true", help="warnings, and notes about rounding, are errors")
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """The highest exit code of all FILEs; with 2, nothing is printed on standard output."""
    results, failures = list[Checked](), list[Failure]()
    for file in options.files:
        try:
            results.append(check_file(file, options))
        except Failure as error:
            failures.append(error)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    if failures:
        return max(failure.code for failure in failures)
    print(_json(results) if options.format == "json" else "\n\n".join(_text(checked) for checked in results))
    return 0 if all(checked.ok for checked in results) else 1


def _json(results: list[Checked]) -> str:
    """One object for one FILE, a list for several."""
    from specnet.report import report

    reports = [report(checked) for checked in results]
    return json.dumps(reports[0] if len(reports) == 1 else reports, ensure_ascii=False, indent=1)


def _text(checked: Checked) -> str:
    """The table, what is to be said of it, and the verdict."""
    from specnet.table import table

    colour = uses_colour(sys.stdout)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    parts = [table(checked, width, colour)] if checked.network.nodes else []
    parts += [terminal(diagnostic, colour) for diagnostic in checked.diagnostics]
    counted = summary(checked.diagnostics)
    fingerprint = checked.digest.removeprefix("sha256:")[:12]
    verdict = f"ok{f', {counted}' if counted else ''}, digest {fingerprint}" if checked.ok else counted
    return "\n\n".join((*parts, f"{checked.source.name}: {verdict}"))
