"""W501, W503, W504, W512: layers that cancel, repeat or disturb a neighbouring layer."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from specnet.analyses.lints.view import Finding, LintRow, View, has_trait
from specnet.diagnostics import Code, Label
from specnet.graph import Node
from specnet.layers.base.families import Regularisation, has_default_bias
from specnet.layers.base.traits import Trait


def find_linear_pairs(view: View) -> Iterator[Finding]:
    """Yield linear layers that directly follow linear ones, unless the pair is of use."""
    for node in view.find_nodes(Trait.LINEAR):
        if not has_trait(node, Trait.LEARNS_WEIGHT):
            continue
        first = view.skip_back(node, lambda before: has_trait(before, Trait.TRANSPARENT))
        if first and _is_linear(first) and not _is_useful(view, first, node):
            word = view.elaborated.places[first.name].word
            other = Label(word, f"`{first.name}` is linear, too", primary=False)
            yield view.make_finding(node, "", _describe_pair(view, first, node), (other,))


def _is_linear(node: Node) -> bool:
    return has_trait(node, Trait.LINEAR) and has_trait(node, Trait.LEARNS_WEIGHT)


def _is_useful(view: View, first: Node, second: Node) -> bool:
    """Whether a pair saves weights, or upsamples scores as fully convolutional networks do (Long et al. 2015)."""
    return _is_narrow(view, first, second) or _is_grouped(first, second) or _enlarges(view, first, second)


def _enlarges(view: View, *nodes: Node) -> bool:
    """Whether one makes a map larger."""
    return any(len(node.output or ()) == 3 and prod((node.output or ())[:2]) > _positions(view, node) for node in nodes)


def _positions(view: View, node: Node) -> int:
    return prod(view.input_shape(node)[:2]) if len(view.input_shape(node)) == 3 else 1


def _is_grouped(*nodes: Node) -> bool:
    """Whether one is grouped: a depthwise convolution before or after a pointwise one is cheap (Xception)."""
    return any(has_trait(node, Trait.GROUPED) for node in nodes)


def _is_narrow(view: View, first: Node, second: Node) -> bool:
    """Whether they factor one large matrix into two smaller ones (the linear bottleneck of MobileNetV2)."""
    assert first.output and second.output
    shape = view.input_shape(first)
    read = prod(shape) if has_trait(first, Trait.DENSE) else shape[-1]
    return first.output[-1] < min(read, second.output[-1])


def _describe_pair(view: View, first: Node, second: Node) -> str:
    """Return a phrase for the single layer that is equivalent to both."""
    one, other = view.get_axes(first), view.get_axes(second)
    if not (one and other) or view.find_previous(second) is not first:
        return "both together are one linear map"
    extent = one[0].extent + (other[0].extent - 1) * one[0].stride
    return f"both together are one conv of F = {one[0].extent} + ({other[0].extent} − 1)·{one[0].stride} = {extent}"


def find_lost_biases(view: View) -> Iterator[Finding]:
    """Yield layers with a default bias, only read by a normalisation that subtracts it with the channel's mean."""
    for node in view.find_nodes(Trait.CENTRES_CHANNELS):
        before = view.find_previous(node)
        if before and before.layer and before.output and has_default_bias(before.layer):
            yield view.make_finding(before, "", f"{before.output[-1]:,} parameters without effect")


def find_variance_shifts(view: View) -> Iterator[Finding]:
    """Yield dropout before batch normalisation, whose statistics then are larger in training than in evaluation.

    Li, Chen, Hu and Yang 2019, "Understanding the disharmony between dropout and batch normalization by variance
    shift".
    """
    for node in view.find_nodes(Trait.BATCH_STATISTICS):
        before = view.find_previous(node)
        if before and isinstance(before.layer, Regularisation) and 0 < (p := before.layer.p) < 1:
            beside = f"1/(1 − {p:g}) = {1 / (1 - p):.3g} times the variance in training, and not in evaluation"
            yield view.make_finding(before, "p", beside)


def find_doubled_inputs(view: View) -> Iterator[Finding]:
    """Yield layers that read the same value twice, such as a join of the chain's value with its own tap."""
    for node in view.network.nodes:
        if len(node.inputs) > len({*node.inputs}):
            doubled = next(name for name in node.inputs if node.inputs.count(name) > 1)
            yield view.make_finding(node, "", f"reads `{doubled}` more than once")


LINTS = (
    LintRow(
        Code.W512,
        find_doubled_inputs,
        "{names} join{s} a value with itself",
        help="a join reads the value before it, and `@name` is another one",
    ),
    LintRow(
        Code.W503,
        find_linear_pairs,
        "{names} follow{s} a linear layer with nothing non-linear between",
        help="put an activation between them, as in `conv K=16 F=3 -> relu -> conv K=16 F=3`",
    ),
    LintRow(
        Code.W501,
        find_lost_biases,
        "{names} add{s} a bias that the normalisation behind subtracts again",
        help="write `default conv bias=no` above, or `bias=yes` where it is meant",
    ),
    LintRow(
        Code.W504,
        find_variance_shifts,
        "{names} stand{s} directly before a normalisation, whose statistics then are not those of evaluation",
        help="put the dropout behind the last normalisation, or leave one of them out",
    ),
)
