"""Units → classes: units of one structure are calls of one class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from specnet.backends.torch_source.designs import Design, Instance
from specnet.backends.torch_source.detours import Detour, Skeleton, detours
from specnet.backends.torch_source.expressions import ABSENT, Vector
from specnet.backends.torch_source.grouping import alike
from specnet.backends.torch_source.naming import class_of_unit
from specnet.backends.torch_source.numbers import numbers
from specnet.backends.torch_source.outline import Leaf, Unit
from specnet.backends.torch_source.parameters import NotExpressible, Slot, parameters, spelled
from specnet.backends.torch_source.skeletons import skeleton
from specnet.graph import Network
from specnet.layers.base import Family
from specnet.naming import numbered_name


@dataclass(frozen=True)
class Variant:
    """Units of one structure, and what they leave out of the whole."""

    units: tuple[Unit, ...]
    left_out: frozenset[Detour] = frozenset()


class Classes:
    """The classes of a network, those that others use first, and which call of which class each unit is."""

    def __init__(self, network: Network, root: Unit, root_name: str, taken: set[str]) -> None:
        self.network, self.taken = network, taken | {root_name}
        self.designs = list[Design]()
        self.instances: dict[str, Instance] = {}
        for units in alike(network, root):
            self._add(units)
        self.root = self._design(root_name, [Variant((root,))])

    def _add(self, units: list[Unit]) -> None:
        """Classes for units of one word: one for each structure, or for those that are one but for detours."""
        groups: dict[Skeleton, list[Unit]] = {}
        for unit in units:
            groups.setdefault(skeleton(unit, self.instances), []).append(unit)
        left = sorted(groups, key=lambda structure: -len(structure.lines))
        while left:
            whole, *others = left
            variants = [Variant(tuple(groups[whole]))]
            name = numbered_name(class_of_unit(groups[whole][0]), self.taken)
            design, left = self._design(name, variants), []
            for other in others:
                found = detours(whole, other) if units[0].path in self.network.scopes else None
                wider = [*variants, Variant(tuple(groups[other]), frozenset(found))] if found else []
                merged = self._merged(name, wider)
                variants, design = (wider, merged) if merged else (variants, design)
                left += [] if merged else [other]
            self._take(design)

    def _merged(self, name: str, variants: Sequence[Variant]) -> Design | None:
        """The one class of all the variants; None where their detours overlap or their numbers have no name."""
        found = {detour for variant in variants for detour in variant.left_out}
        parts = [part for detour in found for part in detour.parts]
        try:
            design = self._design(name, variants) if variants and len(parts) == len(set(parts)) else None
        except NotExpressible:
            return None
        return design if design and self._is_natural(design, self._design(name, variants[:1])) else None

    def _is_natural(self, design: Design, whole: Design) -> bool:
        """Whether a class with detours needs hardly more numbers than the block gives, or its largest calls need."""
        flags = {name for slot in design.detours for name in design.parameters.names[slot]}
        given = {*self._known(design.units), *whole.parameters.values, *flags}
        return len(design.parameters.values.keys() - given) <= len(design.detours)

    def _take(self, design: Design) -> None:
        self.taken.add(design.name)
        self.designs.append(design)
        for call, unit in enumerate(design.units):
            values = {name: vector[call] for name, vector in design.parameters.values.items()}
            self.instances[unit.path] = Instance(design, values)

    def _design(self, name: str, variants: Sequence[Variant]) -> Design:
        """The class of these units, the first of which leave nothing out. Raises NotExpressible."""
        units = tuple(unit for variant in variants for unit in variant.units)
        left_out = [variant.left_out for variant in variants for _ in variant.units]
        order = [item.name for item in units[0].items]
        found = sorted(frozenset().union(*left_out), key=lambda detour: order.index(detour.parts[0]))
        taken = {Slot("", place, _purpose(detour, units[0])): detour for place, detour in enumerate(found)}
        slots = self._vectors(units)
        slots |= {slot: tuple(detour not in left for left in left_out) for slot, detour in taken.items()}
        return Design(name, units, taken, parameters(slots, self._known(units)))

    def _vectors(self, units: Sequence[Unit]) -> dict[Slot, Vector]:
        """The numbers of each place at each call, where they are not what they would be anyway."""
        each = [numbers(unit, self.instances) for unit in units]
        found: dict[Slot, Vector] = {}
        for slot in each[0]:
            here = [of_unit.get(slot) for of_unit in each]
            if any(number and not number.is_default for number in here):
                found[slot] = tuple(number.value if number else ABSENT for number in here)
        return found

    def _known(self, units: Sequence[Unit]) -> dict[str, Vector]:
        """What has a name at each call: the parameters of the block, and the size of what arrives."""
        if not units[0].path:
            return {}
        named = [_named_values(self.network, unit) for unit in units]
        return {name: tuple(of_unit[name] for of_unit in named) for name in named[0] if all(name in n for n in named)}


def _purpose(detour: Detour, whole: Unit) -> str:
    """What a detour is for: `residual` adds what arrived, `projection` gives it the other arm's shape."""
    items = {item.name: item for item in whole.items}
    joins = {
        name
        for name, item in items.items()
        if isinstance(item.content, Leaf) and item.content.node.layer and item.content.node.layer.family is Family.JOIN
    }
    name, position = detour.made
    if name in joins:
        return "residual"
    value = items[name].outs[position]
    is_joined = any(value in items[join].ins for join in joins)
    return "projection" if is_joined else f"with_{detour.parts[0].replace('.', '_').rstrip('0123456789')}"


def _named_values(network: Network, unit: Unit) -> Mapping[str, Any]:
    scope = network.scopes.get(unit.path)
    written = {spelled(name): value for name, value in scope.values} if scope else {}
    arriving = network.shapes[unit.ins[0]] or ()
    sizes = {"in_channels": arriving[-1]} if len(arriving) == 3 else {}
    plain = {name: value for name, value in written.items() if isinstance(value, int | float | str | tuple)}
    return plain | {name: size for name, size in (sizes | {"in_features": prod(arriving)}).items() if name not in plain}
