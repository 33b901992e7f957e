"""Read and check the specs that a command is given, as its options and the project's pyproject.toml say."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import collect_overrides
from specnet.cli.output import CommandError, refuse_overwriting
from specnet.errors import PluginError, ProjectError
from specnet.file_access import describe_reason
from specnet.plugin_loading.discovery import Plugin
from specnet.plugin_loading.loading import load_for_spec
from specnet.plugin_loading.project import Project, find_project
from specnet.source import Source
from specnet.spec_files import decode_spec, find_in_zoo, open_file, read_beginning, suggest_file

if TYPE_CHECKING:
    from specnet.compiler import Checked
    from specnet.elaborate import Elaborated, Read

STDIN = "<stdin>"
"""The name under which a spec from standard input is shown."""

TABLES = frozenset({".csv", ".tsv"})
"""The endings of tables of data."""


def check_file(file: str, options: argparse.Namespace) -> Checked:
    """Read and check a FILE; its errors come with proved fixes. Raises CommandError."""
    return check_text(read_spec(file), options)


def check_network(file: str, options: argparse.Namespace) -> Checked:
    """Check a FILE as `check_file` does; raises CommandError, also for a sound file of blocks alone."""
    return require_network(check_file(file, options), options)


def require_network(checked: Checked, options: argparse.Namespace) -> Checked:
    """Return what is checked; raises CommandError for a sound file of blocks alone."""
    if checked.ok and not checked.network.nodes:
        name = checked.source.name
        raise CommandError(f"{name} holds blocks alone, and no network to {options.command}", exit_code=1)
    return checked


def check_text(source: Source, options: argparse.Namespace, read: Read | None = None) -> Checked:
    """Check a text as `check_file` does a file, with a function that reads the files it uses; raises CommandError."""
    from specnet.compiler import check_source, read_beside
    from specnet.elaborate import OverrideError

    read = read or read_beside
    overrides, project = collect_overrides(options), find_project_of(source.name)
    is_strict, allow = getattr(options, "strict", False), project.allow if project else ()
    plugins = load_plugins(project)
    try:
        checked = replace(check_source(source, overrides, read, is_strict, allow), plugins=plugins)
    except OverrideError as error:
        raise CommandError(str(error)) from None
    if checked.ok:
        return checked
    from specnet.fixes import add_fixes

    return add_fixes(checked, overrides, read)


def make_elaborate(source: Source, options: argparse.Namespace) -> Callable[[Mapping[str, str]], Elaborated] | None:
    """Return a function that elaborates a spec with more overrides, and compares no claims; it raises CommandError.

    None stands for a spec that cannot be read.
    """
    from specnet.compiler import read_beside
    from specnet.elaborate import OverrideError, elaborate
    from specnet.foreign import recognise
    from specnet.syntax.parser import parse

    load_plugins(find_project_of(source.name))
    given, (lines, unreadable) = collect_overrides(options), parse(source, recognise)
    if unreadable:
        return None

    def elaborate_with(overrides: Mapping[str, str]) -> Elaborated:
        try:
            return elaborate(source, lines, True, read_beside, {**given, **overrides}, restates=lambda claim: True)
        except OverrideError as error:
            raise CommandError(str(error)) from None

    return elaborate_with


# Files


def refuse_overwriting_spec(output: Path, checked: Checked) -> None:
    """Raise CommandError if the file to be written is that of the spec, or one that it uses."""
    refuse_overwriting(output, [checked.source.name, *(used.name for used in checked.elaborated.used)])


def read_spec(file: str) -> Source:
    """Read a FILE, a network of the zoo by its bare name, or standard input for `-`; raises CommandError."""
    if not file:
        raise CommandError("an empty name names no file")
    if (path := find_in_zoo(file)) or not _is_missing(file):
        name = str(path or file)
        _refuse_table(name)
        return Source(STDIN if name == "-" else name, decode_spec(read_file(name, "check")))
    raise CommandError(f"there is no file {file}{suggest_file(file)}")


def _refuse_table(file: str) -> None:
    """Raise CommandError for a table of data, which a spec names and which is none itself."""
    if Path(file).suffix.lower() in TABLES and not Path(file).is_dir():
        line = f'data csv "{Path(file).name}" image=COLUMN label=COLUMN'
        raise CommandError(f"{file} is a table, not a spec; the `train` section of a spec names it: `{line}`")


def read_file(file: str, command: str) -> bytes:
    """Read a file, or standard input for `-`; raises CommandError, which for a folder shows how `command` takes it."""
    try:
        if file == "-":
            return _read_standard_input()
        if Path(file).is_dir():
            has_specs = next(Path(file).glob("*.net"), None)
            advice = f"try `specnet {command} {file}/*.net`" if has_specs else "name a file"
            raise CommandError(f"{file} is a directory; {advice}")
        with open_file(Path(file)) as stream:
            return read_beginning(stream)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} cannot be read: {describe_reason(error)}") from None


def _read_standard_input() -> bytes:
    """Read standard input; raises OSError, and CommandError where the caller closed it, as by `<&-`."""
    if sys.stdin is None:
        raise CommandError("standard input is closed; name a file")
    return read_beginning(sys.stdin.buffer)


def _is_missing(file: str) -> bool:
    try:
        Path(file).stat()
    except FileNotFoundError:
        return file != "-"
    except (OSError, ValueError):
        return False
    return False


# The project


def find_project_of(spec: str) -> Project | None:
    """Return the project of a spec, for standard input that of the current folder; raises CommandError."""
    try:
        return find_project(spec)
    except ProjectError as error:
        raise CommandError(*error.args) from None


def load_plugins(project: Project | None) -> tuple[Plugin, ...]:
    """Import the plugins of a project and of installed packages, unless the user refuses; raises CommandError."""
    try:
        return load_for_spec(project)
    except PluginError as error:
        raise CommandError(*error.args) from None
