"""Write the output of commands: files, JSON, diagnostics, and the error that ends a command."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from specnet.diagnostics import Diagnostic, Severity

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

BUG = 70
"""The exit code of an exception that no command should raise."""

Command = Callable[[argparse.Namespace], int]
"""The `run` of a command: it takes the options and returns the exit code."""


class CommandError(Exception):
    """Ends the command with a message; exit code 2 means that the command cannot be carried out."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def write_file(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all; raises CommandError."""
    from specnet.atomic_write import write_user_file

    refuse_folder(path)
    try:
        write_user_file(path, content)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from None


def rewrite_spec(path: Path, text: str) -> None:
    """Replace the text of a spec, keeping its line ends and byte order mark; raises CommandError."""
    try:
        old = path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}") from None
    lines = text.replace("\r\n", "\n")
    has_carriage_returns = old.partition(b"\n")[0].endswith(b"\r")
    content = (lines.replace("\n", "\r\n") if has_carriage_returns else lines).encode()
    write_file(path, BYTE_ORDER_MARK + content if old.startswith(BYTE_ORDER_MARK) else content)


def refuse_folder(path: Path) -> None:
    """Raise CommandError if the file to be written is a directory."""
    if path.is_dir():
        raise CommandError(f"{path} is a directory; name a file")


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print errors and warnings on standard error, for commands whose result is something else."""
    from specnet.reporters.terminal import format_diagnostic

    for diagnostic in diagnostics:
        if diagnostic.severity is not Severity.NOTE:
            print(format_diagnostic(diagnostic, uses_colour(sys.stderr)), file=sys.stderr)


def uses_colour(stream: object) -> bool:
    """Return whether a stream is a terminal that NO_COLOR (no-color.org) or TERM=dumb do not keep plain."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
