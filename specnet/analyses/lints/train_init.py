"""W505: starting weights whose variance does not suit the activation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.layers.base import Family

RECTIFIERS = frozenset({"relu", "relu6", "leaky_relu", "prelu", "elu", "gelu", "silu", "mish", "hard_swish"})
SIGMOIDAL = frozenset({"tanh", "sigmoid", "hard_sigmoid"})

FEW = 4
"""Layers in which halving the variance each time does no harm yet."""


def unsuitable(view: View) -> Iterator[Finding]:
    """`init xavier` of many rectifiers, `init he` of many sigmoids; a normalisation makes up for either."""
    training = view.network.training
    nodes = view.network.nodes
    if not training or any(n.layer and n.layer.family is Family.NORMALISATION and n.kind != "scale" for n in nodes):
        return
    init = type(training.init).__name__.lower()
    followed = Counter(node.kind for node in nodes if (b := view.before(node)) and b.kind in ("conv", "deconv", "fc"))
    rectified, squashed = sum(followed[kind] for kind in RECTIFIERS), sum(followed[kind] for kind in SIGMOIDAL)
    span = view.elaborated.settings.get("init", view.elaborated.settings.get("train"))
    if init == "xavier" and rectified > max(FEW, squashed):
        fact = "`init xavier` keeps the variance of tanh, and a rectifier halves it"
        yield Finding(span, beside=f"after {rectified} layers about 1/{2**rectified:,} of it is left", fact=fact)
    if init == "he" and squashed > max(FEW, rectified):
        fact = "`init he` starts with twice the variance that tanh keeps"
        yield Finding(span, beside=f"{squashed} layers are followed by tanh or sigmoid, and saturate", fact=fact)


LINTS = (Lint(Code.W505, unsuitable, help="`init he` suits relu and its kin, `init xavier` tanh and sigmoid"),)
