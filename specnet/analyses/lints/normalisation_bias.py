"""W501: a bias that the normalisation behind takes away again."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.layers.base import Layer

BY_CHANNEL = frozenset({"bn", "instance_norm"})
"""What subtracts the mean of each channel, and so whatever was added to the channel before."""


def lost(view: View) -> Iterator[Finding]:
    """Layers that have a bias, though none is asked for, and are read by a normalisation by channel alone."""
    for node in view.network.nodes:
        before = view.before(node) if node.kind in BY_CHANNEL else None
        if before and before.layer and before.output and _has_silent_bias(before.layer):
            yield view.finding(before, "", f"{before.output[-1]:,} parameters without effect")


def _has_silent_bias(layer: Layer) -> bool:
    return getattr(layer, "bias", False) is True and "bias" not in layer.model_fields_set


LINTS = (
    Lint(
        Code.W501,
        lost,
        "{names} add{s} a bias that the bn behind subtracts again",
        help="write `default conv bias=no` above, or `bias=yes` where it is meant",
    ),
)
