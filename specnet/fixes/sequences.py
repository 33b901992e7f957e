"""Fixes of sequences of another length or rank: a layer that is missing on a claimed line, or is too much in an arm."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.elaborate import Place
from specnet.elaborate.graph_builder import Claim
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.goals import Goal, find_shared, find_upstream
from specnet.graph import Network, Node
from specnet.layers.base import Shape, is_map, is_sequence
from specnet.layers.base.shapes import FIRST_TOKEN, LONGER, MEAN, TO_MAP, TO_SEQUENCE
from specnet.source import Span

ARROW = re.compile(r"\s*->\s*")

INSERTED, FARTHER = 1.2, 0.05
"""The cost of a layer before the last one of a line, and of each gap farther from there."""

LEFT_OUT = 1.0
"""The cost of leaving out a layer that gives an arm another length."""


def meet_claim(checked: Checked, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield a layer at each gap of a claimed line with which the line may have the rank or the length claimed."""
    claim = checked.elaborated.claims[diagnostic.node]
    if claim.actual:
        layers = _list_missing(checked.network, diagnostic.node, claim.actual, claim.shape)
        for place, (at, before, after) in enumerate(_list_gaps(checked, claim)):
            for number, layer in enumerate(layers):
                words = f"{layer} -> {before}" if before else f"-> {layer} behind {after}"
                text = f"{layer} -> " if before else f" -> {layer}"
                edit = Edit(Span(claim.line.source, at, at), text)
                yield Candidate((Change("", words, "", edit),), INSERTED + FARTHER * (2 * place + number))


def _list_missing(network: Network, node: str, actual: Shape, claimed: Shape) -> list[str]:
    """Return the layers that may be missing, the likeliest first."""
    if is_map(actual) and is_sequence(claimed):
        return [TO_SEQUENCE]
    if is_sequence(actual) and is_map(claimed):
        return [f"{TO_MAP} {claimed[0]}x{claimed[1]}"] * (claimed[0] * claimed[1] == actual[0])
    if is_sequence(actual) and len(claimed) == 1:
        return [FIRST_TOKEN, MEAN] if _has_class_token(network, node) else [MEAN, FIRST_TOKEN]
    if is_sequence(actual) and claimed == (actual[0] + 1, actual[1]):
        return [LONGER]
    return [MEAN] * (is_map(actual) and claimed in (actual[2:], (1, 1, *actual[2:])))


def _has_class_token(network: Network, node: str) -> bool:
    """Whether a layer above has made a sequence longer by one token."""
    upstream = find_upstream(network, node)
    return any(_measure_growth(network, other) == 1 for other in network.nodes if other.name in upstream)


def _measure_growth(network: Network, node: Node) -> int:
    """Return by how many tokens a layer of one input makes a sequence longer; 0 of what is no sequence."""
    shape = network.shapes[node.inputs[0]] if len(node.inputs) == 1 else None
    if shape and node.output and is_sequence(shape) and is_sequence(node.output) and shape[1] == node.output[1]:
        return node.output[0] - shape[0]
    return 0


def _list_gaps(checked: Checked, claim: Claim) -> Iterator[tuple[int, str, str]]:
    """Yield the gaps of a claimed line, each with the layer behind it, or the last one: that before the last first."""
    line, text = claim.line, claim.line.source.text
    places = [place for place in checked.elaborated.places.values() if _is_in_chain(place, line)]
    starts = sorted({(place.element.start, place.element.text) for place in places}, reverse=True)
    before = [(start, layer, "") for start, layer in starts]
    end = len(text[: text.rindex("=>", line.start, claim.span.start)].rstrip())
    yield from before[:1]
    yield end, "", starts[0][1] if starts else "the line"
    yield from before[1:]


def _is_in_chain(place: Place, line: Span) -> bool:
    """Whether a layer is an element of the line itself, and not of a block or a body in braces."""
    span = place.element
    if place.trace or span.source is not line.source or not line.start <= span.start < line.end:
        return False
    before = line.source.text[line.start : span.start]
    return before.count("{") == before.count("}")


def leave_out_tokens(checked: Checked, goal: Goal) -> Iterator[Candidate]:
    """Yield the arms of a join of sequences without a layer that makes one longer or shorter."""
    network, shared = checked.network, find_shared(checked.network, goal.node)
    own = find_upstream(network, goal.node) - shared - {goal.node}
    for node in network.nodes:
        if node.name in own and node.layer and _measure_growth(network, node):
            element = checked.elaborated.places[node.name].element
            change = Change("", f"without {element.text}", "", Edit(_widen(element), ""))
            yield Candidate((change,), LEFT_OUT)


def _widen(element: Span) -> Span:
    """Return the span of a layer with the arrow behind it, or else before it."""
    source = element.source
    if behind := ARROW.match(source.text, element.end):
        return Span(source, element.start, behind.end())
    before = re.search(r"\s*->\s*$", source.text[: element.start])
    return Span(source, before.start() if before else element.start, element.end)
