"""What a constructor makes: modules of torch, calls of the other classes, series of them."""

from __future__ import annotations

from dataclasses import replace

from specnet.backends.torch_source.designs import Design
from specnet.backends.torch_source.layout import Group, Text, call, flat
from specnet.backends.torch_source.outline import Item, Leaf, Series, Unit
from specnet.backends.torch_source.parameters import GROWTH, REPEATS, Slot
from specnet.backends.torch_source.parts import Parts, named
from specnet.backends.torch_source.runs import Run, runs


def made(parts: Parts, item: Item) -> Text | None:
    """The module of a part; None for one that has none of its own."""
    if not item.is_owner:
        return None
    match item.content:
        case Leaf(calls=calls):
            modules = ((place, each) for place, each in enumerate(calls) if each.is_module)
            return next((call(each.function, parts.arguments(item, place, each)) for place, each in modules), None)
        case Unit(path=path):
            return _instance(parts, item, 0, parts.instances[path].design)
        case Series(steps=steps):
            found = enumerate(runs(parts.instances, steps))
            written = tuple(_run(parts, item, place, run) for place, run in found)
            return call("nn.ModuleList", [_listed(written)]) if item.ins[1:] else call("nn.Sequential", written)


def _instance(parts: Parts, item: Item, place: int, design: Design) -> Group:
    """A call of a class, as one of the part's calls."""
    given = [(name, _grown(parts, item, place, name)) for name in design.parameters.values]
    defaults = design.parameters.defaults
    return call(
        design.name, [named(name, text) if name in defaults else text for name, text in given if text is not None]
    )


def _grown(parts: Parts, item: Item, place: int, name: str) -> Text | None:
    """An argument, and by what it grows from call to call."""
    first, growth = (parts.texts.get(Slot(item.name, place, argument)) for argument in (name, name + GROWTH))
    if growth is None:
        return first
    step = flat(growth)
    sign, step = ("-", step[1:]) if step.startswith("-") else ("+", step)
    return f"{flat(first or '0')} {sign} {'i' if step == '1' else f'{step} * i'}"


def _run(parts: Parts, item: Item, place: int, run: Run) -> Text:
    """One call, or several in a comprehension."""
    instance = _instance(parts, item, place, run.design)
    times = parts.texts.get(Slot(item.name, place, REPEATS))
    if times is None:
        return instance
    grows = any(Slot(item.name, place, name + GROWTH) in parts.texts for name in run.design.parameters.values)
    return Group("*[", (instance, f"for {'i' if grows else '_'} in range({flat(times)})"), "]", "")


def _listed(parts: tuple[Text, ...]) -> Text:
    """The parts as a list, `[…]` rather than `[*[…]]`."""
    only = parts[0] if len(parts) == 1 else None
    return replace(only, head="[") if isinstance(only, Group) and only.head == "*[" else Group("[", parts, "]")
