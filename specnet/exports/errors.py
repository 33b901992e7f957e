"""What keeps a file from being written; `exit_code` is that of the command."""

from __future__ import annotations

from specnet.errors import SpecNetError


class ExportError(SpecNetError):
    """An export fails; the message says what cannot be written, and what to do."""

    exit_code: int = 1


class WrongExport(ExportError):
    """What would be written computes something else than the network."""


class Inexpressible(ExportError):
    """A format has no words for some layers of the network; each is named with its line."""


class MissingProgram(ExportError):
    """A library that makes the format is not installed."""

    exit_code = 2


class NothingRan(Exception):
    """Nothing here can run the format; the message says what it needs."""
