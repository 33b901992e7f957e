"""specnet check: compute every size and parameter, and report every error at its place; needs no torch."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from specnet.cli.cost_options import add_cost_arguments, describe_costs, format_costs, make_measures
from specnet.cli.options import FILE, add_spec_arguments
from specnet.cli.output import (
    CommandError,
    print_data,
    print_error,
    print_message,
    print_text,
    refuse_rewriting,
    rewrite_spec,
    uses_colour,
)
from specnet.cli.specs import check_file, check_text
from specnet.cli.table_options import (
    TABLE_FORMATS,
    add_table_arguments,
    format_tables,
    make_chosen_table,
    refuse_options_of_tables,
)
from specnet.compiler import Checked, collect_garbage_later
from specnet.diagnostics import Severity
from specnet.printable import dump_json, escape_unprintable, format_amount
from specnet.reporters.terminal import format_counts, format_diagnostic, format_omitted

HELP = "check specs: every size, parameter and MAC, and every error with its place"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=FILE)
    parser.add_argument("--format", choices=FORMATS, default="text", help="output format (default: text)")
    parser.add_argument("--strict", action="store_true", help="treat warnings, and notes about rounding, as errors")
    parser.add_argument("--fix", action="store_true", help="apply the fixes that leave no choice")
    parser.add_argument("--unsafe-fixes", action="store_true", help="with --fix: also apply the first of several fixes")
    add_table_arguments(parser)
    add_cost_arguments(parser)
    add_spec_arguments(parser)


@collect_garbage_later()
def run(options: argparse.Namespace) -> int:
    """Return the highest exit code of all FILEs; with 2, nothing is printed on standard output."""
    if options.unsafe_fixes and not options.fix:
        raise CommandError("--unsafe-fixes goes with --fix, which writes the file")
    refuse_options_of_tables(options)
    results, errors = list[Checked](), list[CommandError]()
    for file in options.files:
        try:
            if options.fix:
                refuse_rewriting(file)
            checked = check_file(file, options)
            results.append(_apply_fixes(checked, file, options) if options.fix else checked)
        except CommandError as error:
            errors.append(error)
    for each in {each.args: each for each in errors}.values():  # a plugin that fails does so for each FILE
        print_error(each)
    if errors:
        return max(each.exit_code for each in errors)
    output = FORMATS[options.format](results, options)
    if output:
        (print_text if options.format == "text" else print_data)(output)
    return 0 if all(checked.ok for checked in results) else 1


def _apply_fixes(checked: Checked, file: str, options: argparse.Namespace) -> Checked:
    """Apply fixes until none is left, and write the file once."""
    if file == "-":
        raise CommandError("--fix needs a file to write to, which standard input is not")
    made, seen = 0, set[str]()
    while checked.source.text not in seen:
        seen.add(checked.source.text)
        applied, checked = _apply_next_fixes(checked, file, options)
        made += applied
    if made:
        rewrite_spec(Path(checked.source.name), checked.source.text)
        print_message(f"{file}: {format_amount(made, 'fix')} applied")
    else:
        print_message(f"{file}: nothing changed; {_explain_no_fix(checked)}")
    return checked


def _apply_next_fixes(checked: Checked, file: str, options: argparse.Namespace) -> tuple[int, Checked]:
    """Apply all safe fixes or, if there are none, the first one that is offered; return their number and the spec."""
    from specnet.fixes import apply_edits, collect_edits, select_offered_fixes, select_safe_fixes

    if fixes := select_safe_fixes(checked):
        return len(fixes), check_text(apply_edits(checked.source, collect_edits(fixes)), options)
    for diagnostic, fix in select_offered_fixes(checked) if options.unsafe_fixes else ():
        after = check_text(apply_edits(checked.source, fix.edits), options)
        if after.ok or not checked.ok:  # the fix of a warning is not verified
            print_message(f"{file}: {diagnostic.code.name}: {fix.title}")
            return 1, after
    return 0, checked


def _explain_no_fix(checked: Checked) -> str:
    if checked.ok:
        return "there is no error"
    has_fixes = any(diagnostic.fixes for diagnostic in checked.diagnostics)
    return "no error has a fix that needs no choice" if has_fixes else "no error has a fix"


def _format_json(results: list[Checked], options: argparse.Namespace) -> str:
    """Return one object for one FILE, a list for several."""
    from specnet.reporters.json import describe_network

    reports = [describe_network(checked, options.flops) | describe_costs(checked, options) for checked in results]
    return dump_json(reports[0] if len(reports) == 1 else reports)


def _format_sarif(results: list[Checked], options: argparse.Namespace) -> str:
    """Return one log for all FILEs."""
    from specnet.cli.explain import read_page
    from specnet.reporters.code_scanning import make_log

    findings = [(checked.source, diagnostic) for checked in results for diagnostic in checked.shown]
    return dump_json(make_log(findings, read_page))


def _format_github(results: list[Checked], options: argparse.Namespace) -> str:
    """Return a workflow command per diagnostic, which is nothing where all is well."""
    from specnet.reporters.code_scanning import format_commands

    commands = (format_commands(checked.source, checked.shown, checked.omitted) for checked in results)
    return "\n".join(line for lines in commands for line in lines)


def _format_texts(results: list[Checked], options: argparse.Namespace) -> str:
    return "\n\n".join(_format_text(checked, options) for checked in results)


def _format_text(checked: Checked, options: argparse.Namespace) -> str:
    """Return the table, the diagnostics and the verdict."""
    from specnet.reporters.network_table import format_table

    colour = uses_colour(sys.stdout)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() and not options.columns else None
    measures = make_measures(checked, options)
    table = make_chosen_table(checked, options, measures)
    parts = [format_table(checked, table, width, colour)] if checked.network.nodes else []
    parts += [format_diagnostic(diagnostic, colour) for diagnostic in checked.shown]
    parts += [format_omitted(checked.omitted)] if checked.omitted else []
    parts += format_costs(checked, options, measures)
    if checked.restatement:
        from specnet.reporters.restatement import format_restatement

        parts += [line for line in (format_restatement(checked),) if line]
    counts = f"{format_counts(checked.diagnostics)}{_count_fixable(checked)}"
    digest = checked.digest.removeprefix("sha256:")[:12]
    sort = "" if checked.network.nodes else ", blocks and no network"
    verdict = f"ok{sort}{f', {counts}' if counts else ''}, digest {digest}" if checked.ok else counts
    parts += [f"plugins: {escape_unprintable(', '.join(map(str, checked.plugins)))}"] if checked.plugins else []
    return "\n\n".join((*parts, f"{escape_unprintable(checked.source.name)}: {verdict}"))


def _count_fixable(checked: Checked) -> str:
    """Return how many errors have fixes: `, 1 fixable with --fix, 2 more with --unsafe-fixes`; "" for none."""
    if checked.ok:
        return ""
    from specnet.fixes import select_offered_fixes, select_safe_fixes

    safe = len(select_safe_fixes(checked))
    others = sum(diagnostic.severity is Severity.ERROR for diagnostic, _ in select_offered_fixes(checked)) - safe
    if not safe:
        return f", {others:,} fixable with --fix --unsafe-fixes" if others else ""
    return f", {safe:,} fixable with --fix{f', {others:,} more with --unsafe-fixes' if others > 0 else ''}"


FORMATS: Mapping[str, Callable[[list[Checked], argparse.Namespace], str]] = {
    "text": _format_texts,
    "json": _format_json,
    "sarif": _format_sarif,
    "github": _format_github,
    **dict.fromkeys(TABLE_FORMATS, format_tables),
}
