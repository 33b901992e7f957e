"""W501: a bias that the normalisation behind takes away again."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code

BY_CHANNEL = frozenset({"bn", "instance_norm"})
"""What subtracts the mean of each channel, and so whatever was added to the channel before."""


def lost(view: View) -> Iterator[Finding]:
    """Layers with a bias that a normalisation by channel alone reads."""
    for node in view.network.nodes:
        before = view.before(node) if node.kind in BY_CHANNEL else None
        if before and getattr(before.layer, "bias", False) and before.output:
            beside = f"{before.output[-1]:,} parameters without effect"
            yield view.finding(before, "bias", beside)


LINTS = (
    Lint(
        Code.W501,
        lost,
        "{names} add{s} a bias that the bn behind subtracts again",
        help="write `bias=no`, or above these lines `default conv bias=no`",
    ),
)
