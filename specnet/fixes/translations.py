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

from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, InputClaim
from specnet.fixes.verification import BudgetSpent, Verifier, apply_edits
from specnet.layers.base import Shape, format_shape, is_sequence

MOST_ROUNDS = 10
"""The largest number of rounds in which layers are adapted, as one may be known only behind another."""

ROUNDED = " floor"

SIDES = (224, 32, 28, 64, 96, 128, 227, 256, 299, 384, 416, 448, 512)
"""The usual sizes of images, the likeliest first."""

MOST_INPUTS = 2
"""The largest number of inputs that are offered."""

NO_INPUT = "the network has no input here; one of a usual size that agrees with its layers is offered"

INPUT = re.compile(r"^[ \t]*input\b", re.MULTILINE)

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
    claims: list[InputClaim | None]
    """What the original says of the input of each layer."""
    start: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def replace_layers(self, new: Mapping[int, str]) -> None:
        """Put other layers in the place of those with these numbers, in the text and in the title."""
        self.text = _replace_layers(self.text, self.layers, new)
        self.fix = replace(self.fix, title=_replace_layers(self.fix.title, self.layers, new))
        self.layers = [new.get(number, layer) for number, layer in enumerate(self.layers)]


def _replace_layers(text: str, layers: Sequence[str], new: Mapping[int, str]) -> str:
    """Return a text with some of its layers replaced, as far as it shows them."""
    parts, end = list[str](), 0
    for number, place in _find_layers(text, layers):
        if number in new:
            parts += text[end : place.start], new[number]
            end = place.end
    return "".join((*parts, text[end:]))


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
        after = _settle(checked, regions, verifier)
        inputs = [] if after.network.inputs else [*_guess_inputs(checked, regions, verifier)]
    except BudgetSpent:
        return checked
    arriving = _find_arriving_shapes(after)
    changed = {id(region.diagnostic): _compare(region, arriving) for region in regions}
    if inputs:
        changed[id(regions[0].diagnostic)] = _offer_inputs(changed[id(regions[0].diagnostic)], inputs)
    return replace(checked, diagnostics=tuple(changed.get(id(each), each) for each in checked.diagnostics))


def _settle(checked: Checked, regions: Sequence[Region], verifier: Verifier) -> Checked:
    """Adapt translations until they suit each other, and return the check of all; raises BudgetSpent."""
    after = _check_all(checked, regions, verifier)
    for _ in range(MOST_ROUNDS):
        if not _adapt(after, regions):
            break
        after = _check_all(checked, regions, verifier)
    return after


def _guess_inputs(checked: Checked, regions: Sequence[Region], verifier: Verifier) -> Iterator[Region]:
    """Yield the first translation below inputs that agree with all layers: of several sizes, the first ones."""
    first, claims = regions[0], [claim for region in regions for claim in region.claims if claim]
    read = next((claim for claim in claims if claim.quantity in ("channels", "features")), None)
    if read is None or not _begins_line(first) or INPUT.search(checked.source.text):
        return
    is_told, found = any(claim.quantity == "features" for claim in claims), 0
    shapes = [f"{side}x{side}x{read.value}" for side in (SIDES if is_told else SIDES[:1])]
    for shape in shapes if read.quantity == "channels" else [f"{read.value}"]:
        tried = [replace(region) for region in regions]
        tried[0].text = f"input {shape}\n{first.text.lstrip()}"
        after = _settle(checked, tried, verifier)
        if _agree(tried, after):
            title = f"input {shape}\n{tried[0].fix.title}"
            tried[0].fix = replace(tried[0].fix, title=title, safe=False)
            yield tried[0]
            found += 1
            if found == MOST_INPUTS:
                return


def _begins_line(region: Region) -> bool:
    """Return whether nothing stands before a translation on its line."""
    assert region.fix.translated
    span = region.fix.translated.span
    return not span.source.text[: span.start].rpartition("\n")[2].strip()


def _agree(regions: Sequence[Region], after: Checked) -> bool:
    """Return whether what the original says of the inputs of layers agrees with all shapes that are known."""
    arriving = _find_arriving_shapes(after)
    found = [(region.claims[n], shape) for region in regions for n, shape, _ in _list_shapes(region, arriving)]
    return all(claim is None or shape is None or _agrees(claim, shape) for claim, shape in found)


def _offer_inputs(diagnostic: Diagnostic, inputs: Sequence[Region]) -> Diagnostic:
    """Return the diagnostic of the first translation with the inputs that it may read."""
    fixes = [
        replace(each.fix, edits=(Edit(each.fix.translated.span, each.text),)) for each in inputs if each.fix.translated
    ]
    given = [replace(each, safe=False) for each in diagnostic.fixes]  # which say less of the input than the original
    notes = (*diagnostic.notes, NO_INPUT)
    return replace(diagnostic, fixes=(*fixes, *given), notes=notes)


def _find_regions(checked: Checked) -> Iterable[Region]:
    """Yield the translations that are shown, of those in the file itself, in its order."""
    for diagnostic in checked.shown:
        fix = next((fix for fix in diagnostic.fixes if fix.translated), None)
        if fix and fix.translated and fix.translated.span.source is checked.source:
            span = fix.translated.span
            edits = [Edit(checked.source.span(e.span.start, e.span.end), e.text) for e in fix.edits]
            whole = apply_edits(checked.source, edits).text
            text = whole[span.start : span.end + len(whole) - len(checked.source.text)]
            layers, claims = zip(*fix.translated.inputs, strict=True)
            yield Region(diagnostic, fix, text, [*layers], [*claims])


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


def _adapt(after: Checked, regions: Sequence[Region]) -> bool:
    """Adapt layers to the shapes that arrive; return whether there are any.

    Those that leave pixels unread get `floor`, and those that mean another layer on a map become that one.
    """
    ends = {
        after.elaborated.places[error.node].element.end
        for error in after.errors
        if error.code is Code.E301 and error.node and not after.elaborated.places[error.node].trace
    }
    arriving, found = _find_arriving_shapes(after), False
    for region in regions:
        new = dict[int, str]()
        for number, shape, place in _list_shapes(region, arriving):
            claim = region.claims[number]
            if region.start + place.end in ends:
                new[number] = region.layers[number] + ROUNDED
            elif claim and shape and _is_map(claim, shape) and region.layers[number] != claim.value:
                new[number] = str(claim.value)
        region.replace_layers(new)
        found |= bool(new)
    return found


def _is_map(claim: InputClaim, shape: Shape) -> bool:
    """Whether a layer means another one on an input of this shape."""
    is_wide = len(shape) == 3 and shape[:2] != (1, 1)
    return (claim.quantity == "map" and len(shape) == 3) or (claim.quantity == "wide map" and is_wide)


def _find_arriving_shapes(after: Checked) -> Mapping[int, Shape | None]:
    """Return the shape that arrives at each layer, by the offset at which the layer stands."""
    places, network = after.elaborated.places, after.network
    return {places[node.name].element.start: network.shapes[node.inputs[0]] for node in network.nodes if node.inputs}


def _list_shapes(region: Region, arriving: Mapping[int, Shape | None]) -> Iterator[tuple[int, Shape | None, Place]]:
    """Yield the layers of a region by number, each with the shape that arrives there and its place in the text."""
    for number, place in _find_layers(region.text, region.layers):
        yield number, arriving.get(region.start + place.start), place


def _compare(region: Region, arriving: Mapping[int, Shape | None]) -> Diagnostic:
    """Return the diagnostic with its translation as it is now, and with what contradicts the shapes that arrive."""
    assert region.fix.translated
    notes = list[str]()
    for number, shape, _ in _list_shapes(region, arriving):
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
            return _count_features(shape) == claim.value
        case "map" | "wide map":
            return True
        case "vector":
            return (shape[-1:] if is_sequence(shape) else shape) == claim.value
        case _:
            return shape == claim.value


def _count_features(shape: Shape) -> int:
    """Return the number of elements that a fully connected layer reads at once, those of a token in a sequence."""
    return shape[-1] if is_sequence(shape) else prod(shape)


def _contradict(claim: InputClaim, shape: Shape) -> str:
    what = {"channels": f"{shape[-1]} channels arrive", "features": f"{_count_features(shape):,} elements arrive"}
    return f"`{claim.text}`, and {what.get(claim.quantity, 'this arrives')}: {format_shape(shape)}"
