"""Limits on the size of a spec, so that no input makes the tool hang; `specnet explain E002` lists them."""

from __future__ import annotations

from specnet.diagnostics import Code, Diagnostic, make_diagnostic
from specnet.source import Span

MAX_CHARACTERS = 250_000
"""Characters of a file; the longest of the zoo has some thousands."""

MAX_TOKENS = 130_000
"""Words, numbers and signs of a file, which take some three seconds to be parsed."""

MAX_NESTING = 60
"""Braces, brackets and parentheses within each other."""

MAX_OPERATORS = 50
"""Operators on one line."""

MAX_DEPTH = 50
"""Blocks, arms and repetitions within each other, when the blocks are written out."""

MAX_FILES = 60
"""Files that use each other in a row."""

MAX_NODES = 20_000
"""Layers of a network, and rounds of one repetition."""

MAX_STEPS = 100_000
"""Elements of a network when its repetitions are written out."""


MAX_UNREADABLE = 20
"""Lines of a file that cannot be read; it is read no further."""

MAX_ERRORS = 500
"""Errors of a spec; it is checked no further, as finding out what was meant takes time."""

MAX_DIAGNOSTICS = 100
"""Diagnostics that are shown, errors first; the others are counted."""


class LimitExceeded(Exception):
    """The spec is beyond a limit; elaboration stops there."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.diagnostic = make_limit_diagnostic(message, span)


def make_limit_diagnostic(message: str, span: Span) -> Diagnostic:
    """Return the diagnostic for an exceeded limit, which the message names."""
    return make_diagnostic(Code.E002, message, span, notes=["`specnet explain E002` lists the limits"])
