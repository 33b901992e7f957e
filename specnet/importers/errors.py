"""The exceptions of reading another tool's file."""

from __future__ import annotations

from specnet.errors import SpecNetError


class UnreadableModel(SpecNetError, ValueError):
    """A file of another tool is damaged, unsafe, or says what cannot be; the message names the place and the reason."""


class MissingLibrary(UnreadableModel):
    """A library that reads the format is not installed; the message says how to get it."""


class SourceNotRun(Exception):
    """The source's own tool cannot run the model, so that its outputs are not compared; the message says why."""
