"""Fixes of a layer without its number of channels or features, where the rest of the file tells how many."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.sites import Sites
from specnet.fixes.verification import Verifier
from specnet.graph import Node
from specnet.layers import get_layer_class
from specnet.source import Span

MOST_VALUES = 8
"""The largest number of values to try."""


def fill_in_size(checked: Checked, sites: Sites, diagnostic: Diagnostic, verifier: Verifier) -> Iterator[Candidate]:
    """Yield the missing number, from a claim or from other values; nothing if any number would do."""
    node = find_node(checked, diagnostic)
    kind = get_layer_class(node.kind) if node else None
    if node is None or kind is None or not kind.output_field:
        return
    place, key = checked.elaborated.places[node.name], kind.key_of(kind.output_field)
    if kind.output_field in place.attributes:
        return
    end = Span(place.word.source, place.word.end, place.word.end)
    known = list(dict.fromkeys(_list_sizes(checked)))
    for size in (max(known, default=0) + 1, *known[:MOST_VALUES]):
        change = Change("", f"{key}={size}", sites.names[place.word], Edit(end, f" {key}={size}"))
        candidate = Candidate((change,), 1.0)
        if size not in known and verifier.verify(diagnostic, candidate.fix):
            return
        yield candidate


def find_node(checked: Checked, diagnostic: Diagnostic) -> Node | None:
    """Return the node whose word the diagnostic is about."""
    places = checked.elaborated.places
    return next((node for node in checked.network.nodes if places[node.name].word == diagnostic.span), None)


def _list_sizes(checked: Checked) -> Iterator[int]:
    """Yield the last sizes of all claims, then those of all known shapes."""
    yield from (claim.shape[-1] for claim in checked.elaborated.claims.values())
    yield from (shape[-1] for shape in checked.network.shapes.values() if shape)
