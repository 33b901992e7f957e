"""Notes that say the same of several layers, as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from specnet.diagnostics import Code, Diagnostic, Severity

MOST_NAMED = 3
"""Layers that one message names; it counts the others."""


def listed(names: Sequence[str]) -> str:
    """`conv1`, `conv2`, `conv3` and 4 more"""
    *shown, last = [f"`{name}`" for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        shown, last = [*shown, last], f"{len(names) - MOST_NAMED} more"
    return f"{', '.join(shown)} and {last}" if shown else last


def grouped(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The diagnostics, of each kind of note about layers only the first, which names the others' layers."""
    notes: dict[Code, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        if diagnostic.severity is Severity.NOTE and diagnostic.node:
            notes.setdefault(diagnostic.code, []).append(diagnostic)
        else:
            yield diagnostic
    for first, *others in notes.values():
        names = [other.node for other in others]
        more = (f"so do{'es' if len(names) == 1 else ''} {listed(names)}",) if names else ()
        yield replace(first, notes=(*first.notes, *more))
