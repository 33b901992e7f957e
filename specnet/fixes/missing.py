"""Fixes of a layer without an attribute that it needs: what the rest of the file tells, or what is usual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.verification import Verifier
from specnet.graph import Node
from specnet.layers import get_layer_class
from specnet.layers.base import Layer
from specnet.source import Span

MOST_VALUES = 8
"""The largest number of values to try."""

TOLD, USUAL, LESS_USUAL = 1.0, 1.1, 0.1
"""The cost of a number that the file tells, of what is usual, and of each further way that is."""


def fill_in(checked: Checked, diagnostic: Diagnostic, verifier: Verifier) -> Iterator[Candidate]:
    """Yield what a layer lacks: its channels or features, as far as the file tells them, and what is usual."""
    node = find_node(checked, diagnostic)
    kind = get_layer_class(node.kind) if node else None
    if node is None or kind is None:
        return
    place = checked.elaborated.places[node.name]
    given = {field: span for field, span in place.attributes.items() if _is_within(span, place.element)}
    usual = [*_complete(kind, {field: span.text for field, span in given.items()})]
    if kind.output_field and kind.output_field not in place.attributes:
        key, rest = kind.key_of(kind.output_field), usual[:1] if _lacks_others(kind, place.attributes) else []

        def write(size: int) -> Candidate:
            return _insert(place.word, place.word.end, [f"{key}={size}", *rest], TOLD)

        sizes = list(dict.fromkeys(_list_sizes(checked)))
        proof = verifier.verify(diagnostic, write(max(sizes, default=0) + 1).fix)
        if proof and not proof.uncovered:  # any number would do
            sizes = [*_list_classes(checked, node)]
        yield from map(write, sizes[:MOST_VALUES])
        return
    for number, text in enumerate(usual):
        yield _insert(place.word, _find_end(place.word, given, text), [text], USUAL + LESS_USUAL * number)


def _list_sizes(checked: Checked) -> Iterator[int]:
    """Yield the last sizes of all claims, then those of all known shapes."""
    yield from (claim.shape[-1] for claim in checked.elaborated.claims.values())
    yield from (shape[-1] for shape in checked.network.shapes.values() if shape)


def _list_classes(checked: Checked, node: Node) -> Iterator[int]:
    """Yield the number of classes of the data, if the node is the last whose number of outputs is written."""
    nodes, training = checked.network.nodes, checked.network.training
    behind = (get_layer_class(other.kind) for other in nodes[nodes.index(node) + 1 :])
    if training and training.data.class_count and not any(kind and kind.output_field for kind in behind):
        yield training.data.class_count


def _is_within(span: Span, around: Span) -> bool:
    return span.source is around.source and around.start <= span.start and span.end <= around.end


def _lacks_others(kind: type[Layer], given: Mapping[str, Span]) -> bool:
    """Whether a layer lacks more than its channels or features."""
    required = {field for field, info in kind.model_fields.items() if info.is_required()}
    return bool(required - {*given, kind.output_field})


def _complete(kind: type[Layer], given: Mapping[str, str]) -> Iterator[str]:
    """Yield what remains to be written of each of the usual lines of a kind, given the texts of some fields."""
    for usual in kind.usual:
        fields = {text: _find_field(kind, text) for text in usual.split()}
        words = {field: text for text, field in fields.items() if text in kind.words}
        rest = [text for text, field in fields.items() if field not in given]
        if rest and all(given.get(field, word) == word for field, word in words.items()):
            yield " ".join(rest)


def _find_field(kind: type[Layer], text: str) -> str:
    """Return the field that an attribute sets, as it is written: `F=2`, `max`, or a value by position."""
    key, equals, _ = text.partition("=")
    if equals:
        return kind.field_of(key) or key
    return kind.words[text][0] if text in kind.words else kind.positional[0]


def _find_end(word: Span, given: Mapping[str, Span], text: str) -> int:
    """Return the offset at which to insert attributes: words before all others, keys behind what has none."""
    if "=" not in text.split()[0]:
        return word.end
    return max((span.end for span in given.values() if "=" not in span.text), default=word.end)


def _insert(word: Span, at: int, texts: Sequence[str], cost: float) -> Candidate:
    """Return the candidate that inserts attributes into a layer's line."""
    text, before = " ".join(texts), word.source.text[word.start : at]
    return Candidate((Change("", f"{before} {text}", "", Edit(Span(word.source, at, at), f" {text}")),), cost)


def find_node(checked: Checked, diagnostic: Diagnostic) -> Node | None:
    """Return the node whose word, or one of whose attributes, the diagnostic is about."""
    places = checked.elaborated.places
    spans = ((node, places[node.name]) for node in checked.network.nodes)
    return next(
        (node for node, place in spans if diagnostic.span in (place.word, *place.attributes.values())),
        None,
    )
