"""W507: a group of parameters whose pattern is no name of any."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.layers.base.learned import is_frozen


def empty(view: View) -> Iterator[Finding]:
    """`group nrom lr=2x`"""
    training = view.network.training
    parameters = list(_learned(view)) if training and training.group else []
    spans = view.elaborated.step_spans.get("group", ())
    for group, span in zip(training.group if training else (), spans, strict=False):
        if not any(group.concerns(name, words) for name, words in parameters):
            yield Finding(span, fact=f"no parameter that is learned is called `{group.pattern}`")


def _learned(view: View) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The name of each parameter, and the words that its layer goes by."""
    for node in view.network.nodes:
        arriving = view.network.input_shapes(node)
        if node.layer and arriving and not node.shares:
            names = (name for name in node.layer.parameters(arriving) if not is_frozen(node.layer, name))
            yield from ((f"{node.name}.{name}", node.layer.goes_by) for name in names)


LINTS = (Lint(Code.W507, empty, help='a group is `conv1`, `conv1.bias`, `bias`, `fc`, `norm.bias`, `"block*.bias"`'),)
