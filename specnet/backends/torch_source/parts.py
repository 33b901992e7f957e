"""The parts of a class, and what is written in their slots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from specnet.backends.torch_source.calls import Call
from specnet.backends.torch_source.designs import Design, Instance
from specnet.backends.torch_source.layout import Group, Text, flat
from specnet.backends.torch_source.outline import Item, Leaf
from specnet.backends.torch_source.parameters import Slot
from specnet.graph import Network
from specnet.layers.base import Shape, format_shape
from specnet.naming import escape_attribute, free_name, is_attribute


def attribute(name: str) -> str:
    """The module of a dotted name: `self.conv1`, or where that cannot be written, `self.get_submodule("0.conv1")`."""
    return f"self.{name}" if all(map(is_attribute, name.split("."))) else f'self.get_submodule("{name}")'


def named(name: str, text: Text) -> Text:
    """An argument by name."""
    return f"{name}={text}" if isinstance(text, str) else Group(f"{name}={text.head}", text.parts, text.tail)


class Parts:
    """What the constructor and the forward pass of one class are written from."""

    def __init__(self, network: Network, design: Design, instances: Mapping[str, Instance]) -> None:
        self.network, self.design, self.instances = network, design, instances
        self.items = design.whole.items
        self.texts = design.parameters.texts

    def arguments(self, item: Item, place: int, call: Call) -> Iterator[Text]:
        """The required arguments of a part's call by position, the others by name where they say something."""
        for name in call.arguments:
            slot = Slot(item.name, place, name)
            if slot in self.texts:
                text = self.texts[slot] if call.is_module else self.stored(slot)
                yield text if name in call.signature.positional else named(name, text)

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """The constructor's parameters that the forward pass reads, and the attributes in which they are kept."""
        leaves = [(item.name, item.content.calls) for item in self.items if isinstance(item.content, Leaf)]
        functions = {(name, place) for name, calls in leaves for place, c in enumerate(calls) if not c.is_module}
        read = [slot for slot in self.texts if slot in self.design.detours or (slot.part, slot.call) in functions]
        taken = {item.name for item in self.items}
        return {
            name: free_name(escape_attribute(name), taken)
            for slot in read
            for name in self.design.parameters.names[slot]
        }

    def stored(self, slot: Slot) -> Text:
        """What is written in a slot, with attributes in the place of the constructor's parameters."""
        text, names = self.texts[slot], self.design.parameters.names[slot]
        if not names:
            return text
        return re.sub(r"[^\W\d]\w*", lambda name: f"self.{self.attributes[name[0]]}", flat(text))

    @cached_property
    def detoured(self) -> Mapping[Slot, tuple[str, str]]:
        """The value that each detour makes, and the one that stands in for it."""
        values = {("", number): value for number, value in enumerate(self.design.whole.ins)}
        for item in self.items:
            values |= {(item.name, number): value for number, value in enumerate(item.outs)}
        return {slot: (values[d.made], values[d.instead]) for slot, d in self.design.detours.items()}

    def detour(self, item: Item) -> Slot | None:
        """The detour to which a part belongs."""
        return next((slot for slot, detour in self.design.detours.items() if item.name in detour.parts), None)

    def comment(self, item: Item) -> str:
        """The map that leaves a part which may change its shape, where that is the same at every call."""
        shapes = self._shapes.get(item.name, set())
        shape = next(iter(shapes)) if len(shapes) == 1 else None
        return format_shape(shape) if shape and len(shape) == 3 and not self._preserves_shape(item, shape) else ""

    def _preserves_shape(self, item: Item, shape: Shape) -> bool:
        if not isinstance(item.content, Leaf):
            return False
        layer, is_function = item.content.node.layer, not any(call.is_module for call in item.content.calls)
        return bool(layer and layer.preserves_shape) or (is_function and self.network.shapes[item.ins[0]] == shape)

    @cached_property
    def _shapes(self) -> Mapping[str, set[Shape | None]]:
        """The shapes that leave each part, at all calls of the class."""
        found: dict[str, set[Shape | None]] = {}
        for unit in self.design.units:
            for item in unit.items:
                found.setdefault(item.name, set()).update(self.network.shapes[value] for value in item.outs[:1])
        return found
