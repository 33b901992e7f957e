"""Fixes of `C` in an arm, the channels that arrive at that very layer and not at the beginning of the arm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from specnet.compiler import Checked
from specnet.diagnostics import Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.goals import Goal, find_shared, find_upstream
from specnet.graph import Node
from specnet.layers.base import Shape
from specnet.source import Span
from specnet.syntax.parser_input import find_line

CHANNELS = re.compile(r"(?<![\w.@])C(?!\w)")
"""The channels of what arrives at a layer, in an expression."""

NAMES = ("width", "channels", "arriving")
"""The names for the channels of an arm's beginning, of which the first that the spec does not have is taken."""


INDENT = re.compile(r"[ \t]*(?:\|[ \t]*)?")
"""The blanks before a line, and the bar of its arm."""

NAMED = 0.3
"""The cost of a name for the channels, less than that of changing a number."""

RESTORED = 0.2
"""The cost of the channels of the arm's beginning in the place of `C`, without a line more."""

STATEMENT = re.compile(r"[ \t]*(?:\w+:[ \t]*)?")
"""What stands on a line before its first layer."""


@dataclass(frozen=True)
class Reading:
    """A layer whose channels are written with `C`: those that arrive there, and those that the other arm has."""

    node: Node
    written: Span
    arm: tuple[Node, ...]
    here: int
    other: Shape

    @property
    def is_wider(self) -> bool:
        """Whether more channels arrive than the other arm has: `fc 4*C -> gelu -> fc C`."""
        return self.here > self.other[-1]

    @property
    def note(self) -> str:
        return (
            f"`C` in `{self.node.kind} {self.written.text}` is the channels that arrive at that very layer: "
            f"{self.here}, not {self.other[-1]}"
        )


def find_readings(checked: Checked, goal: Goal) -> Iterator[Reading]:
    """Yield the last layer with channels of each arm that has not those of the others because of a `C`."""
    network, shared = checked.network, find_shared(checked.network, goal.node)
    inputs = network.by_name[goal.node].inputs
    for value in inputs:
        shapes = [shape for each in inputs if each != value and (shape := network.shapes[each])]
        if not shapes:
            continue
        other = max(shapes, key=lambda shape: (shape[-1], shape))
        own = find_upstream(network, value) - shared
        arm = tuple(node for node in network.nodes if node.name in own and node.layer)
        last = next((node for node in reversed(arm) if node.layer and node.layer.output_field), None)
        reading = last and _read(checked, last, arm, other)
        if reading:
            yield reading


def _read(checked: Checked, node: Node, arm: tuple[Node, ...], other: Shape) -> Reading | None:
    """Return how a layer reads `C` for its channels, if that is neither what begins the arm nor the other arm's."""
    assert node.layer
    written = checked.elaborated.places[node.name].attributes.get(node.layer.output_field)
    shape, first = (checked.network.shapes[each.inputs[0]] for each in (node, arm[0]))
    if written is None or shape is None or not CHANNELS.search(written.text):
        return None
    if shape[-1] == other[-1] or (first and shape[-1] == first[-1]):
        return None
    return Reading(node, written, arm, shape[-1], other)


def restore_channels(checked: Checked, goal: Goal) -> Iterator[Candidate]:
    """Yield `@in.C`, within a block, and `C//4` for a `C` that is four times the other arm's channels."""
    for reading in find_readings(checked, goal):
        factor, rest = divmod(reading.here, reading.other[-1])
        texts = ["@in.C"] if rest else ["@in.C", f"C//{factor}"]
        for place, text in enumerate(texts if reading.is_wider else []):
            new = CHANNELS.sub(text, reading.written.text)
            change = Change(reading.written.text, new, reading.node.name, Edit(reading.written, new))
            yield Candidate((change,), RESTORED + place / 100)


def name_channels(checked: Checked, goal: Goal) -> Iterator[Candidate]:
    """Yield `let width = C` before the arms, or in the arm, and that name in the place of the last `C`."""
    text = checked.source.text
    name = next((name for name in NAMES if not re.search(rf"\b{name}\b", text)), "")
    for reading in find_readings(checked, goal) if name else ():
        new = CHANNELS.sub(name, reading.written.text)
        change = Change(reading.written.text, new, reading.node.name, Edit(reading.written, new))
        changes = (_declare(checked, goal, reading, name), change, *_convert(checked, goal, reading, name))
        yield Candidate(changes, NAMED)


def _declare(checked: Checked, goal: Goal, reading: Reading, name: str) -> Change:
    """Return the line `let width = C`, above the join or the arm where that begins a line, else within the arm."""
    places = checked.elaborated.places
    first, join = places[reading.arm[0].name].element, places[goal.node].element
    text, statement = first.source.text, f"let {name} = C"
    outer = next((span for span in (join, first) if span.start <= first.start and _begins_line(span)), None)
    at = find_line(text, outer.start)[0] if outer else first.start
    begin = INDENT.match(text, find_line(text, at)[0])
    indent = re.sub(r"\S", " ", begin[0]) if begin else ""
    line = f"{indent}{statement}\n" if outer else f"{statement}\n{indent}"
    return Change("", statement, "", Edit(Span(first.source, at, at), line))


def _begins_line(span: Span) -> bool:
    start = find_line(span.source.text, span.start)[0]
    return STATEMENT.fullmatch(span.source.text, start, span.start) is not None


def _convert(checked: Checked, goal: Goal, reading: Reading, name: str) -> Iterator[Change]:
    """Yield the layer behind the arm that the join needs once the channels agree: `reshape 1x1x(width)`."""
    end, join = reading.arm[-1], checked.network.by_name[goal.node]
    if join.layer is None or end.output is None:
        return
    text = join.layer.converter((*end.output[:-1], reading.other[-1]), reading.other)
    if text:
        text = re.sub(rf"\b{reading.other[-1]}\b|(?<=x){reading.other[-1]}\b", f"({name})", text)
        element = checked.elaborated.places[end.name].element
        place = Span(element.source, element.end, element.end)
        yield Change("", f"-> {text}", "", Edit(place, f" -> {text}"))
