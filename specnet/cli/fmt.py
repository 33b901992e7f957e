"""specnet fmt: rewrite specs in the one canonical layout; `--fill` also writes and corrects the claims."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from specnet.cli.output import (
    CommandError,
    print_diagnostics,
    print_error,
    print_file,
    print_message,
    print_text,
    refuse_rewriting,
    write_file,
)
from specnet.cli.specs import STDIN, find_project_of, load_plugins, read_file
from specnet.diagnostics import Diagnostic
from specnet.foreign import recognise
from specnet.printable import escape_unprintable
from specnet.printer.formatter import format_source
from specnet.source import Source
from specnet.spec_files import decode_spec, find_form
from specnet.syntax import tree
from specnet.syntax.parser import parse

HELP = "format specs in the one canonical layout; comments and meaning stay"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a .net file, which is rewritten, or - to format standard input"
    )
    parser.add_argument("--check", action="store_true", help="change nothing; name the files that would be formatted")
    parser.add_argument(
        "--fill", action="store_true", help="also write missing and correct wrong `=> SHAPE` and `expect … == VALUE`"
    )


def run(options: argparse.Namespace) -> int:
    """Return the highest exit code of all FILEs; with 2, nothing is printed on standard output."""
    code, unformatted, printed = 0, list[str](), list[bytes]()
    for file in options.files:
        try:
            code = max(code, _format(file, options, unformatted, printed))
        except CommandError as error:
            print_error(error)
            code = max(code, error.exit_code)
    if code < 2 and unformatted:
        print_text("\n".join(unformatted))
    if code < 2 and printed:
        print_file(b"".join(printed))
    return code


def _format(file: str, options: argparse.Namespace, unformatted: list[str], printed: list[bytes]) -> int:
    """Format one FILE, or list it if it is `unformatted` or comes from standard input; return the exit code."""
    if file != "-" and not options.check:
        refuse_rewriting(file)
    data = read_file(file, "fmt")
    source = Source(STDIN if file == "-" else file, decode_spec(data))
    lines, unreadable = parse(source, recognise)
    if unreadable:
        return _report(unreadable)
    text, errors, filled = _fill(source, lines) if options.fill else (_lay_out(source, lines), [], "")
    content, done = find_form(data).encode(text), [filled] * bool(filled)
    is_formatted = content == data
    if options.check:
        unformatted += [f"{escape_unprintable(source.name)}: would be formatted"] if not is_formatted else []
        return max(_report(errors), int(not is_formatted))
    if file == "-":
        printed.append(content)
    elif not is_formatted:
        write_file(Path(file), content)
        done.insert(0, "formatted")
    if done:
        print_message(f"{source.name}: {', '.join(done)}")
    return _report(errors)


def _fill(source: Source, lines: tree.Lines) -> tuple[str, Sequence[Diagnostic], str]:
    """Return the canonical text with its claims, the errors left in it, and a summary; this needs the compiler."""
    from specnet.compiler import check_source
    from specnet.fixes.claims import fill_claims, summarize_claims

    load_plugins(find_project_of(source.name))
    claimed = fill_claims(source, lines)
    text = _lay_out(source, claimed)
    errors = check_source(Source(source.name, text)).errors
    return text, errors, summarize_claims(lines, claimed) or "nothing to fill"


def _lay_out(source: Source, lines: tree.Lines) -> str:
    """Return the canonical text, which is parsed again to prove that its meaning is the same; raises CommandError."""
    text = format_source(source, lines)
    parsed, unreadable = parse(Source(source.name, text))
    if unreadable:
        message = f"{source.name} is left as it is: in the canonical layout {unreadable[0].message}"
        raise CommandError(message, exit_code=1)
    if parsed != lines:
        raise RuntimeError(f"the canonical layout of {source.name} says something else")
    return text


def _report(diagnostics: Sequence[Diagnostic]) -> int:
    """Print diagnostics; return 1 if there are any."""
    if diagnostics:
        print_diagnostics(diagnostics)
    return int(bool(diagnostics))
