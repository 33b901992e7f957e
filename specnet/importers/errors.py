"""The exceptions of reading another tool's file."""

from __future__ import annotations

import re

from specnet.errors import SpecNetError
from specnet.printable import shorten_text

LONGEST_LINE = 1000
"""Characters of a line of a message."""


LONG_NAME = re.compile(r"`([^`]{80})[^`]*`")


class UnreadableModel(SpecNetError, ValueError):
    """A file of another tool is damaged, unsafe, or says what cannot be; the message names the place and the reason.

    Names of the file that fill pages are cut.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(*(shorten_text(LONG_NAME.sub(r"`\1…`", line), LONGEST_LINE) for line in lines))


class MissingLibrary(UnreadableModel):
    """A library that reads the format is not installed; the message says how to get it."""


class SourceNotRun(Exception):
    """The source's own tool cannot run the model, so that its outputs are not compared; the message says why."""
