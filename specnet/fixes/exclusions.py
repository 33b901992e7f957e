"""Fixes of attributes that exclude each other: another number for one of them, or fewer of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, combinations

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.elaborate import Place
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.missing import find_node
from specnet.fixes.sites import Sites
from specnet.layers import get_layer_class
from specnet.printer.values import format_value
from specnet.source import Span

NUMBER = re.compile(r"(\w+=)?(\d+)")
"""An attribute whose value is a number, with its key."""

BOUND = re.compile(r"\bbelow\b.*\b(\d+)$")
"""A number at the end of a message that an attribute must be below."""

HALVED = 0.9
"""The cost of half the bound: less than that of any number near the present one."""

SMALLER, LARGER, STEP = 1.0, 1.4, 0.1
"""The cost of a smaller number and of a larger one, and of each step from the present one."""

LEFT_OUT = 1.3
"""The cost of each attribute that is left out."""

MAX_STEPS = 3
"""The largest distance from the present number to try."""


def resolve_exclusion(checked: Checked, sites: Sites, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield other numbers for the attributes that the message quotes, and what is left without some of them."""
    node = find_node(checked, diagnostic)
    if node is None:
        return
    place = checked.elaborated.places[node.name]
    quoted, name = _find_quoted(place, node.kind, diagnostic), sites.names[place.word]
    for field, span in quoted.items():
        yield from _change_number(span, name, _format_default(node.kind, field))
        yield from _halve_bound(span, name, diagnostic)
    subsets = chain.from_iterable(combinations(quoted.values(), size) for size in range(1, len(quoted) + 1))
    for spans in subsets:
        words = f"without {' '.join(span.text for span in spans)}"
        changes = (Change("", words, name, Edit(widen(span), "")) for span in spans)
        yield Candidate(tuple(changes), LEFT_OUT * len(spans))


def _find_quoted(place: Place, kind: str, diagnostic: Diagnostic) -> Mapping[str, Span]:
    """Return the attributes on the layer's own line whose keys or words the message quotes."""
    layer, words = get_layer_class(kind), set(re.findall(r"`(\w+)", diagnostic.message))
    return {
        field: span
        for field, span in place.attributes.items()
        if layer and place.element.start <= span.start < place.element.end and span.source is place.element.source
        if {layer.key_of(field), span.text} & words
    }


def _format_default(kind: str, field: str) -> str:
    """Return the default of a field as it is written; "" if there is none."""
    layer = get_layer_class(kind)
    info = layer.model_fields[field] if layer else None
    return "" if info is None or info.is_required() or info.default is None else format_value(info.default)


def _change_number(span: Span, name: str, default: str) -> Iterator[Candidate]:
    """Yield numbers around the one that an attribute has, without the default, which it has if it is left out."""
    found = NUMBER.fullmatch(span.text)
    if found is None:
        return
    now = int(found[2])
    for other in range(max(0, now - MAX_STEPS), now + MAX_STEPS + 1):
        if other != now and str(other) != default:
            text = f"{found[1] or ''}{other}"
            cost = (SMALLER if other < now else LARGER) + STEP * abs(other - now)
            yield Candidate((Change(span.text, text, name, Edit(span, text)),), cost)


def _halve_bound(span: Span, name: str, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield half the bound that the message names, by which windows are customarily shifted: 4 below 8."""
    found, bound = NUMBER.fullmatch(span.text), BOUND.search(diagnostic.message)
    if found and bound:
        text = f"{found[1] or ''}{int(bound[1]) // 2}"
        yield Candidate((Change(span.text, text, name, Edit(span, text)),), HALVED)


def widen(span: Span) -> Span:
    """Return the span with the blanks before it."""
    before = span.source.text[: span.start]
    return Span(span.source, len(before.rstrip(" ")), span.end)
