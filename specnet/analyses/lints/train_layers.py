"""W502, W505: layers that do not suit the recipe they are trained with."""

from __future__ import annotations

from collections.abc import Iterator
from math import e, log

from specnet.analyses.lints.view import Finding, Lint, View, has_trait
from specnet.diagnostics import Code, Label
from specnet.graph import Node
from specnet.layers.base.traits import Trait

FEW = 4
"""Layers over which halving the variance each time does no harm yet."""


def find_double_softmax(view: View) -> Iterator[Finding]:
    """Outputs within 0..1 where training takes the cross-entropy of a softmax of them."""
    for node in map(view.network.by_name.get, view.ends):
        end = view.back(node, _keeps_range) if node and _keeps_range(node) else node
        if end and has_trait(end, Trait.UNIT_RANGE) and end.output and view.network.training:
            least = log(1 + (end.output[-1] - 1) / e)
            beside = f"within 0..1, so that the loss stays above ln(1 + {end.output[-1] - 1}/e) = {least:.2f}"
            settings = view.elaborated.setting_spans
            loss = settings.get("loss") or settings.get("train")  # none where the settings are all overrides
            origins = (Label(loss, "has its own softmax", primary=False),) if loss else ()
            yield view.finding(end, "", beside, origins)


def _keeps_range(node: Node) -> bool:
    return has_trait(node, Trait.KEEPS_UNIT_RANGE)


def find_unsuitable_init(view: View) -> Iterator[Finding]:
    """`init xavier` of many rectifiers, `init he` of many sigmoids; a normalisation makes up for either."""
    training = view.network.training
    if not training or any(view.having(Trait.NORMALISES)):
        return
    init = type(training.init).__name__.lower()
    span = view.elaborated.setting_spans.get("init", view.elaborated.setting_spans.get("train"))
    rectified, squashed = _count_followed(Trait.RECTIFIES, view), _count_followed(Trait.SATURATES, view)
    if init == "xavier" and rectified > max(FEW, squashed):
        fact = "`init xavier` keeps the variance of tanh, and a rectifier halves it"
        beside = f"after {rectified} layers about 1/2^{rectified} = {0.5**rectified:.1g} of it is left"
        yield Finding(span, beside=beside, fact=fact)
    if init == "he" and squashed > max(FEW, rectified):
        fact = "`init he` starts with twice the variance that tanh keeps"
        yield Finding(span, beside=f"{squashed} layers are followed by tanh or sigmoid, and saturate", fact=fact)


def _count_followed(trait: Trait, view: View) -> int:
    """Count the layers with weights that are followed by a layer of this trait at once."""
    return sum(has_trait(view.before(node), Trait.LEARNS_WEIGHT) for node in view.having(trait))


LINTS = (
    Lint(
        Code.W502,
        find_double_softmax,
        "{names} stand{s} before cross_entropy, which takes a softmax itself",
        help="leave it out: the class with the largest output stays the same",
    ),
    Lint(Code.W505, find_unsuitable_init, help="`init he` suits relu and its kin, `init xavier` tanh and sigmoid"),
)
