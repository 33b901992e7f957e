"""W501, W504: layers that a normalisation directly behind them undoes or is misled by."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.view import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.layers.base.families import Regularisation
from specnet.layers.base.learned import has_default_bias
from specnet.layers.base.traits import Trait


def find_lost_biases(view: View) -> Iterator[Finding]:
    """Layers whose bias is a default, read by nothing but a normalisation that subtracts it with the channel's mean."""
    for node in view.having(Trait.CENTRES_CHANNELS):
        before = view.before(node)
        if before and before.layer and before.output and has_default_bias(before.layer):
            yield view.finding(before, "", f"{before.output[-1]:,} parameters without effect")


def find_variance_shifts(view: View) -> Iterator[Finding]:
    """Dropout before a normalisation by batch statistics, which are larger in training than in evaluation.

    Li, Chen, Hu and Yang 2019, "Understanding the disharmony between dropout and batch normalization by variance
    shift".
    """
    for node in view.having(Trait.BATCH_STATISTICS):
        before = view.before(node)
        if before and isinstance(before.layer, Regularisation) and 0 < (p := before.layer.p) < 1:
            beside = f"1/(1 − {p:g}) = {1 / (1 - p):.3g} times the variance in training, and not in evaluation"
            yield view.finding(before, "p", beside)


LINTS = (
    Lint(
        Code.W501,
        find_lost_biases,
        "{names} add{s} a bias that the bn behind subtracts again",
        help="write `default conv bias=no` above, or `bias=yes` where it is meant",
    ),
    Lint(
        Code.W504,
        find_variance_shifts,
        "{names} stand{s} directly before a bn, whose statistics then are not those of evaluation",
        help="put the dropout behind the last bn, or leave one of them out",
    ),
)
