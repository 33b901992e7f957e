"""Compare modules: their structure, values, repetitions, and the branches that only some of them take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from specnet.backends.source.calls import SourceCall
from specnet.backends.source.module_tree import Child, Leaf, Module, Stack
from specnet.backends.source.parameters import ACTIVATION, INCREMENT, REPEATS, ConstructorParameters, Slot
from specnet.backends.source.pretty_printer import Verbatim

Reference = tuple[str, int]
"""A value within a module: the child that computes it, "" for an input, and the number among its outputs."""


@dataclass(frozen=True)
class OptionalBranch:
    """Consecutive children that some instances skip; the value `bypass` then stands in for their `output`."""

    children: tuple[str, ...]
    output: Reference
    bypass: Reference


@dataclass(frozen=True, eq=False)
class ClassDefinition:
    """A class: its name, the modules that are instances of it, its optional branches, its constructor's parameters.

    The first module takes all branches; the slot of a branch holds the flag for taking it.
    """

    name: str
    modules: tuple[Module, ...]
    branches: Mapping[Slot, OptionalBranch]
    parameters: ConstructorParameters

    @property
    def full(self) -> Module:
        """A module that takes all branches."""
        return self.modules[0]


@dataclass(frozen=True, eq=False)
class Instance:
    """An instantiation of a class: the values of its parameters."""

    definition: ClassDefinition
    arguments: Mapping[str, Any]


Instances = Mapping[str, Instance]
"""The instance that each module is, by its path."""


# Stacks


@dataclass(frozen=True, eq=False)
class Repetition:
    """Consecutive instances of one class, with the increments by which integer arguments grow."""

    definition: ClassDefinition
    first: Mapping[str, Any]
    increments: Mapping[str, int]
    count: int


def find_repetitions(instances: Instances, modules: Sequence[Module]) -> list[Repetition]:
    """Return the instances of a stack, merging equal ones and those whose arguments grow evenly."""
    equal = list[Repetition]()
    for instance in (instances[module.path] for module in modules):
        last = equal[-1] if equal else None
        if last and last.definition is instance.definition and last.first == instance.arguments:
            equal[-1] = Repetition(last.definition, last.first, {}, last.count + 1)
        else:
            equal.append(Repetition(instance.definition, instance.arguments, {}, 1))
    return _merge_growing(equal)


def _merge_growing(equal: list[Repetition]) -> list[Repetition]:
    """Merge three or more single instances whose arguments grow by the same increments."""
    merged = list[Repetition]()
    position = 0
    while position < len(equal):
        first = equal[position]
        length, increments = _find_growing_prefix(equal[position:])
        merged.append(Repetition(first.definition, first.first, increments, length) if length > 2 else first)
        position += length if length > 2 else 1
    return merged


def _find_growing_prefix(equal: list[Repetition]) -> tuple[int, dict[str, int]]:
    """Return the number of single instances at the head that differ by the same increments, and these."""
    if len(equal) < 2 or (increments := _find_increments(*equal[:2])) is None:
        return 1, {}
    length = 2
    while length < len(equal) and _find_increments(*equal[length - 1 : length + 1]) == increments:
        length += 1
    return length, increments


def _find_increments(one: Repetition, other: Repetition) -> dict[str, int] | None:
    """Return the differences between two single instances; None if other things than integers differ."""
    if one.definition is not other.definition or one.count > 1 or other.count > 1:
        return None
    differing = {name: (value, other.first[name]) for name, value in one.first.items() if value != other.first[name]}
    if not all(type(value) is int and type(after) is int for value, after in differing.values()):
        return None
    return {name: after - value for name, (value, after) in differing.items()}


# Values


@dataclass(frozen=True)
class ArgumentValue:
    """The value of an argument, and whether it can be left out."""

    value: Any
    is_default: bool = False


def collect_values(module: Module, instances: Instances) -> dict[Slot, ArgumentValue]:
    """Return the values in which modules of the same structure can differ, by slot."""
    return {slot: value for child in module.children for slot, value in _collect_child_values(child, instances)}


def _collect_child_values(child: Child, instances: Instances) -> Iterator[tuple[Slot, ArgumentValue]]:
    match child.content:
        case Leaf(calls=calls):
            for position, call in enumerate(calls):
                if child.is_owner or not call.is_module:
                    yield from ((Slot(child.name, position, name), value) for name, value in _collect_call_values(call))
        case Module(path=path) if child.is_owner:
            instance = instances[path]
            single = Repetition(instance.definition, instance.arguments, {}, 1)
            yield from ((Slot(child.name, 0, name), value) for name, value in _collect_repetition_values(single))
        case Stack(modules=modules) if child.is_owner:
            for position, repetition in enumerate(find_repetitions(instances, modules)):
                values = _collect_repetition_values(repetition)
                yield from ((Slot(child.name, position, name), value) for name, value in values)


def _collect_call_values(call: SourceCall) -> Iterator[tuple[str, ArgumentValue]]:
    if call.is_activation:
        yield ACTIVATION, ArgumentValue(Verbatim(call.name))
    for name, value in call.arguments.items():
        yield name, ArgumentValue(value, call.signature.is_default(name, call.arguments))


def _collect_repetition_values(repetition: Repetition) -> Iterator[tuple[str, ArgumentValue]]:
    defaults = repetition.definition.parameters.defaults
    for name, value in repetition.first.items():
        increment = repetition.increments.get(name, 0)
        yield name, ArgumentValue(value, not increment and name in defaults and bool(value == defaults[name]))
        yield name + INCREMENT, ArgumentValue(increment, increment == 0)
    yield REPEATS, ArgumentValue(repetition.count, repetition.count == 1)


# Structure


@dataclass(frozen=True)
class ChildStructure:
    """A child without its values: `content` tells the targets of its calls, or the classes it instantiates."""

    name: str
    owner: str
    content: object
    reads: tuple[Reference, ...]

    @property
    def unconnected(self) -> tuple[str, str, object]:
        """The child without the values it reads."""
        return self.name, self.owner, self.content


@dataclass(frozen=True)
class Structure:
    """A module without its values, equal for all instances of a class that take the same branches."""

    children: tuple[ChildStructure, ...]
    outputs: tuple[Reference, ...]


def find_structure(module: Module, instances: Instances) -> Structure:
    """Return the structure of a module whose submodules are `instances`."""
    references: dict[str, Reference] = {value: ("", number) for number, value in enumerate(module.inputs)}
    children = list[ChildStructure]()
    for child in module.children:
        reads = tuple(references[value] for value in child.inputs)
        children.append(ChildStructure(child.name, child.owner, _find_content_structure(child, instances), reads))
        references |= {value: (child.name, number) for number, value in enumerate(child.outputs)}
    return Structure(tuple(children), tuple(references[value] for value in module.outputs))


def _find_content_structure(child: Child, instances: Instances) -> object:
    match child.content:
        case Leaf(calls=calls):
            return tuple(call.structure for call in calls)
        case Module(path=path):
            return instances[path].definition.name if child.is_owner else ""
        case Stack(modules=modules, carried=carried):
            found = find_repetitions(instances, modules) if child.is_owner else []
            return carried, tuple(repetition.definition.name for repetition in found)


# Branches


def find_optional_branches(full: Structure, other: Structure) -> tuple[OptionalBranch, ...] | None:
    """Return the branches of `full` that `other` skips; None if they differ in anything else."""
    names = {child.name for child in other.children}
    common = [child for child in full.children if child.name in names]
    if [child.unconnected for child in common] != [child.unconnected for child in other.children]:
        return None
    groups = [list(group) for kept, group in groupby(full.children, lambda child: child.name in names) if not kept]
    skipped = [tuple(child.name for child in group) for group in groups]
    outputs = [_find_only_output(full, children) for children in skipped]
    bypasses = _find_bypasses(_list_reads(common, full.outputs), _list_reads(other.children, other.outputs), outputs)
    if bypasses is None or None in outputs:
        return None
    pairs = zip(skipped, outputs, strict=True)
    found = tuple(OptionalBranch(children, value, bypasses[value]) for children, value in pairs if value in bypasses)
    return found if len(found) == len(skipped) and all(_bypass_precedes(full, branch) for branch in found) else None


def _list_reads(children: Sequence[ChildStructure], outputs: tuple[Reference, ...]) -> list[tuple[Reference, ...]]:
    return [*(child.reads for child in children), outputs]


def _find_only_output(full: Structure, children: tuple[str, ...]) -> Reference | None:
    """Return the value of these children that is read elsewhere; None unless there is exactly one."""
    elsewhere = [child for child in full.children if child.name not in children]
    values = {value for reads in _list_reads(elsewhere, full.outputs) for value in reads if value[0] in children}
    return values.pop() if len(values) == 1 else None


def _find_bypasses(
    full: list[tuple[Reference, ...]], other: list[tuple[Reference, ...]], outputs: Sequence[Reference | None]
) -> dict[Reference, Reference] | None:
    """Return the value that is read in place of each branch's output; None if anything else differs."""
    if [len(reads) for reads in full] != [len(reads) for reads in other]:
        return None
    found: dict[Reference, Reference] = {}
    pairs = (pair for reads, others in zip(full, other, strict=True) for pair in zip(reads, others, strict=True))
    for value, bypass in pairs:
        if value in outputs and found.setdefault(value, bypass) == bypass:
            continue
        if value in outputs or value != bypass:
            return None
    return found


def _bypass_precedes(full: Structure, branch: OptionalBranch) -> bool:
    names = [child.name for child in full.children]
    source = branch.bypass[0]
    return not source or names.index(source) < names.index(branch.children[0])
