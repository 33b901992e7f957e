"""W505: starting weights whose variance does not suit the activation."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.layers.base import Family

RECTIFIERS = frozenset({"relu", "relu6", "leaky_relu", "prelu", "elu", "gelu", "silu", "mish", "hard_swish"})
SIGMOIDAL = frozenset({"tanh", "sigmoid", "hard_sigmoid"})
WEIGHTED = frozenset({"conv", "deconv", "fc"})

FEW = 4
"""Layers in which halving the variance each time does no harm yet."""


def unsuitable(view: View) -> Iterator[Finding]:
    """`init xavier` of many rectifiers, `init he` of many sigmoids; a normalisation makes up for either."""
    training = view.network.training
    if not training or _is_normalised(view):
        return
    init = type(training.init).__name__.lower()
    span = view.elaborated.setting_spans.get("init", view.elaborated.setting_spans.get("train"))
    rectified, squashed = _followed_by(RECTIFIERS, view), _followed_by(SIGMOIDAL, view)
    if init == "xavier" and rectified > max(FEW, squashed):
        fact = "`init xavier` keeps the variance of tanh, and a rectifier halves it"
        beside = f"after {rectified} layers about 1/2^{rectified} = {0.5**rectified:.1g} of it is left"
        yield Finding(span, beside=beside, fact=fact)
    if init == "he" and squashed > max(FEW, rectified):
        fact = "`init he` starts with twice the variance that tanh keeps"
        yield Finding(span, beside=f"{squashed} layers are followed by tanh or sigmoid, and saturate", fact=fact)


def _is_normalised(view: View) -> bool:
    layers = [node.layer for node in view.network.nodes if node.layer and node.kind != "scale"]
    return any(layer.family is Family.NORMALISATION for layer in layers)


def _followed_by(kinds: Collection[str], view: View) -> int:
    """How many layers with weights are followed by one of these at once."""
    before = (view.before(node) for node in view.network.nodes if node.kind in kinds)
    return sum(layer is not None and layer.kind in WEIGHTED for layer in before)


LINTS = (Lint(Code.W505, unsuitable, help="`init he` suits relu and its kin, `init xavier` tanh and sigmoid"),)
