"""Translated layers as lines of a spec: steps of a chain, with labels and taps, on as many lines as the original."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from specnet.diagnostics import InputClaim
from specnet.foreign.translation import Reads
from specnet.foreign.values import Expression, Value, format_foreign_value, format_python
from specnet.layers import get_layer_class

MOST_DIFFERENCES, MOST_LINES, MOST_LAYERS = 8, 12, 24
"""The largest number of differences, and of lines and layers of a translation, that are shown."""

MOST_TRANSLATED = 2_000
"""Longer networks are only recognised: translating a layer takes about a millisecond."""


@dataclass(frozen=True)
class Step:
    """A part of a chain that can stand on a line of its own: a label, layers, and what each says of its input."""

    label: str
    layers: tuple[str, ...]
    reads: tuple[Reads | None, ...] = ()

    def drop_last(self) -> Step:
        """Return the part without its last layer, which what follows undoes: `flatten(2).transpose(1, 2)`."""
        return replace(self, layers=self.layers[:-1], reads=self.reads[:-1])

    @property
    def is_input(self) -> bool:
        return bool(self.layers) and self.layers[0].startswith("input ")

    @property
    def text(self) -> str:
        return f"{self.label}: {' -> '.join(self.layers)}" if self.label else " -> ".join(self.layers)


@dataclass(frozen=True)
class Draft:
    """The translation of a text as steps of a chain, and in words what they do not say of the original."""

    steps: tuple[Step, ...]
    differences: tuple[str, ...]
    is_known: bool
    """Whether every layer has a counterpart."""

    @property
    def notes(self) -> tuple[str, ...]:
        """The differences, or the first ones and the number of the others."""
        found = tuple(dict.fromkeys(self.differences))
        rest = len(found) - MOST_DIFFERENCES
        return found if rest <= 1 else (*found[:MOST_DIFFERENCES], f"and {rest} more differences")

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(layer for step in self.steps for layer in step.layers)

    @property
    def inputs(self) -> tuple[tuple[str, InputClaim | None], ...]:
        """The layers, each with what the original says of its input."""
        found = [claim for step in self.steps for claim in _list_claims(step)]
        return tuple(zip(self.layers, found, strict=True))

    @property
    def is_exact(self) -> bool:
        return self.is_known and not self.differences


def _evaluate(text: str) -> Value:
    """Return the value of a sum or product of numbers; None if it has none."""
    try:
        return eval(text, {}) if "**" not in text else None
    except (SyntaxError, ArithmeticError, TypeError, MemoryError, RecursionError):
        return None


SUM = re.compile(r"[\d\s*/+()-]+")


def _list_claims(step: Step) -> list[InputClaim | None]:
    """Return a claim for each layer of a step, or None."""
    reads = (*step.reads, *[None] * len(step.layers))
    return [_make_claim(each) if each else None for each in reads[: len(step.layers)]]


def _make_claim(reads: Reads) -> InputClaim | None:
    """Return a claim about an input; None if its value is not a known number or shape."""
    value = reads.value
    if reads.quantity in MAPS:
        return InputClaim(reads.argument, reads.quantity, value)
    if isinstance(value, Expression) and SUM.fullmatch(value):
        value = _evaluate(value)
    if isinstance(value, int) and reads.quantity in ("vector", "input"):
        value = (value,)
    sizes = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(size, int) for size in sizes):
        return None
    return InputClaim(f"{reads.argument}={format_python(reads.value)}", reads.quantity, value)


def make_unique(label: str, used: Collection[str], marks: Counter[str]) -> str:
    """Return a label with so many underscores that it is not used; `marks` counts those that labels got so far."""
    while (unique := label + "_" * marks[label]) in used:
        marks[label] += 1
    return unique


def join_steps(steps: Sequence[Step]) -> Step:
    """Return all steps as one, with the first label."""
    label = next((step.label for step in steps if step.label), "")
    layers = tuple(layer for step in steps for layer in step.layers)
    return Step(label, layers, tuple(reads for step in steps for reads in step.reads))


def join_taps(join: str, taps: Sequence[str]) -> tuple[str, ...]:
    """Return the join of values, which are taps such as `@skip`, or "" for what arrives."""
    if taps[0] and "" in taps:
        arms = " ".join(f"| {tap or 'identity'}" for tap in taps)
        return (f"{join} {{ {arms} }}",)
    kind, *attributes = join.split(" ")
    return (*filter(None, taps[:1]), " ".join([kind, *taps[1:], *attributes]))


MAPS = frozenset({"map", "wide map"})
"""The kinds of maps on which a layer of another tool may mean something else."""

INPUT = re.compile(r"^[ \t]*(?P<text>input\b[^\n\0]*?)[ \t\r\0]*$", re.MULTILINE)


def put_input_first(draft: Draft, above: str) -> Draft:
    """Return a draft that begins with its input, or without one if a line above has one; `above` is code."""
    if not draft.steps:
        return draft
    reads = next((reads for reads in draft.steps[0].reads if reads), None)
    if reads and reads.quantity == "input" and not INPUT.search(above):
        return _add_input(draft, reads)
    first, *others = draft.steps
    present = INPUT.search(above)
    if present is None or not first.is_input:
        return draft
    lost = (
        ()
        if present["text"] == first.layers[0]
        else (f"`{first.layers[0]}` is left out: `{present['text']}` is above",)
    )
    rest = Step(first.label, first.layers[1:], first.reads[1:])
    return replace(draft, steps=(*([rest] if rest.layers else []), *others), differences=(*draft.differences, *lost))


def _add_input(draft: Draft, reads: Reads) -> Draft:
    sizes = reads.value if isinstance(reads.value, tuple) else (reads.value,)
    if None in sizes:
        return replace(draft, differences=(*draft.differences, f"`{reads.argument}={reads.value}` leaves a size open"))
    return replace(draft, steps=(Step("", (f"input {format_foreign_value(sizes)}",), (None,)), *draft.steps))


def is_join(layer: str) -> bool:
    cls = get_layer_class(layer.partition(" ")[0])
    return bool(cls and cls.arity.joins)


def takes_values(layer: str, count: int) -> bool:
    """Return whether a layer takes this number of values."""
    cls = get_layer_class(layer.partition(" ")[0])
    return bool(cls and cls.arity.admits(count))


# A graph whose values have names


@dataclass
class ChainBuilder:
    """Puts the layers of a graph in a chain, in which values that are read from elsewhere have labels."""

    has_labels: bool = False
    """Whether all steps have their labels, and not only those that are read from elsewhere."""
    steps: list[Step] = field(default_factory=list)
    current: str = ""
    """The value at the end of the chain so far."""
    places: dict[str, int] = field(default_factory=dict)
    """The step that ends with a value, by its name."""
    labels: dict[str, str] = field(default_factory=dict)
    """The label that a value gets when it is read from elsewhere."""
    unknown: list[str] = field(default_factory=list)
    """Values that are read and that no layer gives."""

    def add(
        self,
        value: str,
        layers: Sequence[str],
        inputs: Sequence[str],
        label: str = "",
        reads: Sequence[Reads | None] = (),
    ) -> None:
        """Add the layers that read named values and give a value; the first of them joins several inputs."""
        taps = ["" if name == self.current else self._tap(name) for name in inputs]
        if len(taps) > 1 and not is_join(layers[0]):
            self.unknown.append(", ".join(inputs))
        own = (*join_taps(layers[0], taps), *layers[1:]) if len(taps) > 1 else (*filter(None, taps), *layers)
        said = (*[None] * (len(own) - len(layers)), *(reads or [None] * len(layers)))
        if value in inputs and value == self.current and self.steps:  # in place
            last = self.steps[-1]
            self.steps[-1] = replace(last, layers=(*last.layers, *own), reads=(*last.reads, *said))
        elif own:
            self.steps.append(Step(label if self.has_labels and not own[0].startswith("input ") else "", own, said))
        self.places[value], self.labels[value] = len(self.steps) - 1, label
        self.current = value

    def replace_last(self, layer: str) -> None:
        """Replace the last layer."""
        last = self.steps[-1]
        self.steps[-1] = replace(last, layers=(*last.layers[:-1], layer))

    def rename(self, value: str, other: str) -> None:
        """Give a value another name, for a layer that changes nothing."""
        if other in self.places:
            self.places[value], self.labels[value] = self.places[other], self.labels[other]
        else:
            self.unknown += [other] if other != self.current else []
        self.current = value if self.current == other else self.current

    def is_tapped(self, value: str) -> bool:
        """Return whether a value has its label already."""
        return value in self.places and bool(self.steps[self.places[value]].label)

    def label(self, value: str) -> str:
        """Return the label of a value, after giving it to its step."""
        return self._tap(value).removeprefix("@")

    def _tap(self, value: str) -> str:
        """Return `@label` for a value, after giving its step that label."""
        if value not in self.places:
            self.unknown.append(value)
            return f"@{value}"
        step, label = self.steps[self.places[value]], self.labels[value]
        if step.is_input:
            if f"@{label}" not in step.layers:
                self.steps[self.places[value]] = replace(step, layers=(*step.layers, f"@{label}"))
        elif not step.label:
            self.steps[self.places[value]] = replace(step, label=label)
        return f"@{step.label or label}"


# Layout


def explain_length(count: int) -> tuple[str, ...]:
    """Return in words that a network of so many layers is not translated; empty if it is."""
    if count <= MOST_TRANSLATED:
        return ()
    return (f"networks of up to {MOST_TRANSLATED:,} layers are translated; this one has {count:,}",)


def lay_out(steps: Sequence[Step], breaks: int) -> tuple[str, tuple[str, ...]]:
    """Return the steps as text with so many line breaks, so that later lines keep their numbers, and what is lost."""
    if steps[0].is_input and len(steps) > 1:  # its own line, even if there was none
        rest, lost = lay_out(steps[1:], max(breaks - 1, 0))
        return f"{steps[0].text}\n{rest}", lost
    lines = [step.text for step in steps]
    if len(lines) == 1 and breaks >= len(steps[0].layers) - 1 > 0:
        lines = _spread(steps[0])
    if len(lines) <= breaks + 1:
        return "\n".join(lines) + "\n" * (breaks + 1 - len(lines)), ()
    labels = [step.label for step in steps[1:] if step.label]
    lost = (f"no room for the labels {', '.join(labels)}",) if labels else ()
    return join_steps(steps).text + "\n" * breaks, lost


def format_title(steps: Sequence[Step]) -> str:
    """Return the steps in one line, unless a label or an input needs a line of its own."""
    is_chain = not any(step.label for step in steps[1:]) and not steps[0].is_input
    if is_chain:
        text, rest = _cut_chain(steps)
        return f"{text} -> … and {rest} more layers" if rest else text
    return format_lines(steps)


def format_lines(steps: Sequence[Step]) -> str:
    """Return the steps on a line each, or the first ones."""
    rest = len(steps) - MOST_LINES
    return "\n".join([*(step.text for step in steps[:MOST_LINES]), *([f"… and {rest} more lines"] if rest > 0 else [])])


def _cut_chain(steps: Sequence[Step]) -> tuple[str, int]:
    """Return steps as a chain of at most MOST_LAYERS, and the number of layers left out."""
    whole = join_steps(steps)
    rest = len(whole.layers) - MOST_LAYERS
    return (replace(whole, layers=whole.layers[:MOST_LAYERS]).text, rest) if rest > 1 else (whole.text, 0)


def _spread(step: Step) -> list[str]:
    """Return a line for each layer of a step; those of a label's line continue it."""
    first, *others = step.layers
    if not step.label:
        return [first, *others]
    return [f"{step.label}: {first}", *(f"  -> {layer}" for layer in others)]
