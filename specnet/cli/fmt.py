"""specnet fmt: the one canonical layout; `--fill` writes and corrects the claims, too."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from specnet.cli.failure import Failure
from specnet.cli.output import rewrite_spec
from specnet.diagnostics import Diagnostic
from specnet.foreign import recognise
from specnet.printer.formatter import format_source
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.parser import MOST_CHARACTERS, parse

HELP = "print specs in the one canonical layout; comments are kept, and the meaning never changes"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a .net file; - reads standard input and prints")
    parser.add_argument("--check", action="store_true", help="change nothing, name the files that are not formatted")
    parser.add_argument("--fill", action="store_true", help="write and correct `=> SHAPE` and `expect … == VALUE`")


def run(options: argparse.Namespace) -> int:
    """The highest exit code of all FILEs; with 2, nothing is printed on standard output."""
    code, output = 0, list[str]()
    for file in options.files:
        try:
            code = max(code, _format(file, options, output))
        except Failure as failure:
            print(f"error: {failure}", file=sys.stderr)
            code = max(code, failure.code)
    if code < 2:
        sys.stdout.buffer.write("".join(output).encode())
    return code


def _format(file: str, options: argparse.Namespace, output: list[str]) -> int:
    """Formats one FILE, or names it if it is not; its exit code."""
    source = _read(file)
    lines, unreadable = parse(source, recognise)
    if unreadable:
        return _said(unreadable)
    text, errors, filled = _filled(source, lines) if options.fill else (_proved(source, lines), [], "")
    is_formatted = text == (source.text if file == "-" else source.text.replace("\r\n", "\n"))
    if options.check:
        output += [f"{source.name}\n"] if not is_formatted else []
        return max(_said(errors), int(not is_formatted))
    done = [filled] if filled else []
    if file == "-":
        output.append(text)
    elif not is_formatted:
        rewrite_spec(Path(file), text)
        done.insert(0, "formatted")
    if done:
        print(f"{source.name}: {', '.join(done)}", file=sys.stderr)
    return _said(errors)


def _filled(source: Source, lines: tree.Lines) -> tuple[str, list[Diagnostic], str]:
    """The canonical text with its claims, the errors that it still has, what was filled; this needs the compiler."""
    from specnet.cli import claims

    claimed = claims.with_claims(source, lines)
    text = _proved(source, claimed)
    return text, claims.errors(Source(source.name, text)), claims.filled(lines, claimed) or "nothing to fill"


def _proved(source: Source, lines: tree.Lines) -> str:
    """The canonical text, read again to see that it says the same."""
    text = format_source(source, lines)
    again, unreadable = parse(Source(source.name, text))
    if unreadable:
        raise Failure(f"{source.name} is left as it is: in the canonical layout {unreadable[0].message}", 1)
    if again != lines:
        raise RuntimeError(f"the canonical layout of {source.name} says something else")
    return text


def _read(file: str) -> Source:
    """The text of a FILE as it is; it is looked for nowhere else, as it will be written."""
    most = 4 * (MOST_CHARACTERS + 1)
    try:
        if file == "-":
            data = sys.stdin.buffer.read(most)
        else:
            if Path(file).is_dir():
                raise Failure(f"{file} is a directory; try `specnet fmt {file}/*.net`")
            with Path(file).open("rb") as stream:
                data = stream.read(most)
    except (OSError, ValueError) as error:
        raise Failure(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    text = data.decode("utf-8-sig", errors="replace")[: MOST_CHARACTERS + 1]
    return Source("<stdin>" if file == "-" else file, text)


def _said(diagnostics: Sequence[Diagnostic]) -> int:
    """Says what is wrong; the exit code of that."""
    if diagnostics:
        from specnet.cli.spec import say

        say(diagnostics)
    return int(bool(diagnostics))
