"""W504: dropout directly before bn (Li, Chen, Hu and Yang 2019, "Understanding the disharmony between dropout and
batch normalization by variance shift")."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code


def shifting(view: View) -> Iterator[Finding]:
    """Dropout whose numbers a bn measures: in training, their variance is larger."""
    for node in view.network.nodes:
        before = view.before(node) if node.kind == "bn" else None
        p: float = getattr(before.layer, "p", 0) if before and before.kind == "dropout" else 0
        if before and 0 < p < 1:
            beside = f"1/(1 − {p:g}) = {1 / (1 - p):.3g} times the variance in training, and not in evaluation"
            yield view.finding(before, "p", beside)


LINTS = (
    Lint(
        Code.W504,
        shifting,
        "{names} stand{s} directly before a bn, whose statistics then are not those of evaluation",
        help="put the dropout behind the last bn, or leave one of them out",
    ),
)
