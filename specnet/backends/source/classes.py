"""Module tree → classes: modules of the same structure become instances of one class."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from math import prod
from typing import Any

from specnet.backends.source.formulas import ABSENT, Vector
from specnet.backends.source.instances import (
    ClassDefinition,
    Instance,
    OptionalBranch,
    Structure,
    collect_values,
    find_optional_branches,
    find_structure,
)
from specnet.backends.source.module_tree import Leaf, Module, Stack
from specnet.backends.source.parameters import (
    ARRIVING_CHANNELS,
    USED_NAMES,
    ClassFormulas,
    InexpressibleValue,
    Slot,
    infer_parameters,
    to_python_name,
)
from specnet.elaborate.formulas import Formulas
from specnet.graph import Network, Node
from specnet.naming import make_numbered_name, make_unused_name

GLOBAL_NAMES = {*USED_NAMES, *dir(builtins), "model", "output", "outputs"}
"""Names that no class can have, since the generated file uses them."""


@dataclass(frozen=True)
class Variant:
    """Modules of one structure, and the branches that they skip."""

    modules: tuple[Module, ...]
    skipped: frozenset[OptionalBranch] = frozenset()


class Classes:
    """The class definitions of a network, each before those that use it, and the instance that each module is."""

    def __init__(self, network: Network, root: Module, root_name: str, taken: set[str], formulas: Formulas) -> None:
        self.formulas = formulas
        self.network, self.taken = network, taken | GLOBAL_NAMES | {root_name}
        self.definitions = list[ClassDefinition]()
        self.instances: dict[str, Instance] = {}
        for modules in _group_modules(network, root):
            self._define(modules)
        self.root = self._make_definition(root_name, [Variant((root,))])

    def _define(self, modules: list[Module]) -> None:
        """Define a class for each structure, or one for structures that differ in optional branches alone."""
        groups: dict[Structure, list[Module]] = {}
        for module in modules:
            groups.setdefault(find_structure(module, self.instances), []).append(module)
        rest = sorted(groups, key=lambda structure: -len(structure.children))
        while rest:
            full, *others = rest
            variants = [Variant(tuple(groups[full]))]
            name = make_numbered_name(_make_module_class_name(groups[full][0]), self.taken)
            definition, rest = self._make_definition(name, variants), []
            for other in others:
                found = find_optional_branches(full, other) if modules[0].path in self.network.scopes else None
                wider = [*variants, Variant(tuple(groups[other]), frozenset(found))] if found else []
                merged = self._merge(name, wider)
                variants, definition = (wider, merged) if merged else (variants, definition)
                rest += [] if merged else [other]
            self._register(definition)

    def _merge(self, name: str, variants: Sequence[Variant]) -> ClassDefinition | None:
        """Return one class for all variants; None if their branches overlap or it would need too many parameters."""
        branches = {branch for variant in variants for branch in variant.skipped}
        children = [child for branch in branches for child in branch.children]
        try:
            merged = self._make_definition(name, variants) if variants and len(children) == len(set(children)) else None
        except InexpressibleValue:
            return None
        return merged if merged and self._is_natural(merged, self._make_definition(name, variants[:1])) else None

    def _is_natural(self, merged: ClassDefinition, full: ClassDefinition) -> bool:
        """Return whether the class has at most one parameter per branch besides the block's and the full class's."""
        flags = {name for slot in merged.branches for name in merged.parameters.reads[slot]}
        expected = {*self._collect_known(merged.modules), *full.parameters.values, *flags}
        return len(merged.parameters.values.keys() - expected) <= len(merged.branches)

    def _register(self, definition: ClassDefinition) -> None:
        self.taken.add(definition.name)
        self.definitions.append(definition)
        for number, module in enumerate(definition.modules):
            values = {name: vector[number] for name, vector in definition.parameters.values.items()}
            self.instances[module.path] = Instance(definition, values)

    def _make_definition(self, name: str, variants: Sequence[Variant]) -> ClassDefinition:
        """Return the class of all these modules; the first variant skips nothing. Raises InexpressibleValue."""
        modules = tuple(module for variant in variants for module in variant.modules)
        skipped = [variant.skipped for variant in variants for _ in variant.modules]
        order = [child.name for child in modules[0].children]
        found = sorted(frozenset().union(*skipped), key=lambda branch: order.index(branch.children[0]))
        branches = {
            Slot("", number, _make_flag_name(branch, modules[0])): branch for number, branch in enumerate(found)
        }
        slots = self._collect_vectors(modules)
        slots |= {slot: tuple(branch not in each for each in skipped) for slot, branch in branches.items()}
        parameters = infer_parameters(slots, self._collect_known(modules), self._collect_formulas(modules[0]))
        return ClassDefinition(name, modules, branches, parameters)

    def _collect_formulas(self, module: Module) -> ClassFormulas:
        """Return what the spec says of the arguments of the layers directly in a module."""
        leaves = {child.name: child.content for child in module.children if isinstance(child.content, Leaf)}
        written = {
            Slot(name, position, argument): formula
            for name, leaf in leaves.items()
            for position in range(len(leaf.calls))
            for argument, formula in self.formulas.get(leaf.node.name, {}).items()
        }
        channels = self._trace_channels(module, {leaf.node.name: name for name, leaf in leaves.items()})
        arriving = {name: channels.get(leaf.node.inputs[0]) for name, leaf in leaves.items()}
        return ClassFormulas(written, {name: slot for name, slot in arriving.items() if slot})

    def _trace_channels(self, module: Module, names: Mapping[str, str]) -> Mapping[str, Slot]:
        """Return the slots that set the numbers of channels of a module's values; `names` are the children of nodes."""
        found = dict.fromkeys(module.inputs[:1], ARRIVING_CHANNELS)
        for node in self.network.nodes:
            is_inside = not module.path or node.name.startswith(f"{module.path}.")
            slot = self._find_channels(node, found, names) if is_inside else None
            found |= {node.name: slot} if slot else {}
        return found

    def _find_channels(self, node: Node, found: Mapping[str, Slot], names: Mapping[str, str]) -> Slot | None:
        """Return the slot that sets the channels of a node: its own, or that of an input of as many channels.

        Of the inputs of a sum, the one that reaches the class comes first.
        """
        if node.layer and node.layer.output_field:
            return Slot(names[node.name], 0, node.layer.output_field) if node.name in names else None
        shapes = self.network.shapes
        same = [v for v in node.inputs if (shapes[v] or ())[-1:] == (shapes[node.name] or ())[-1:]]
        slots = [found[value] for value in same if value in found]
        return ARRIVING_CHANNELS if ARRIVING_CHANNELS in slots else next(iter(slots), None)

    def _collect_vectors(self, modules: Sequence[Module]) -> dict[Slot, Vector]:
        """Return the values of each slot in all modules, for slots that are not everywhere at their defaults."""
        of_each = [collect_values(module, self.instances) for module in modules]
        found: dict[Slot, Vector] = {}
        for slot in of_each[0]:
            values = [of_module.get(slot) for of_module in of_each]
            if any(value and not value.is_default for value in values):
                found[slot] = tuple(value.value if value else ABSENT for value in values)
        return found

    def _collect_known(self, modules: Sequence[Module]) -> dict[str, Vector]:
        """Return the values that have a name in all modules: the block's parameters and the size of the input."""
        if not modules[0].path:
            return {}
        named = [_collect_named_values(self.network, module) for module in modules]
        return {name: tuple(values[name] for values in named) for name in named[0] if all(name in n for n in named)}


def _collect_named_values(network: Network, module: Module) -> Mapping[str, Any]:
    scope = network.scopes.get(module.path)
    arguments = {to_python_name(name): value for name, value in scope.values} if scope else {}
    plain = {name: value for name, value in arguments.items() if isinstance(value, int | float | str | tuple)}
    shape = network.shapes[module.inputs[0]] or ()
    channels = {"in_channels": shape[-1]} if len(shape) > 1 else {}
    elements = {"in_features": prod(shape)} if len(shape) != 2 else {}
    return plain | {name: size for name, size in (channels | elements).items() if name not in plain}


# Groups

GroupKey = tuple[str, int]
"""The word of a module and, for modules that are no blocks, their height in the tree."""


def _group_modules(network: Network, root: Module) -> list[list[Module]]:
    """Return all modules but the root, grouped by word, each group before those that contain its modules."""
    heights = _measure_heights(root)
    modules = {module.path: module for module in _walk_descendants(root)}
    keys = {path: (module.word, 0 if path in network.scopes else heights[path]) for path, module in modules.items()}
    try:
        return _sort_groups(modules, keys)
    except CycleError:
        return _sort_groups(modules, {path: (module.word, heights[path]) for path, module in modules.items()})


def _sort_groups(modules: dict[str, Module], keys: dict[str, GroupKey]) -> list[list[Module]]:
    groups: dict[GroupKey, list[Module]] = {}
    needs: dict[GroupKey, list[GroupKey]] = {}
    for path, module in modules.items():
        groups.setdefault(keys[path], []).append(module)
        needs.setdefault(keys[path], []).extend(keys[inner.path] for inner in _list_submodules(module))
    return [groups[key] for key in TopologicalSorter(needs).static_order()]


def _measure_heights(root: Module) -> dict[str, int]:
    """Return the height of the tree below each module."""
    heights: dict[str, int] = {}
    for module in reversed(list(_walk_descendants(root))):
        heights[module.path] = max((heights[inner.path] + 1 for inner in _list_submodules(module)), default=0)
    return heights


def _walk_descendants(module: Module) -> Iterator[Module]:
    """Yield the modules inside a module, outer ones first."""
    for inner in _list_submodules(module):
        yield inner
        yield from _walk_descendants(inner)


def _list_submodules(module: Module) -> Iterator[Module]:
    """Yield the modules directly below, except those that use another's weights."""
    for child in module.children:
        if child.is_owner and isinstance(child.content, Module):
            yield child.content
        if child.is_owner and isinstance(child.content, Stack):
            yield from child.content.modules


# Names


def make_class_name(name: str, taken: Iterable[str]) -> str:
    """Return a network's name as that of a class, without the characters that an identifier cannot have."""
    cleaned = re.sub(r"\W", "", name) or "Network"
    return make_unused_name(cleaned if cleaned.isidentifier() else f"Net{cleaned}", {*GLOBAL_NAMES, *taken})


def _make_module_class_name(module: Module) -> str:
    """Return the block's name in camel case; a repetition is named after its layers or, if it is long, its label."""
    if module.word != "repeat":
        return _to_camel_case(module.word)
    kinds = [child.content.node.kind for child in module.children if isinstance(child.content, Leaf)]
    if len(kinds) == len(module.children) <= 4:
        return "".join(_to_camel_case(kind) for kind in kinds)
    label = next((part for part in reversed(module.path.split(".")) if not part.isdigit()), "stage")
    return "Stage" if re.fullmatch(r"(repeat|for)\d+", label) else _to_camel_case(label)


def _to_camel_case(word: str) -> str:
    """Return `SqueezeExcite` for `squeeze_excite`."""
    name = "".join(part[:1].upper() + part[1:] for part in word.split("_"))
    return name if name.isidentifier() else f"Block{name}"


def _make_flag_name(branch: OptionalBranch, full: Module) -> str:
    """Return the parameter for taking a branch: `residual` if it ends in a join, `projection` if it leads into one."""
    children = {child.name: child for child in full.children}
    leaves = {name: child.content.node for name, child in children.items() if isinstance(child.content, Leaf)}
    joins = {name for name, node in leaves.items() if len(node.operands) > 1}
    name, number = branch.output
    if name in joins:
        return "residual"
    value = children[name].outputs[number]
    is_joined = any(value in children[join].inputs for join in joins)
    scopes = {name.rpartition(".")[0] for name in branch.children}
    named = scopes.pop() if len(scopes) == 1 and "" not in scopes else branch.children[0]
    return "projection" if is_joined else f"with_{named.replace('.', '_').rstrip('0123456789')}"
