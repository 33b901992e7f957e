"""W509: a normalisation that keeps little but the last batch's statistics, as with Keras's number for `momentum`."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.view import Finding, LintRow, View
from specnet.diagnostics import Code

FORGETFUL = 0.9
"""The weight of a new batch from which the running statistics are hardly more than those of the last one."""


def find_short_memories(view: View) -> Iterator[Finding]:
    """Yield normalisations that give a new batch so much weight."""
    for node in view.network.nodes:
        weight = node.layer.batch_weight if node.layer else None
        if weight is not None and weight >= FORGETFUL:
            beside = (
                f"{1 - weight:.6g} of the old statistics stays; Keras's momentum={weight:g} is {1 - weight:.6g} here"
            )
            yield view.make_finding(node, "momentum", beside)


LINTS = (
    LintRow(
        Code.W509,
        find_short_memories,
        "{names} replace{s} the running statistics with nearly those of each new batch",
        help="as in PyTorch, `momentum` is the weight of the new batch; in Keras it is that of the old statistics",
    ),
)
