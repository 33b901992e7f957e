"""A prototxt as the layers of one phase, in the form of today whatever the age of the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from specnet.foreign.caffe_layers import NUMBERED
from specnet.foreign.caffe_messages import Message, scan_fields
from specnet.importers.caffe.phases import State, explain_exclusion, find_state
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import SourceLayer

MOST_LAYERS = 20_000
"""The largest networks in the wild have about 2,000."""


@dataclass(frozen=True)
class CaffeLayer:
    """A layer of a prototxt: the blobs that it reads and writes, and all its fields."""

    source: SourceLayer
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    message: Message
    excluded: str = ""
    """Why the layer is not part of the network, such as "it is of the phase TRAIN"."""

    @property
    def kind(self) -> str:
        return self.source.kind

    @property
    def weights(self) -> tuple[str, ...]:
        """The names by which layers share their weights."""
        named = [value for value in self.message.values("param") if isinstance(value, str)]
        return tuple(named or [each.text("name") for each in self.message.messages("param")])


@dataclass(frozen=True)
class NetText:
    """A network as its file has it."""

    name: str
    fields: Message
    layers: tuple[CaffeLayer, ...]
    state: State


def parse_prototxt(text: str, file: str) -> tuple[Message, list[int]]:
    """Return the fields of a file, and the offset of each line; raises UnreadableModel with the line of a fault."""
    fields, _, at, fault = scan_fields(text)
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    if fault:
        line = bisect_right(lines, at)
        found = text[at : text.find("\n", at) if "\n" in text[at:] else None].strip()[:40]
        quoted = f": `{found}`" if found else ""
        raise UnreadableModel(f"{file}, line {line}: {fault}{quoted}")
    return fields, lines


def read_net(fields: Message, lines: list[int], file: str) -> NetText:
    """Return the layers of a network; raises UnreadableModel if it has none, or too many."""
    found = [field for field in fields if field.key in ("layer", "layers") and isinstance(field.value, Message)]
    if not found:
        raise UnreadableModel(f"{file} has no layers: a network has a message `layer {{ … }}` for each")
    if len(found) > MOST_LAYERS:
        raise UnreadableModel(f"{file} has {len(found):,} layers; networks of up to {MOST_LAYERS:,} are read")
    messages = [(_update(field.value), bisect_right(lines, field.at)) for field in found]
    state = find_state(fields, [message for message, _ in messages])
    layers = tuple(_read_layers(messages, state))
    return NetText(fields.text("name"), fields, layers, state)


def _read_layers(messages: list[tuple[Message, int]], state: State) -> Iterator[CaffeLayer]:
    for message, line in messages:
        kind = message.text("type")
        source = SourceLayer(message.text("name"), NUMBERED.get(kind, kind) or "layer without a type", line)
        bottoms, tops = (tuple(map(str, message.values(side))) for side in ("bottom", "top"))
        yield CaffeLayer(source, bottoms, tops, message, explain_exclusion(message, state))


def _update(layer: Message) -> Message:
    """Return a layer of Caffe's oldest files, `layers { layer { … } bottom: … }`, as those after them have it."""
    inner = layer.messages("layer")
    if not inner:
        return layer
    return Message((*inner[0], *(field for field in layer if field.key != "layer")))
