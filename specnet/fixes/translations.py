"""Compare translated layers with their neighbours, once all translations of a spec are made.

Another tool's layer may say what it reads, `in_channels=3`: what contradicts the shape that arrives is added to the
diagnostic, and the translation is no longer safe. Where pixels stay unread, a layer gets `floor`, as other tools round.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, InputClaim
from specnet.fixes.verification import BudgetSpent, Verifier, apply_edits
from specnet.graph import Node
from specnet.layers.base import Shape, format_shape

MOST_ROUNDS = 10
"""The largest number of rounds in which layers get `floor`, as one may be known only behind another."""

ROUNDED = " floor"

WITHIN, BEHIND = re.compile(r"[\w.=@]"), re.compile(r"\s*(?:\Z|\n|->|=>|[|}#])")
"""What does not stand before a layer, and what does stand behind it."""


@dataclass
class Region:
    """A translation in the text in which all are made: the diagnostic, its fix, and where the new text stands."""

    diagnostic: Diagnostic
    fix: Fix
    text: str
    layers: list[str]
    """The translated layers, which stand in this order in the text, and in the fix's title as far as that goes."""
    start: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def round_down(self, numbers: Collection[int]) -> None:
        """Add `floor` to layers, in the text and in the title."""
        self.text = _add_words(self.text, self.layers, numbers)
        self.fix = replace(self.fix, title=_add_words(self.fix.title, self.layers, numbers))
        self.layers = [layer + ROUNDED * (number in numbers) for number, layer in enumerate(self.layers)]


def _add_words(text: str, layers: Sequence[str], numbers: Collection[int]) -> str:
    """Return a text with `floor` behind those of its layers that it shows."""
    ends = [place.end for number, place in _find_layers(text, layers) if number in numbers]
    parts = [text[start:end] for start, end in pairwise((0, *ends, len(text)))]
    return ROUNDED.join(parts)


@dataclass(frozen=True)
class Place:
    """Where a layer stands in a text."""

    start: int
    end: int


def _find_layers(text: str, layers: Sequence[str]) -> Iterator[tuple[int, Place]]:
    """Yield the number and the place of each layer, up to the first that the text does not show."""
    at = 0
    for number, layer in enumerate(layers):
        found = _find_layer(text, layer, at)
        if found is None:
            return
        yield number, found
        at = found.end


def _find_layer(text: str, layer: str, at: int) -> Place | None:
    """Return the next place of a layer from an offset on, where it is not a part of another."""
    start = text.find(layer, at)
    while start >= 0:
        place = Place(start, start + len(layer))
        if not WITHIN.match(text[start - 1 : start]) and BEHIND.match(text, place.end):
            return place
        start = text.find(layer, start + 1)
    return None


def compare_translations(checked: Checked, verifier: Verifier) -> Checked:
    """Return the checked spec with translations that agree with what arrives, or that say what does not.

    They stay as they are when the verifier's budget is spent, as none of them can be verified then.
    """
    regions = [*_find_regions(checked)]
    if not regions:
        return checked
    try:
        after = _check_all(checked, regions, verifier)
        for _ in range(MOST_ROUNDS):
            if not _round_down(after, regions):
                break
            after = _check_all(checked, regions, verifier)
    except BudgetSpent:
        return checked
    places = after.elaborated.places.items()
    nodes = {place.element.start: after.network.by_name.get(name) for name, place in places}
    changed = {id(region.diagnostic): _compare(region, after, nodes) for region in regions}
    return replace(checked, diagnostics=tuple(changed.get(id(each), each) for each in checked.diagnostics))


def _find_regions(checked: Checked) -> Iterable[Region]:
    """Yield the translations that are shown, of those in the file itself, in its order."""
    for diagnostic in checked.shown:
        fix = next((fix for fix in diagnostic.fixes if fix.translated), None)
        if fix and fix.translated and fix.translated.span.source is checked.source:
            span = fix.translated.span
            edits = [Edit(checked.source.span(e.span.start, e.span.end), e.text) for e in fix.edits]
            whole = apply_edits(checked.source, edits).text
            text = whole[span.start : span.end + len(whole) - len(checked.source.text)]
            yield Region(diagnostic, fix, text, [layer for layer, _ in fix.translated.inputs])


def _check_all(checked: Checked, regions: Sequence[Region], verifier: Verifier) -> Checked:
    """Check the text in which all translations are made, and note where they stand in it; raises BudgetSpent."""
    edits, shift = list[Edit](), 0
    for region in regions:
        assert region.fix.translated
        span = region.fix.translated.span
        region.start = span.start + shift
        shift += len(region.text) - (span.end - span.start)
        edits.append(Edit(span, region.text))
    return verifier.check_text(apply_edits(checked.source, edits))


def _round_down(after: Checked, regions: Sequence[Region]) -> bool:
    """Add `floor` to the layers that leave pixels unread; return whether there are any."""
    ends = {
        after.elaborated.places[error.node].element.end
        for error in after.errors
        if error.code is Code.E301 and error.node and not after.elaborated.places[error.node].trace
    }
    found = False
    for region in regions:
        places = _find_layers(region.text, region.layers)
        if numbers := {number for number, place in places if region.start + place.end in ends}:
            region.round_down(numbers)
            found = True
    return found


def _compare(region: Region, after: Checked, nodes: Mapping[int, Node | None]) -> Diagnostic:
    """Return the diagnostic with its translation as it is now, and with what contradicts the shapes that arrive.

    `nodes` are the layers by the offsets at which they stand.
    """
    assert region.fix.translated
    notes = list[str]()
    claims = [claim for _, claim in region.fix.translated.inputs]
    for number, place in _find_layers(region.text, region.layers):
        node, claim = nodes.get(region.start + place.start), claims[number]
        shape = after.network.shapes.get(node.inputs[0]) if node and node.inputs else None
        notes += [_contradict(claim, shape)] if claim and shape and not _agrees(claim, shape) else []
    is_rounded = region.layers != [layer for layer, _ in region.fix.translated.inputs]
    edits = (Edit(region.fix.translated.span, region.text),) if is_rounded else region.fix.edits
    fix = replace(region.fix, edits=edits, safe=region.fix.safe and not notes)
    others = tuple(fix if each.translated else each for each in region.diagnostic.fixes)
    return replace(region.diagnostic, fixes=others, notes=(*region.diagnostic.notes, *notes))


def _agrees(claim: InputClaim, shape: Shape) -> bool:
    match claim.quantity:
        case "channels":
            return shape[-1] == claim.value
        case "features":
            return prod(shape) == claim.value
        case _:
            return shape == claim.value


def _contradict(claim: InputClaim, shape: Shape) -> str:
    what = {"channels": f"{shape[-1]} channels arrive", "features": f"{prod(shape):,} elements arrive"}
    return f"`{claim.text}`, and {what.get(claim.quantity, 'this arrives')}: {format_shape(shape)}"
