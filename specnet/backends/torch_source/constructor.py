"""A class's constructor: one line a part."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from specnet.backends.torch_source.designs import Design
from specnet.backends.torch_source.layout import Group, Text, flat, lines, literal
from specnet.backends.torch_source.outline import Item
from specnet.backends.torch_source.parts import Parts, attribute, is_plain


def constructor(design: Design, parts: Parts) -> list[str]:
    """`__init__` with its parameters; nothing where there is nothing to set."""
    made = [(item, text) for item in design.whole.items if (text := parts.made(item)) is not None]
    if not made and not design.parameters.values:
        return []
    defaults = {name: f"{name}={flat(literal(value))}" for name, value in design.parameters.defaults.items()}
    names = (defaults.get(name, name) for name in design.parameters.values)
    written = lines(Group("def __init__(", ("self", *names), "):"), 4)
    stored = [f"self.{kept} = {name}" for name, kept in parts.attributes.items()]
    written += [f"{' ' * 8}{line}" for line in ("super().__init__()", *stored)]
    containers = set[str]()
    for slot, group in groupby(made, lambda pair: parts.detour(pair[0])):
        written += [f"{' ' * 8}if {flat(parts.texts[slot])}:"] if slot else []
        for item, text in group:
            written += _placed(item, text, parts.comment(item), 12 if slot else 8, containers)
    return written


def _placed(item: Item, text: Text, comment: str, indent: int, containers: set[str]) -> Iterator[str]:
    """Sets an attribute; a dotted name's containers come before it."""
    path = item.name.split(".")
    for end in range(1, len(path)):
        container = ".".join(path[:end])
        if container not in containers:
            yield from _attribute(container, "nn.Module()", "", indent)
        containers.add(container)
    containers.add(item.name)
    yield from _attribute(item.name, text, comment, indent)


def _attribute(name: str, text: Text, comment: str, indent: int) -> list[str]:
    holder, _, last = name.rpartition(".")
    if is_plain(last):
        return lines(text, indent, f"{attribute(holder)}.{last} = " if holder else f"self.{last} = ", comment=comment)
    before = f'{attribute(holder) if holder else "self"}.add_module("{last}", '
    return lines(text, indent, before, ")", comment)
