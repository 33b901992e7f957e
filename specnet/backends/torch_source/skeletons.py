"""A unit without its numbers: what all calls of one class have in common."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.backends.torch_source.designs import Instance
from specnet.backends.torch_source.detours import Line, Reference, Skeleton
from specnet.backends.torch_source.outline import Item, Leaf, Series, Unit
from specnet.backends.torch_source.runs import runs


def skeleton(unit: Unit, instances: Mapping[str, Instance]) -> Skeleton:
    references: dict[str, Reference] = {value: ("", number) for number, value in enumerate(unit.ins)}
    lines = list[Line]()
    for item in unit.items:
        reads = tuple(references[value] for value in item.ins)
        lines.append(Line(item.name, item.owner, _form(item, instances), reads))
        references |= {value: (item.name, number) for number, value in enumerate(item.outs)}
    return Skeleton(tuple(lines), tuple(references[value] for value in unit.outs))


def _form(item: Item, instances: Mapping[str, Instance]) -> object:
    match item.content:
        case Leaf(calls=calls):
            return tuple(call.form for call in calls)
        case Unit(path=path):
            return instances[path].design.name if item.is_owner else ""
        case Series(steps=steps):
            return tuple(run.design.name for run in runs(instances, steps)) if item.is_owner else ()
