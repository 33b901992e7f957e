"""specnet check: every size, every parameter, every mistake at its place; without torch."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from specnet.cli.failure import Failure
from specnet.cli.spec import add_spec_arguments, check_file, check_text, uses_colour
from specnet.compiler import Checked
from specnet.reporters.terminal import format_counts, format_diagnostic

HELP = "check specs: sizes, parameters, MACs, and every mistake at its place"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a .net file; - reads standard input")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print (default: text)")
    parser.add_argument("--strict", action="store_true", help="warnings, and notes about rounding, are errors")
    parser.add_argument("--fix", action="store_true", help="make the fixes that need no choice")
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """The highest exit code of all FILEs; with 2, nothing is printed on standard output."""
    results, failures = list[Checked](), list[Failure]()
    for file in options.files:
        try:
            checked = check_file(file, options)
            results.append(_mended(checked, file, options) if options.fix else checked)
        except Failure as error:
            failures.append(error)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    if failures:
        return max(failure.code for failure in failures)
    output = FORMATS[options.format](results)
    if output:
        print(output)
    return 0 if all(checked.ok for checked in results) else 1


def _mended(checked: Checked, file: str, options: argparse.Namespace) -> Checked:
    """The spec with its safe fixes made, until none is left; the file is written once."""
    from specnet.cli.output import rewrite_spec
    from specnet.fixes import edited, edits_of, safe_fixes

    if file == "-":
        raise Failure("--fix writes the file that it mends; standard input is none")
    made = 0
    while fixes := safe_fixes(checked):
        made += len(fixes)
        checked = check_text(edited(checked.source, edits_of(fixes)), options)
    if made:
        rewrite_spec(Path(checked.source.name), checked.source.text)
        print(f"{file}: {made} fix{'es' if made > 1 else ''} made", file=sys.stderr)
    else:
        print(f"{file}: nothing changed; {_why_nothing(checked)}", file=sys.stderr)
    return checked


def _why_nothing(checked: Checked) -> str:
    if checked.ok:
        return "there is no error"
    has_fixes = any(diagnostic.fixes for diagnostic in checked.diagnostics)
    return "no error has a fix that needs no choice" if has_fixes else "no error has a fix"


def _json(results: list[Checked]) -> str:
    """One object for one FILE, a list for several."""
    from specnet.reporters.json import describe_network

    reports = [describe_network(checked) for checked in results]
    return json.dumps(reports[0] if len(reports) == 1 else reports, ensure_ascii=False, indent=1)


def _sarif(results: list[Checked]) -> str:
    """One log for all FILEs."""
    from specnet.cli.explain import page
    from specnet.reporters.sarif import make_log

    said = [(checked.source, diagnostic) for checked in results for diagnostic in checked.diagnostics]
    return json.dumps(make_log(said, page), ensure_ascii=False, indent=1)


def _github(results: list[Checked]) -> str:
    """A workflow command a diagnostic; nothing where all is well."""
    from specnet.reporters.github import format_commands

    return "\n".join(line for checked in results for line in format_commands(checked.source, checked.diagnostics))


def _texts(results: list[Checked]) -> str:
    return "\n\n".join(_text(checked) for checked in results)


def _text(checked: Checked) -> str:
    """The table, what is to be said of it, and the verdict."""
    from specnet.reporters.table import format_table

    colour = uses_colour(sys.stdout)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    parts = [format_table(checked, width, colour)] if checked.network.nodes else []
    parts += [format_diagnostic(diagnostic, colour) for diagnostic in checked.diagnostics]
    counted = format_counts(checked.diagnostics)
    fingerprint = checked.digest.removeprefix("sha256:")[:12]
    verdict = f"ok{f', {counted}' if counted else ''}, digest {fingerprint}" if checked.ok else counted
    return "\n\n".join((*parts, f"{checked.source.name}: {verdict}"))


FORMATS: Mapping[str, Callable[[list[Checked]], str]] = {
    "text": _texts,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
}
