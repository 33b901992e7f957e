"""Write the output of commands: files, JSON, diagnostics, and the error that ends a command."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EBADF
from pathlib import Path
from typing import Any, Literal

from specnet.diagnostics import Diagnostic, Severity
from specnet.file_access import NO_FILE, describe_reason
from specnet.printable import dump_json, escape_commands, escape_unprintable, is_printable

BUG = 70
"""The exit code of an exception that no command should raise."""

STYLE = re.compile(r"(\x1b\[[0-9;]*m)")
"""A style of the terminal, as `paint` sets it."""

Command = Callable[[argparse.Namespace], int]
"""The `run` of a command: it takes the options and returns the exit code."""


class CommandError(Exception):
    """Ends the command with a message of one or more lines; code 2 means that the command cannot be carried out."""

    def __init__(self, *lines: str, exit_code: int = 2) -> None:
        super().__init__(*lines)
        self.exit_code = exit_code


def write_file(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all; raises CommandError."""
    from specnet.atomic_write import write_user_file

    refuse_folder(path)
    try:
        write_user_file(path, content)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {describe_reason(error)}") from None


def rewrite_spec(path: Path, text: str) -> None:
    """Replace the text of a spec by an edited one, keeping its encoding, line ends and byte order mark.

    Raises CommandError.
    """
    from specnet.spec_files import find_form

    try:
        form = find_form(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {describe_reason(error)}") from None
    write_file(path, form.encode_edited(text))


def refuse_rewriting(file: str) -> None:
    """Raise CommandError for a FILE that can be read, but not be rewritten: one that is not regular."""
    path = Path(file)
    with suppress(OSError, ValueError):  # which reading reports
        if path.exists() and not path.is_file() and not path.is_dir():
            raise CommandError(f"{file} cannot be rewritten: {NO_FILE}; name a file")


def refuse_folder(path: Path) -> None:
    """Raise CommandError if the file to be written is a directory, or in one that cannot be searched."""
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {describe_reason(error)}") from None
    if is_folder:
        raise CommandError(f"{path} is a directory; name a file")


def refuse_unwritable(path: Path) -> None:
    """Raise CommandError, before a long work, for a file that could not be written at its end."""
    refuse_folder(path)
    folder = path.absolute().parent
    if not folder.is_dir():
        raise CommandError(f"{path} cannot be written: there is no folder {path.parent}")
    place = path if path.exists() else folder
    if not os.access(place, os.W_OK):
        raise CommandError(f"{path} cannot be written: permission denied")


def refuse_overwriting(path: Path, inputs: Iterable[Path | str]) -> None:
    """Raise CommandError if the file to be written, by whatever name, is one that the command reads."""
    with suppress(OSError, ValueError):  # it is not there yet
        found = path.stat()
        if any(_is_same_file(Path(each), found) for each in inputs):
            raise CommandError(f"{path} is what the command reads, and would be overwritten; name another file")


def _is_same_file(path: Path, other: os.stat_result) -> bool:
    with suppress(OSError, ValueError):
        return os.path.samestat(path.stat(), other)
    return False


@contextmanager
def reporting_paths() -> Iterator[None]:
    """Turn the error of a path that the system refuses, whatever a command does with it, into CommandError."""
    try:
        yield
    except OSError as error:
        if not isinstance(error.filename, str | bytes):
            raise
        raise CommandError(f"{os.fsdecode(error.filename)} cannot be accessed: {describe_reason(error)}") from None


# The gate: no other module of the commands prints


def print_text(text: str) -> None:
    """Print a result for people on standard output: only line ends and, on a terminal, colours are not escaped."""
    _write("stdout", _escape(f"{escape_commands(text)}\n", uses_colour(sys.stdout)))


def print_data(text: str) -> None:
    """Print a result for programs on standard output: JSON or workflow commands, which escape for themselves."""
    _write("stdout", _escape(f"{text}\n"))


def print_json(value: Any) -> None:
    print_data(dump_json(value))


def print_file(content: bytes) -> None:
    """Print the content of a file on standard output as it is, but on a terminal without its control characters."""
    from specnet.spec_files import decode_spec

    is_file = hasattr(sys.stdout, "buffer") and not sys.stdout.isatty()
    _write("stdout", content if is_file else _escape(decode_spec(content)))


def print_message(*lines: object, colour: bool = False) -> None:
    """Print a message on standard error, each argument as one line; with `colour`, colours are not escaped."""
    text = "".join(f"{_escape_line(escape_commands(str(line)), colour)}\n" for line in lines)
    with suppress(CommandError, BrokenPipeError):  # where else could be said that this cannot be written?
        _write("stderr", text)


def print_error(error: CommandError) -> None:
    """Print the message of a command that cannot be carried out."""
    first, *others = error.args
    print_message(f"error: {first}", *others)


def print_diagnostics(diagnostics: Iterable[Diagnostic], omitted: int = 0) -> None:
    """Print errors and warnings on standard error, for commands whose result is something else."""
    from specnet.reporters.terminal import format_diagnostic, format_omitted

    colour = uses_colour(sys.stderr)
    for diagnostic in diagnostics:
        if diagnostic.severity is not Severity.NOTE:
            print_message(*format_diagnostic(diagnostic, colour).split("\n"), colour=colour)
    if omitted:
        print_message(format_omitted(omitted))


def _escape(text: str, colour: bool = False) -> str:
    if is_printable(text):
        return text
    return "\n".join(_escape_line(line, colour) for line in text.split("\n"))


def _escape_line(line: str, colour: bool) -> str:
    if not colour:
        return escape_unprintable(line)
    return "".join(part if STYLE.fullmatch(part) else escape_unprintable(part) for part in STYLE.split(line))


def _write(name: Literal["stdout", "stderr"], content: str | bytes) -> None:
    """Write to a standard stream at once; raises CommandError where that fails, BrokenPipeError if nobody reads it."""
    stream = getattr(sys, name)
    try:
        (stream.buffer if isinstance(content, bytes) else stream).write(content)
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # or Python would try again when it ends
        if isinstance(error, BrokenPipeError):
            raise
        reason = "it is closed" if error.errno == EBADF else describe_reason(error)
        raise CommandError(f"the output cannot be written: {reason}") from None


def uses_colour(stream: object) -> bool:
    """Return whether a stream is a terminal that NO_COLOR (no-color.org) or TERM=dumb do not keep plain."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
