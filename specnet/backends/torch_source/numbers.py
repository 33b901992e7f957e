"""The numbers in a unit: at which part, which call and which argument each stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from specnet.backends.torch_source.calls import Call
from specnet.backends.torch_source.designs import Instance
from specnet.backends.torch_source.layout import Name
from specnet.backends.torch_source.outline import Item, Leaf, Series, Unit
from specnet.backends.torch_source.parameters import ACTIVATION, GROWTH, REPEATS, Slot
from specnet.backends.torch_source.runs import Run, runs


class _Nothing:
    """No default."""


NOTHING = _Nothing()


@dataclass(frozen=True)
class Number:
    """What an argument is, and what it would be if it were not given."""

    value: Any
    default: Any = NOTHING

    @property
    def is_default(self) -> bool:
        return self.default is not NOTHING and bool(self.value == self.default)


def numbers(unit: Unit, instances: Mapping[str, Instance]) -> dict[Slot, Number]:
    """Everything that could differ between two units of one structure."""
    return {slot: number for item in unit.items for slot, number in _of_item(item, instances)}


def _of_item(item: Item, instances: Mapping[str, Instance]) -> Iterator[tuple[Slot, Number]]:
    match item.content:
        case Leaf(calls=calls):
            for position, call in enumerate(calls):
                if item.is_owner or not call.is_module:
                    yield from ((Slot(item.name, position, name), number) for name, number in _of_call(call))
        case Unit(path=path) if item.is_owner:
            instance = instances[path]
            run = Run(instance.design, instance.arguments, {}, 1)
            yield from ((Slot(item.name, 0, name), number) for name, number in _of_run(run))
        case Series(steps=steps) if item.is_owner:
            for position, run in enumerate(runs(instances, steps)):
                yield from ((Slot(item.name, position, name), number) for name, number in _of_run(run))


def _of_call(call: Call) -> Iterator[tuple[str, Number]]:
    if call.is_activation:
        yield ACTIVATION, Number(Name(call.function))
    for name, value in call.arguments.items():
        yield name, Number(value, value if call.signature.drops(name, call.arguments) else NOTHING)


def _of_run(run: Run) -> Iterator[tuple[str, Number]]:
    defaults = run.design.parameters.defaults
    for name, value in run.first.items():
        growth = run.steps.get(name, 0)
        yield name, Number(value, NOTHING if growth else defaults.get(name, NOTHING))
        yield name + GROWTH, Number(growth, 0)
    yield REPEATS, Number(run.count, 1)
