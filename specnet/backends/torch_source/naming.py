"""Names in Python for what has a name in a spec."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable

from specnet.backends.torch_source.outline import Leaf, Unit
from specnet.graph import ModuleScope, ValueRef
from specnet.naming import free_name

USED = frozenset({"nn", "F", "torch", "Tensor", "self", "super", "range", "float", "i"})
"""What the source uses itself."""


def camel(word: str) -> str:
    """`squeeze_excite` → `SqueezeExcite`."""
    name = "".join(part[:1].upper() + part[1:] for part in word.split("_"))
    return name if name.isidentifier() else f"Block{name}"


def class_of_network(name: str, taken: Iterable[str]) -> str:
    """A network's name as that of a class: what an identifier cannot have is left out."""
    cleaned = re.sub(r"\W", "", name) or "Network"
    return free_name(cleaned if cleaned.isidentifier() else f"Net{cleaned}", {*USED, *dir(builtins), *taken})


def class_of_unit(unit: Unit) -> str:
    """A block's name; a short repetition is called after its layers, a long one after its label."""
    if unit.word != "repeat":
        return camel(unit.word)
    kinds = [item.content.node.kind for item in unit.items if isinstance(item.content, Leaf)]
    if len(kinds) == len(unit.items) <= 4:
        return "".join(camel(kind) for kind in kinds)
    label = next((part for part in reversed(unit.path.split(".")) if not part.isdigit()), "stage")
    return "Stage" if re.fullmatch(r"(repeat|for)\d+", label) else camel(label)


def inputs(unit: Unit, scope: ModuleScope | None) -> list[str]:
    """What the arguments of a forward pass are called: `x`, and what a block calls its other values, or `skip`."""
    if not unit.path and len(unit.ins) > 1:
        return [free_name(name, USED) for name in unit.ins]
    values = scope.values if scope else ()
    named = [free_name(name.lower(), {*USED, "x"}) for name, value in values if isinstance(value, ValueRef)]
    others = [f"skip{number}" if number > 1 else "skip" for number in range(1, len(unit.ins))]
    return ["x", *(named if len(named) == len(others) else others)]
