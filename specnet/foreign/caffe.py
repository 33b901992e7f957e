"""Translate Caffe's messages, `layer { type: "Convolution" … }`, as a whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.builder import KEYWORDS
from specnet.foreign.caffe_layers import DATA, FIELDS, NUMBERED, READ, SETTINGS, TRAINING, complete
from specnet.foreign.caffe_messages import Field, Message, scan_fields
from specnet.foreign.chains import ChainBuilder, Draft, is_join, make_unique
from specnet.foreign.translation import translate

BEGINNING = re.compile(r'\s*(name\s*:\s*["\']|layers?\s*\{|input(_dim)?\s*:|input_shape\s*\{)')
NETWORK = frozenset(
    ("name", "layer", "layers", "input", "input_dim", "input_shape", "state", "force_backward", "debug_info")
)
"""The fields of a whole network."""


def read_messages(text: str, start: int) -> tuple[Message, int]:
    """Return the fields of a network from an offset on, and the offset of their end; none if there is no layer."""
    if not BEGINNING.match(text, start):
        return Message(), start
    fields, end, _, _ = scan_fields(text, start, NETWORK)
    return (fields, end) if fields.messages("layer", "layers") else (Message(), start)


def translate_messages(fields: Message) -> Draft:
    """Translate the layers of a network."""
    layers = fields.messages("layer", "layers")
    network = _Network(Counter(str(value) for layer in layers for value in layer.values("bottom")))
    sizes = fields.values("input_dim")
    sizes += [size for shape in fields.messages("input_shape") for size in shape.values("dim")]
    names = [str(value) for value in fields.values("input")]
    if names and sizes:
        network.add_input(names[0], sizes)
    for layer in layers:
        network.add(layer)
    return network.finish()


@dataclass
class _Network:
    """The layers so far; a value is named by the blob that holds it."""

    reads: Counter[str]
    """How often each blob is read."""
    builder: ChainBuilder = field(default_factory=lambda: ChainBuilder(has_labels=True))
    differences: list[str] = field(default_factory=list)
    training: dict[str, None] = field(default_factory=dict)
    """What only training depends on, in the order of its first use."""
    is_known: bool = True
    labels: set[str] = field(default_factory=set)
    marks: Counter[str] = field(default_factory=Counter)

    def add_input(self, blob: str, sizes: Sequence[Any]) -> None:
        """Add the input, whose sizes are those of N×C×H×W."""
        if len(sizes) == 4:
            _, channels, height, width = sizes
            self.builder.add(blob, (f"input {height}x{width}x{channels}",), (), _make_label(blob))
        else:
            self.builder.current = self.builder.current or blob

    def add(self, layer: Message) -> None:
        """Add a layer."""
        kind = layer.text("type")
        kind = NUMBERED.get(kind, kind)
        bottoms, tops = ([str(value) for value in layer.values(side)] for side in ("bottom", "top"))
        settings = [field.key for field in layer if field.key in SETTINGS]
        if kind in DATA and not bottoms and tops:
            self._add_data(tops[0], layer)
        elif kind in TRAINING or kind.endswith("Loss"):
            self.training[kind] = None
        elif kind == "Axpy" and len(bottoms) == 3:
            self._add_scaled_sum(layer, bottoms, tops[0])
        elif kind not in READ or len(tops) > 1:
            self.differences.append(f"a layer of type {kind} has no counterpart here")
            self.is_known = False
        else:
            self.training.update(dict.fromkeys(settings))
            self._add_layer(kind, layer, bottoms, tops)

    def _add_data(self, blob: str, layer: Message) -> None:
        """Add a layer that gives images, unless it is the second one, of another phase."""
        if blob in self.builder.places or blob == self.builder.current:
            return
        inner = {key: value for key, value, _ in list_parameters(layer)}
        shape = inner.get("shape")
        sizes = shape.values("dim") if isinstance(shape, Message) else []
        if not sizes and (side := inner.get("crop_size")):
            self.differences.append(f"how many channels `{blob}` has is not here: 3 are taken")
            sizes = [1, 3, side, side]
        self.add_input(blob, sizes)

    def _add_layer(self, kind: str, layer: Message, bottoms: Sequence[str], tops: Sequence[str]) -> None:
        name = layer.text("name")
        parameters, fillers = collect_parameters(layer)
        self.training.update(dict.fromkeys(fillers))
        found = translate(READ[kind], (), complete(parameters))
        self.differences += [f"{name or kind}: {difference}" for difference in found.differences]
        self.is_known &= found.is_known
        top = tops[0] if tops else name
        if (len(bottoms) > 1) != is_join(found.layers[0]):
            self.differences.append(f"a layer of type {kind} with {len(bottoms)} inputs has no counterpart here")
            self.is_known = False
            return
        if not self.builder.steps and not self.builder.current:
            self.builder.current = bottoms[0] if bottoms else ""
        if self._completes_norm(found.layers, bottoms, top):
            self.builder.replace_last(self.builder.steps[-1].layers[-1].replace(" affine=no", ""))
            self.builder.rename(top, bottoms[0])
        else:
            self.builder.add(top, found.layers, bottoms, self._take_label(name))

    def _add_scaled_sum(self, layer: Message, bottoms: Sequence[str], top: str) -> None:
        """Add a·x + y for the blobs a, x and y."""
        name = layer.text("name")
        factor, value, summand = bottoms
        self.builder.add(f"{name}/x", ("mul",), (value, factor), self._take_label(f"{name}_x"))
        self.builder.add(top, ("add",), (f"{name}/x", summand), self._take_label(name))

    def _completes_norm(self, layers: Sequence[str], bottoms: Sequence[str], top: str) -> bool:
        """Whether a layer is the scale and shift of the normalisation before it, whose own output nobody else reads."""
        last = self.builder.steps[-1].layers[-1] if self.builder.steps else ""
        is_alone = bottoms == [top] or (bottoms == [self.builder.current] and self.reads[bottoms[0]] == 1)
        return list(layers) == ["scale bias=yes"] and last.startswith("bn affine=no") and is_alone

    def _take_label(self, name: str) -> str:
        label = make_unique(_make_label(name), self.labels, self.marks)
        self.labels.add(label)
        return label

    def finish(self) -> Draft:
        unknown = [f"`{blob}` is not among the layers here" for blob in self.builder.unknown if self.is_known]
        left = [f"what only training depends on is left out: {', '.join(self.training)}"] if self.training else []
        return Draft(tuple(self.builder.steps), (*self.differences, *left, *unknown), self.is_known and not unknown)


def _make_label(name: str) -> str:
    label = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{label}" if label[:1].isdigit() else f"{label}_" if label in KEYWORDS else label


def list_parameters(layer: Message) -> list[Field]:
    """Return the fields of all `…_param` messages of a layer."""
    inner = [value for key, value, _ in layer if key.endswith("_param") and isinstance(value, Message)]
    return [field for message in inner for field in message]


def collect_parameters(layer: Message) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters in all `…_param` messages of a layer, or in the layer itself in old files, and fillers."""
    own = [field for field in layer if field.key not in FIELDS and not field.key.endswith("_param")]
    fields = Message((*list_parameters(layer), *own))
    fillers = [field.key for field in fields if field.key.endswith("filler")]
    values = {field.key: fields.values(field.key) for field in fields if field.key not in fillers}
    return {key: found[0] if len(found) == 1 else tuple(found) for key, found in values.items()}, fillers
