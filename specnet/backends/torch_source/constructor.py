"""A class's constructor: one line a part."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from specnet.backends.torch_source.layout import Group, Text, flat, lines, literal
from specnet.backends.torch_source.making import made
from specnet.backends.torch_source.outline import Item, Leaf
from specnet.backends.torch_source.parts import Parts, attribute
from specnet.naming import is_attribute


def constructor(parts: Parts) -> list[str]:
    """`__init__` with its parameters; nothing where there is nothing to set."""
    modules = [(item, text) for item in parts.items if (text := made(parts, item)) is not None]
    parameters = parts.design.parameters
    if not modules and not parameters.values:
        return []
    defaults = {name: f"{name}={flat(literal(value))}" for name, value in parameters.defaults.items()}
    names = (defaults.get(name, name) for name in parameters.values)
    written = [*lines(Group("def __init__(", ("self", *names), "):"), 4), "        super().__init__()"]
    written += [f"        self.{attribute} = {name}" for name, attribute in parts.attributes.items()]
    containers = set[str]()
    for slot, group in groupby(modules, lambda module: parts.detour(module[0])):
        written += [f"        if {flat(parts.texts[slot])}:"] if slot else []
        for item, text in group:
            written += _placed(item, text, parts.comment(item), 12 if slot else 8, containers)
    return written


def _placed(item: Item, text: Text, comment: str, indent: int, containers: set[str]) -> Iterator[str]:
    """Sets an attribute; a dotted name's containers come before it."""
    path = item.name.split(".")
    for end in range(1, len(path)):
        container = ".".join(path[:end])
        if container not in containers:
            yield from _set(container, "nn.Module()", "", indent)
        containers.add(container)
    containers.add(item.name)
    yield from _set(item.name, text, comment, indent)
    calls = item.content.calls if isinstance(item.content, Leaf) else ()
    for parameter in (name for call in calls for name in call.frozen):
        yield f"{' ' * indent}{attribute(item.name)}.{parameter}.requires_grad_(False)"


def _set(name: str, text: Text, comment: str, indent: int) -> list[str]:
    holder, _, last = name.rpartition(".")
    place = attribute(holder) if holder else "self"
    if is_attribute(last):
        return lines(text, indent, f"{place}.{last} = ", comment=comment)
    return lines(text, indent, f'{place}.add_module("{last}", ', ")", comment)
