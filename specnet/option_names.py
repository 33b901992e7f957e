"""The names of options in messages: `--skip-bad` for the user of a command, `skip_bad=True` for that of Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SHORT_SETTINGS = ("epochs", "batch", "seed")
"""Settings of the `train` section that have a flag of their own."""


@dataclass
class _Reader:
    """Who reads the messages of this process; a program has only one kind of reader, as it has one language."""

    uses_commands: bool = False


_READER = _Reader()


@contextmanager
def naming_flags() -> Iterator[None]:
    """Name options as the command line does within the context."""
    before, _READER.uses_commands = _READER.uses_commands, True
    try:
        yield
    finally:
        _READER.uses_commands = before


def name_option(name: str, value: object = None) -> str:
    """Return an option, alone or with a value that a message proposes or refuses; True is that of a plain flag."""
    if _READER.uses_commands:
        shown = "" if value is None or value is True else f" {value}"
        return f"`--{name.replace('_', '-')}{shown}`"
    return f"`{name}`" if value is None else f"`{name}={_quote(value)}`"


def name_setting(name: str, value: object) -> str:
    """Return a setting of the `train` section with a value that a message proposes."""
    if not _READER.uses_commands:
        return f'`settings={{"{name}": {_quote(value)}}}`'
    return f"`--{name} {value}`" if name in SHORT_SETTINGS else f"`--set {name}={value}`"


def name_override(name: str) -> str:
    """Return the place where the value of a name is overridden."""
    if _READER.uses_commands:
        return "--input" if name == "input" else f"--set {name}"
    return f'settings["{name}"]'


def write_override(name: str) -> tuple[str, str]:
    """Return where overrides are written, and what stands there before the value of a name."""
    if _READER.uses_commands:
        return "<command line>", "--input " if name == "input" else f"--set {name}="
    return "<settings>", f"{name}="


def choose_wording(command: str, call: str) -> str:
    """Return a command, or for the user of Python the call that does the same."""
    return command if _READER.uses_commands else call


def _quote(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
