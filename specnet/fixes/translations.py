"""Compare translated layers with their neighbours, once all translations of a spec are made.

Another tool's layer may say what it reads, `in_channels=3`: what contradicts the shape that arrives is added to the
diagnostic, and the translation is no longer safe. Where pixels stay unread, a layer gets `floor`, as other tools round;
where it means another layer on a map, `conv K=10 F=1` for Keras's `Dense(10)`, it becomes that one.
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
"""The largest number of rounds in which layers are adapted, as one may be known only behind another."""

ROUNDED = " floor"


@dataclass
class Region:
    """A translation in the text in which all are made: the diagnostic, its fix, and where the new text stands."""

    diagnostic: Diagnostic
    fix: Fix
    text: str
    layers: list[str]
    """The translated layers, which stand in this order in the text, and in the fix's title as far as that goes."""
    claims: list[InputClaim | None]
    """What the original says of the input of each layer."""
    start: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def replace_layer(self, number: int, layer: str) -> None:
        """Put another layer in the place of one, in the text and in the title."""
        self.text = _replace_layer(self.text, self.layers, number, layer)
        self.fix = replace(self.fix, title=_replace_layer(self.fix.title, self.layers, number, layer))
        self.layers[number] = layer


def _replace_layer(text: str, layers: Sequence[str], number: int, layer: str) -> str:
    """Return a text with one of its layers replaced; as it is if it does not show that one."""
    place = dict(_find_layers(text, layers)).get(number)
    return text[: place.start] + layer + text[place.end :] if place else text


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
        if not _adapt(after, regions):
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
            layers, claims = zip(*fix.translated.inputs, strict=True)
            yield Region(diagnostic, fix, text, [*layers], [*claims])


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


def _adapt(after: Checked, regions: Sequence[Region]) -> bool:
    """Adapt layers to the shapes that arrive; return whether there are any.

    Those that leave pixels unread get `floor`, and those that mean another layer on a map become that one.
    """
    ends = {
        after.elaborated.places[error.node].element.end
        for error in after.errors
        if error.code is Code.E301 and error.node and not after.elaborated.places[error.node].trace
    }
    found = False
    for region in regions:
        for number, shape, place in list(_list_shapes(region, after)):
            claim = region.claims[number]
            if region.start + place.end in ends:
                region.replace_layer(number, region.layers[number] + ROUNDED)
                found = True
            elif claim and shape and _is_map(claim, shape) and region.layers[number] != claim.value:
                region.replace_layer(number, str(claim.value))
                found = True
    return found


def _is_map(claim: InputClaim, shape: Shape) -> bool:
    """Whether a layer means another one on an input of this shape."""
    is_wide = len(shape) == 3 and shape[:2] != (1, 1)
    return (claim.quantity == "map" and len(shape) == 3) or (claim.quantity == "wide map" and is_wide)


def _list_shapes(region: Region, after: Checked) -> Iterator[tuple[int, Shape | None, Place]]:
    """Yield the layers of a region by number, each with the shape that arrives there and its place in the text."""
    by_place = {place.element.start: after.network.by_name.get(name) for name, place in after.elaborated.places.items()}
    for number, place in _find_layers(region.text, region.layers):
        node = by_place.get(region.start + place.start)
        yield number, after.network.shapes.get(node.inputs[0]) if node and node.inputs else None, place


def _compare(region: Region, after: Checked) -> Diagnostic:
    """Return the diagnostic with its translation as it is now, and with what contradicts the shapes that arrive."""
    assert region.fix.translated
    notes = list[str]()
    for number, shape, _ in _list_shapes(region, after):
        claim = region.claims[number]
        notes += [_contradict(claim, shape)] if claim and shape and not _agrees(claim, shape) else []
    is_changed = region.layers != [layer for layer, _ in region.fix.translated.inputs]
    edits = (Edit(region.fix.translated.span, region.text),) if is_changed else region.fix.edits
    fix = replace(region.fix, edits=edits, safe=region.fix.safe and not notes)
    others = tuple(fix if each.translated else each for each in region.diagnostic.fixes)
    return replace(region.diagnostic, fixes=others, notes=(*region.diagnostic.notes, *notes))


def _agrees(claim: InputClaim, shape: Shape) -> bool:
    match claim.quantity:
        case "channels":
            return shape[-1] == claim.value
        case "features":
            return prod(shape) == claim.value
        case "map" | "wide map":
            return True
        case _:
            return shape == claim.value


def _contradict(claim: InputClaim, shape: Shape) -> str:
    what = {"channels": f"{shape[-1]} channels arrive", "features": f"{prod(shape):,} elements arrive"}
    return f"`{claim.text}`, and {what.get(claim.quantity, 'this arrives')}: {format_shape(shape)}"
