"""The fixes that `check --fix` applies: those that need no choice; with `--unsafe-fixes`, the first of the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit, Fix
from specnet.source import Source


def select_safe_fixes(checked: Checked) -> list[Fix]:
    """Return the fixes that need no choice: the only safe fix of an error, in the file itself, without overlaps."""
    fixes = list[Fix]()
    for diagnostic in checked.diagnostics:
        safe = [fix for fix in diagnostic.fixes if fix.safe]
        if len(safe) == 1 and all(_is_free(edit, collect_edits(fixes), checked.source) for edit in safe[0].edits):
            fixes += safe
    return fixes


def select_offered_fixes(checked: Checked) -> list[tuple[Diagnostic, Fix]]:
    """Return the first fix of each diagnostic that has one in the file itself; it may need a choice."""
    first = ((diagnostic, diagnostic.fixes[0]) for diagnostic in checked.diagnostics if diagnostic.fixes)
    return [(diagnostic, fix) for diagnostic, fix in first if all(_is_free(e, (), checked.source) for e in fix.edits)]


def collect_edits(fixes: Iterable[Fix]) -> list[Edit]:
    """Return the edits of all these fixes."""
    return [edit for fix in fixes for edit in fix.edits]


def _is_free(edit: Edit, others: Sequence[Edit], source: Source) -> bool:
    span = edit.span
    return span.source is source and all(span.end <= o.span.start or o.span.end <= span.start for o in others)
