"""W502: a softmax or sigmoid before a loss that has its own."""

from __future__ import annotations

from collections.abc import Iterator
from math import e, log

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code, Label
from specnet.graph import Node
from specnet.layers.base import Family

SQUASHING = frozenset({"softmax", "sigmoid"})


def squashed_twice(view: View) -> Iterator[Finding]:
    """Outputs within 0..1 where training takes the cross-entropy of a softmax of them."""
    for node in map(view.network.by_name.get, view.ends):
        end = view.back(node, _keeps_within) if node and _keeps_within(node) else node
        if end and end.kind in SQUASHING and end.output and view.network.training:
            least = log(1 + (end.output[-1] - 1) / e)
            beside = f"within 0..1, so that the loss stays above ln(1 + {end.output[-1] - 1}/e) = {least:.2f}"
            settings = view.elaborated.setting_spans
            loss = settings.get("loss") or settings.get("train")  # none where the settings are all overrides
            origins = (Label(loss, "has its own softmax", primary=False),) if loss else ()
            yield view.finding(end, "", beside, origins)


def _keeps_within(node: Node) -> bool:
    """Whether what leaves is within 0..1 where what arrives is."""
    return node.layer is not None and node.layer.family in (Family.RESHAPING, Family.REGULARISATION, Family.POOLING)


LINTS = (
    Lint(
        Code.W502,
        squashed_twice,
        "{names} stand{s} before cross_entropy, which takes a softmax itself",
        help="leave it out: the class with the largest output stays the same",
    ),
)
