"""The parts of a class as they are written: made in the constructor, called in the forward pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, reduce
from keyword import iskeyword

from specnet.backends.torch_source.calls import Call
from specnet.backends.torch_source.designs import Design, Instance
from specnet.backends.torch_source.layout import Group, Text, call, flat
from specnet.backends.torch_source.naming import safe
from specnet.backends.torch_source.outline import Item, Leaf, Series, Unit
from specnet.backends.torch_source.parameters import ACTIVATION, GROWTH, REPEATS, Slot
from specnet.backends.torch_source.runs import Run, runs
from specnet.backends.torch_source.signatures import IN_TRAINING
from specnet.graph import Network
from specnet.layers.base import Shape, show

OPERATORS = {"torch.add": " + ", "torch.mul": " * "}


def is_plain(name: str) -> bool:
    """Whether an attribute can be written behind a dot, within a class, as it is."""
    return name.isidentifier() and not iskeyword(name) and not name.startswith("__")


def attribute(name: str) -> str:
    """The module of a dotted name: `self.conv1`, or where that cannot be written, `self.get_submodule("0.conv1")`."""
    return f"self.{name}" if all(map(is_plain, name.split("."))) else f'self.get_submodule("{name}")'


class Parts:
    """Writes the parts of one class."""

    def __init__(self, network: Network, design: Design, instances: Mapping[str, Instance]) -> None:
        self.network, self.design, self.instances = network, design, instances
        self.texts = design.parameters.texts

    # What is made

    def made(self, item: Item) -> Text | None:
        """The module of a part; None for one that has none of its own."""
        if not item.is_owner:
            return None
        match item.content:
            case Leaf(calls=calls):
                modules = ((position, each) for position, each in enumerate(calls) if each.is_module)
                return next((call(c.function, self._arguments(item, place, c)) for place, c in modules), None)
            case Unit(path=path):
                return self._instance(item, 0, self.instances[path].design)
            case Series(steps=steps):
                parts = tuple(self._run(item, place, run) for place, run in enumerate(runs(self.instances, steps)))
                return call("nn.ModuleList", [_listed(parts)]) if item.ins[1:] else call("nn.Sequential", parts)

    def _arguments(self, item: Item, place: int, made: Call) -> Iterator[Text]:
        """The required arguments by position, the others by name where they say something."""
        for position, name in enumerate(made.arguments):
            slot = Slot(item.name, place, name)
            if slot in self.texts:
                text = self.texts[slot] if made.is_module else self.stored(slot)
                yield text if position < made.required else _named(name, text)

    def _instance(self, item: Item, place: int, design: Design) -> Group:
        """A call of a class, as one of the part's calls."""
        given = ((name, self._grown(item, place, name)) for name in design.parameters.values)
        defaults = design.parameters.defaults
        return call(design.name, [_named(n, text) if n in defaults else text for n, text in given if text is not None])

    def _grown(self, item: Item, place: int, name: str) -> Text | None:
        """An argument, and by what it grows from call to call."""
        first, growth = (self.texts.get(Slot(item.name, place, argument)) for argument in (name, name + GROWTH))
        if growth is None:
            return first
        step = flat(growth)
        sign, step = ("-", step[1:]) if step.startswith("-") else ("+", step)
        return f"{flat(first or '0')} {sign} {'i' if step == '1' else f'{step} * i'}"

    def _run(self, item: Item, place: int, run: Run) -> Text:
        made = self._instance(item, place, run.design)
        times = self.texts.get(Slot(item.name, place, REPEATS))
        if times is None:
            return made
        grows = any(self.texts.get(Slot(item.name, place, name + GROWTH)) for name in run.design.parameters.values)
        return Group("*[", (made, f"for {'i' if grows else '_'} in range({flat(times)})"), "]", "")

    # What is called

    def applied(self, item: Item, values: Sequence[Text]) -> Text:
        """What a part makes of values."""
        if not isinstance(item.content, Leaf):
            return call(attribute(item.owner), values)
        for place, each in enumerate(item.content.calls):
            values = [self._called(item, place, each, values)]
        return values[0]

    def _called(self, item: Item, place: int, each: Call, values: Sequence[Text]) -> Text:
        def apply(*given: Text) -> Text:
            if each.is_module:
                return call(attribute(item.owner), given)
            training = ["self.training" if each.required else "training=self.training"] * (each.target in IN_TRAINING)
            arguments = list(self._arguments(item, place, each))
            function = flat(self.stored(Slot(item.name, place, ACTIVATION))) if each.is_activation else each.function
            return call(function, [*given, *arguments[: each.required], *training, *arguments[each.required :]])

        if each.joins == "list":
            return apply(Group("[", tuple(values), "]"))
        if each.joins == "fold" and each.target in OPERATORS:
            return OPERATORS[each.target].join(flat(value) for value in values)
        return reduce(apply, values) if each.joins == "fold" else apply(*values)

    # What is said beside

    def comment(self, item: Item) -> str:
        """The map that leaves a part which may change its shape, where that is the same at every call."""
        shapes = {self._shape(unit, item.name) for unit in self.design.units} - {None}
        shape = shapes.pop() if len(shapes) == 1 else None
        return show(shape) if shape and len(shape) == 3 and not self._keeps_shape(item, shape) else ""

    def _keeps_shape(self, item: Item, shape: Shape) -> bool:
        layer = item.content.node.layer if isinstance(item.content, Leaf) else None
        is_function = layer is not None and self.made(item) is None
        return bool(layer and layer.keeps_shape) or (is_function and self.network.shapes[item.ins[0]] == shape)

    def _shape(self, unit: Unit, name: str) -> Shape | None:
        return next((self.network.shapes[item.outs[0]] for item in unit.items if item.name == name and item.outs), None)

    # What the forward pass knows of the constructor's parameters

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """The attributes in which they are kept, by the parameter's name."""
        leaves = [(item.name, item.content.calls) for item in self.design.whole.items if isinstance(item.content, Leaf)]
        functions = {(name, place) for name, calls in leaves for place, c in enumerate(calls) if not c.is_module}
        read = [slot for slot in self.texts if slot in self.design.detours or (slot.part, slot.call) in functions]
        taken = [item.name for item in self.design.whole.items]
        return {name: safe(name, taken) for slot in read for name in self.design.parameters.names[slot]}

    def stored(self, slot: Slot) -> Text:
        """What is written in a slot, with the attributes in the place of the parameters."""
        text, names = self.texts[slot], self.design.parameters.names[slot]
        if not names:
            return text
        return re.sub(r"[^\W\d]\w*", lambda name: f"self.{self.attributes[name[0]]}", flat(text))

    # What some calls leave out

    @cached_property
    def detoured(self) -> Mapping[Slot, tuple[str, str]]:
        """The value that each detour makes, and the one that stands in for it."""
        values = {("", number): value for number, value in enumerate(self.design.whole.ins)}
        for item in self.design.whole.items:
            values |= {(item.name, number): value for number, value in enumerate(item.outs)}
        return {slot: (values[d.made], values[d.instead]) for slot, d in self.design.detours.items()}

    def detour(self, item: Item) -> Slot | None:
        """The detour to which a part belongs."""
        return next((slot for slot, detour in self.design.detours.items() if item.name in detour.parts), None)


def _listed(parts: tuple[Text, ...]) -> Text:
    """The parts as a list, `[…]` rather than `[*[…]]`."""
    only = parts[0] if len(parts) == 1 else None
    return replace(only, head="[") if isinstance(only, Group) and only.head == "*[" else Group("[", parts, "]")


def _named(name: str, text: Text) -> Text:
    return f"{name}={text}" if isinstance(text, str) else Group(f"{name}={text.head}", text.parts, text.tail)
