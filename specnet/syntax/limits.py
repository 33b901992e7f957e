"""How long, deep and large a spec may be, so that no input makes the tool hang; `specnet explain E002` lists these."""

from __future__ import annotations

from specnet.diagnostics import Code, Diagnostic, make_diagnostic
from specnet.source import Span

MAX_DEPTH = 50
"""Blocks and braces within each other."""

MAX_NODES = 20_000
"""Layers of a network."""

MAX_STEPS = 100_000
"""Elements of a network when its repetitions are written out."""


class LimitExceeded(Exception):
    """The spec is beyond a limit; elaboration stops there."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.diagnostic = report_limit(message, span)


def report_limit(message: str, span: Span) -> Diagnostic:
    return make_diagnostic(Code.E002, message, span, notes=["`specnet explain E002` lists the limits"])
