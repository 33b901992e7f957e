"""Compare translated layers with their neighbours, once all translations of a spec are made.

Another tool's layer may say what it reads, `in_channels=3`: what contradicts the shape that arrives is added to the
diagnostic, and the translation is no longer safe. Where pixels stay unread, a layer gets `floor`, as other tools round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from specnet.compiler import Checked, check_lines
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, InputClaim
from specnet.elaborate import Read
from specnet.fixes.verification import apply_edits
from specnet.foreign import recognise
from specnet.layers.base import Shape, format_shape
from specnet.syntax.parser import parse

MOST_ROUNDS = 10
"""The largest number of rounds in which layers get `floor`, as one may be known only behind another."""

ROUNDED = " floor"


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

    def round_down(self, place: int) -> None:
        """Add `floor` to the layer at a place, in the text and in the title."""
        self.text = _add_word(self.text, self.layers, place)
        self.fix = replace(self.fix, title=_add_word(self.fix.title, self.layers, place))
        self.layers[place] += ROUNDED


def _add_word(text: str, layers: Sequence[str], place: int) -> str:
    """Return a text with `floor` behind one of its layers; as it is if it does not show that one."""
    found = dict(_find_layers(text, layers))
    return text[: found[place].end] + ROUNDED + text[found[place].end :] if place in found else text


@dataclass(frozen=True)
class Place:
    """Where a layer stands in a text."""

    start: int
    end: int


def _find_layers(text: str, layers: Sequence[str]) -> Iterator[tuple[int, Place]]:
    """Yield the number and the place of each layer, up to the first that the text does not show."""
    at = 0
    for number, layer in enumerate(layers):
        found = re.compile(rf"(?<![\w.=@]){re.escape(layer)}(?=\s*(?:\Z|\n|->|=>|[|}}#]))").search(text, at)
        if found is None:
            return
        yield number, Place(*found.span())
        at = found.end()


def compare_translations(checked: Checked, overrides: Mapping[str, str], read: Read) -> Checked:
    """Return the checked spec with translations that agree with what arrives, or that say what does not."""
    regions = [*_find_regions(checked)]
    if not regions:
        return checked
    after = _check_all(checked, regions, overrides, read)
    for _ in range(MOST_ROUNDS):
        if not _round_down(after, regions):
            break
        after = _check_all(checked, regions, overrides, read)
    changed = {id(region.diagnostic): _compare(region, after) for region in regions}
    return replace(checked, diagnostics=tuple(changed.get(id(each), each) for each in checked.diagnostics))


def _find_regions(checked: Checked) -> Iterable[Region]:
    """Yield the translations in the file itself, in its order."""
    for diagnostic in checked.errors:
        fix = next((fix for fix in diagnostic.fixes if fix.translated), None)
        if fix and fix.translated and fix.translated.span.source is checked.source:
            span = fix.translated.span
            edits = [Edit(checked.source.span(e.span.start, e.span.end), e.text) for e in fix.edits]
            whole = apply_edits(checked.source, edits).text
            text = whole[span.start : span.end + len(whole) - len(checked.source.text)]
            yield Region(diagnostic, fix, text, [layer for layer, _ in fix.translated.inputs])


def _check_all(checked: Checked, regions: Sequence[Region], overrides: Mapping[str, str], read: Read) -> Checked:
    """Check the text in which all translations are made, and note where they stand in it."""
    edits, shift = list[Edit](), 0
    for region in regions:
        assert region.fix.translated
        span = region.fix.translated.span
        region.start = span.start + shift
        shift += len(region.text) - (span.end - span.start)
        edits.append(Edit(span, region.text))
    source = apply_edits(checked.source, edits)
    return check_lines(source, *parse(source, recognise), overrides, read)


def _round_down(after: Checked, regions: Sequence[Region]) -> bool:
    """Add `floor` to the layers that leave pixels unread; return whether there are any."""
    ends = {
        after.elaborated.places[error.node].element.end
        for error in after.errors
        if error.code is Code.E301 and error.node and not after.elaborated.places[error.node].trace
    }
    found = False
    for region in regions:
        for number, place in list(_find_layers(region.text, region.layers)):
            if region.start + place.end in ends:
                region.round_down(number)
                found = True
    return found


def _compare(region: Region, after: Checked) -> Diagnostic:
    """Return the diagnostic with its translation as it is now, and with what contradicts the shapes that arrive."""
    assert region.fix.translated
    notes = list[str]()
    by_place = {place.element.start: after.network.by_name.get(name) for name, place in after.elaborated.places.items()}
    claims = [claim for _, claim in region.fix.translated.inputs]
    for number, place in _find_layers(region.text, region.layers):
        node, claim = by_place.get(region.start + place.start), claims[number]
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
