"""What every command that reads a spec has in common: its arguments, the file, what is said of it."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from specnet.cli.failure import Failure
from specnet.cli.project import allowed_by_project
from specnet.compiler import Checked, check_source, read_beside
from specnet.diagnostics import Diagnostic, Severity
from specnet.elaborate import OverrideError
from specnet.package_files import find_package_file
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source
from specnet.suggest import closest_word
from specnet.syntax.parser import MOST_CHARACTERS


def add_spec_arguments(parser: argparse.ArgumentParser) -> None:
    """`--set` and `--input`, which mean the same to every command."""
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override a top-level let, or with a dot a setting of the train section (may be repeated)",
    )
    parser.add_argument("--input", metavar="HxWxC", help="the input's shape instead of the one in the spec")


def check_file(file: str, options: argparse.Namespace) -> Checked:
    """Reads and checks a FILE as the options say; errors come with the fixes that were proved for them."""
    return check_text(read_source(file), options)


def check_text(source: Source, options: argparse.Namespace) -> Checked:
    """Checks a text as `check_file` does a file."""
    try:
        is_strict, allow = getattr(options, "strict", False), allowed_by_project(source.name)
        checked = check_source(source, overrides(options), strict=is_strict, allow=allow)
    except OverrideError as error:
        raise Failure(str(error)) from None
    if checked.ok:
        return checked
    from specnet.fixes import with_fixes

    return with_fixes(checked, overrides(options), read_beside)


def overrides(options: argparse.Namespace) -> dict[str, str]:
    """What `--set` and `--input` override, by name."""
    given = {"input": options.input} if options.input else {}
    for setting in options.settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise Failure(f"--set {setting}: write NAME=VALUE")
        given[name.strip()] = value.strip()
    return given


def read_source(file: str) -> Source:
    """A spec's text; `-` is standard input. What is not text reads as a spec that says so."""
    if file == "-":
        return _decoded("<stdin>", sys.stdin.buffer.read(_MOST_BYTES))
    path = _in_zoo(file) or Path(file)
    try:
        if path.is_dir():
            raise refused_directory(path)
        with path.open("rb") as stream:
            return _decoded(str(path), stream.read(_MOST_BYTES))
    except FileNotFoundError:
        raise Failure(f"there is no file {file}{_hint(file)}") from None
    except (OSError, ValueError) as error:
        raise Failure(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def refused_directory(path: Path) -> Failure:
    """Why a directory is no spec, and how to check those that are in it."""
    has_specs = next(path.glob("*.net"), None)
    return Failure(f"{path} is a directory; " + (f"try `specnet check {path}/*.net`" if has_specs else "name a file"))


def _in_zoo(file: str) -> Path | None:
    """The zoo's file of that name, for a bare name that is no file here: `specnet check alexnet`."""
    if not _is_bare(file) or Path(file).exists():
        return None
    path = find_package_file(f"specs/{file}.net")
    return path if path.is_file() else None


def _is_bare(file: str) -> bool:
    return bool(re.fullmatch(r"[\w-]+", file))


def _hint(file: str) -> str:
    """The file that was probably meant: one of the same folder, or of the zoo for a bare name."""
    names = {path.stem: str(path) for path in Path(file).parent.glob("*.net")}
    if _is_bare(file):
        names |= {path.stem: path.stem for path in find_package_file("specs").glob("*.net")}
    meant = closest_word(Path(file).stem, names)
    return f"; did you mean {names[meant]}?" if meant else ""


_MOST_BYTES = 5 * MOST_CHARACTERS
"""Enough of a file to see that it is too long, whatever its characters."""


def _decoded(name: str, data: bytes) -> Source:
    """The text of a file in UTF-8; a byte that is none becomes U+FFFD, which no spec may have."""
    cut = data if len(data) < _MOST_BYTES else data[: data.rfind(b"\n") + 1] or data
    return Source(name, cut.decode("utf-8-sig", errors="replace"))


def uses_colour(stream: object) -> bool:
    """Colour on a terminal, unless NO_COLOR (no-color.org) or a dumb terminal forbids it."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


def say(diagnostics: Iterable[Diagnostic]) -> None:
    """Errors and warnings on standard error, for commands whose result is something else; notes are for `check`."""
    for diagnostic in diagnostics:
        if diagnostic.severity is not Severity.NOTE:
            print(format_diagnostic(diagnostic, uses_colour(sys.stderr)), file=sys.stderr)
