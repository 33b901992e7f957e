"""The walk over the sections of a cfg; a value is named by the number of its section."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from specnet.foreign.darknet_layers import (
    ACTIVATIONS,
    COMPOSED,
    DARKNET,
    OUTPUTS,
    RECURRENT,
    complete,
    list_losses,
)
from specnet.foreign.translation import translate
from specnet.importers.darknet.cfg import Section
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate
from specnet.importers.layer_texts import read_layers
from specnet.importers.recorder import Recorder, describe_source
from specnet.importers.rounding import allow_rounding, fit_rounding
from specnet.layers.base import Shape, is_map

IMAGE = "image"
"""The value that the first section reads."""

Adder = Callable[["CfgWalk", Section], None]

MISSING_ACTIVATION = "`activation="
"""How the difference begins of a section whose activation is not here."""

UNACTIVATED = "the rest of the section is written, and what reads it lacks the activation"


@dataclass
class CfgWalk:
    """The sections so far, and what Darknet counts."""

    recorder: Recorder
    nodes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """The nodes of each section."""
    ends: list[str] = field(default_factory=list)
    """The values that a [yolo] or another output reads."""
    read: set[str] = field(default_factory=set)
    stored: int = 0
    """The numbers in a .weights file of the network."""

    def add_input(self, net: Section, override: Shape | None) -> None:
        """Add the input that [net] describes; raises UnreadableModel where it has none."""
        sizes = tuple(net.whole(side, 0) for side in ("height", "width", "channels"))
        flat = net.whole("inputs", 0)
        if override:
            shape = override
        elif all(sizes):
            shape = sizes
        elif flat and not any(sizes):
            shape = (flat,)
        else:
            raise UnreadableModel(
                f"{describe_source(net.source)} does not say the size of the image, by `height`, `width` and `channels`"
            )
        self.recorder.input(IMAGE, shape)

    def run(self, sections: Sequence[Section], adders: Mapping[str, Adder]) -> None:
        for section in sections:
            self._add(section, adders)

    def _add(self, section: Section, adders: Mapping[str, Adder]) -> None:
        kind, value = section.kind, name_value(section.place)
        fault = "" if kind in adders or kind in DARKNET else _explain_unknown(kind)
        if kind in RECURRENT and self.recorder.is_empty:
            raise UnreadableModel(f"{describe_source(section.source)} {fault.removeprefix('it ')}")
        if kind in OUTPUTS:
            self._end(section)
        elif (above := self.above(section)) and self.recorder.is_missing(above) and kind not in ("route",):
            self.recorder.leave_out_unread(section.source, above, fault, [value])
        elif fault:
            self.recorder.leave_out(section.source, fault, [value])
        else:
            self._add_known(section, adders.get(kind, _add_row))

    def _add_known(self, section: Section, add: Adder) -> None:
        """Add a section of a known kind; raises UnreadableModel for options that are no numbers."""
        try:
            add(self, section)
        except UnreadableModel:
            raise
        except (TypeError, ValueError, ArithmeticError, IndexError):
            raise UnreadableModel(
                f"{describe_source(section.source)} has an option of the wrong type, "
                "such as a word in place of a number, or one that does not fit what it reads"
            ) from None

    def _end(self, section: Section) -> None:
        """Keep an output of the network as a comment at the value that it reads."""
        above, value = self.above(section), name_value(section.place)
        what = {"cost": "computes the loss", "contrastive": "computes the loss"}.get(section.kind, "makes boxes")
        reason = f"it {what} of the value that it reads, where the network ends here"
        self.recorder.leave_out(section.source, reason, computes=False)
        if self.recorder.is_known(above):
            if above not in self.ends:
                self.ends.append(above)
            options = ", ".join(f"{name}={_format(value)}" for name, value in section.options.items())
            node = self.recorder.node(above)
            self.recorder.comment(node, f"[{section.kind}] in line {section.source.line} reads this: {options}"[:2000])
            self.recorder.alias(value, above)
        else:
            self.recorder.forget(value, "was left out")

    def above(self, section: Section) -> str:
        """Return the value of the section above; that of the image for the first."""
        return name_value(section.place - 1) if section.place else IMAGE

    def resolve(self, section: Section, number: Any) -> str:
        """Return the value that a number names, from the first section on or, below 0, back from this one."""
        place = section.place + number if isinstance(number, int) and number < 0 else number
        if not isinstance(place, int) or not 0 <= place < section.place:
            raise UnreadableModel(f"{describe_source(section.source)} reads layer {number}, which is not above it")
        return name_value(place)

    def shape(self, value: str) -> Shape:
        return self.recorder.shape(value)

    def require(self, section: Section, values: Sequence[str]) -> bool:
        """Whether all values are here; if one is not, the section is left out, too."""
        lost = next((value for value in values if self.recorder.is_missing(value)), None)
        if lost:
            self.recorder.leave_out_unread(section.source, lost, "", [name_value(section.place)])
        return not lost

    def add_translated(self, section: Section, inputs: Sequence[str], options: Mapping[str, Any] | None = None) -> None:
        """Add the layers that the table of Darknet's sections has for some options, or all."""
        own = dict(section.options if options is None else options)
        composed = own.get("activation") if own.get("activation") in COMPOSED else None
        if composed:
            own["activation"] = "linear"
        found = translate(DARKNET[section.kind], (), complete(section.kind, own))
        differences = [*found.differences, *list_losses(section.kind, own, len(inputs))]
        if not found.is_known:
            self.recorder.leave_out(section.source, "; ".join(differences), [name_value(section.place)])
            return
        fate = Fate.APPROXIMATED if differences else Fate.EXACT
        if any(each.startswith(MISSING_ACTIVATION) for each in differences):
            fate, differences = Fate.LEFT_OUT, [*differences, UNACTIVATED]
        text = " -> ".join(found.layers)
        layers = self._choose_on_map(found.reads, text, self.shape(inputs[0]))
        self.add(section, layers, inputs, fate, "; ".join(differences))
        if composed:
            self.activate(section, str(composed))

    def activate(self, section: Section, activation: str) -> None:
        """Add an activation behind the layers of a section."""
        value, name = name_value(section.place), f"{section.source.name}_{activation}"
        if activation in COMPOSED:
            parts = [f"{value}/{activation}{place}" for place in range(len(COMPOSED[activation]))]
            for place, (text, part) in enumerate(zip(COMPOSED[activation], parts, strict=True)):
                self.add(section, text, [value], value=part, name=f"{name}_{place}")
            self.add(section, "add", parts, Fate.EQUAL, f"`{activation}` is a sum", name=name)
        elif activation not in ACTIVATIONS:
            reason = f"its activation `{activation}` has no counterpart here; {UNACTIVATED}"
            self.recorder.note(section.source, Fate.LEFT_OUT, reason)
        elif text := ACTIVATIONS[activation]:
            self.add(section, text, [value], name=f"{section.source.name}_{text.split()[0]}")

    def _choose_on_map(self, reads: Sequence[Any], text: str, shape: Shape) -> str:
        """Return what the layers are on a wide map, if the row of the table says it."""
        claim = next((each for each in reads if each and each.quantity == "wide map"), None)
        return str(claim.value) if claim and is_map(shape) and shape[:2] != (1, 1) else text

    def add(
        self,
        section: Section,
        text: str,
        inputs: Sequence[str],
        fate: Fate = Fate.EXACT,
        reason: str = "",
        value: str = "",
        name: str = "",
    ) -> tuple[str, ...]:
        """Add layers in the words of a spec, by default for the value of the section."""
        value = value or name_value(section.place)
        read = [self.make_map(section, each) if text.startswith(MAPS) else each for each in inputs]
        self.read.update(inputs)
        if not text:
            self.recorder.rename(section.source, read[0], value, reason or "it changes nothing", Fate.EQUAL)
            return ()
        shapes = tuple(self.shape(each) for each in read)
        try:
            layers, _ = fit_rounding(read_layers(allow_rounding(text), shapes), shapes)
        except UnreadableModel as error:
            raise UnreadableModel(f"{describe_source(section.source)}: {error}") from None
        nodes = self.recorder.add(section.source, layers, read, value, fate, reason, name or section.source.name)
        self.nodes[section.place] = (*self.nodes.get(section.place, ()), *nodes)
        return nodes

    def make_map(self, section: Section, value: str) -> str:
        """Return a vector as a map of one pixel, which it is for Darknet."""
        shape = self.shape(value)
        if len(shape) != 1:
            return value
        self.add(section, f"reshape 1x1x{shape[0]}", [value], value=f"{value}/map", name=f"{section.source.name}_map")
        return f"{value}/map"

    def count(self, weights: int, filters: int, is_normalised: bool) -> None:
        """Count the numbers of a layer in a .weights file: weights, biases, and three more where it normalises."""
        self.stored += weights + filters + 3 * filters * is_normalised

    def claim(self, section: Section, shape: Shape) -> None:
        value = name_value(section.place)
        if self.recorder.is_known(value):
            ours = self.shape(value)
            expected = (prod(shape),) if len(ours) == 1 else shape
            self.recorder.claim(section.source, value, expected)


def _add_row(walk: CfgWalk, section: Section) -> None:
    walk.add_translated(section, [walk.above(section)])


def _explain_unknown(kind: str) -> str:
    """Return why a section of a kind that is not in the tables is left out."""
    if kind in RECURRENT:
        return "it has a state from one step to the next: a spec has no such layer"
    return f"a section [{kind}] has no counterpart here"


MAPS = ("conv ", "deconv ", "pool ", "upsample ", "space_to_depth ", "crop ", "lrn ")
"""The beginnings of layers that read a map."""


def name_value(place: int) -> str:
    return f"layer{place}"


def _format(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
