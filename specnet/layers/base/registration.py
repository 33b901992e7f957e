"""Layers of plugins: what a class must have to be one.

A registered layer's `output` also asks for everything else that the layer says of these inputs, so that a mistake in it
is an error of the spec at the layer's line, and nothing further on meets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from specnet.errors import PluginError
from specnet.layers.base.answers import guard_output
from specnet.layers.base.layer import LIKE, Layer
from specnet.layers.base.traits import Arity, Autocast, Family, Storage, Trait
from specnet.package import list_modules
from specnet.registry import Registry, build_fields, find_place, require_members

STATEMENTS = frozenset({"net", "input", "default", "round", "use", "same", "head", "train"})
"""The words that begin a line of their own."""

KEYWORDS = frozenset({"let", "block", "expect", "repeat", "for", "if", "else", "in", "or", "and", "not"})
"""The words of the grammar."""

VALUES = frozenset({"yes", "no", "true", "false", LIKE, "norm"})
"""Words that mean something where a value, a key or the name of a layer may stand: `norm` is any normalisation."""


def _find_taken(word: str) -> str:
    if word in list_modules("specnet.layers"):
        return "a layer of SpecNet"
    return "a word of the language" if word in STATEMENTS | KEYWORDS | VALUES else ""


def _complete(cls: type[Layer], word: str) -> None:
    """Check that a class has what every layer has, give it its word, and guard its `output`; raises PluginError."""
    needed = ["output", "torch", *(["module"] if "module" in cls.__class_vars__ else [])]
    require_members(cls, [Layer], needed, f"the layer `{word}`")
    if not hasattr(cls, "family"):
        raise PluginError(f"{find_place(cls)}: the layer `{word}` has no `family`, which is {MEMBERS['family'][1]}")
    build_fields(cls, word)
    for name, (is_valid, meaning) in MEMBERS.items():
        if not is_valid(cls, value := getattr(cls, name)):
            raise PluginError(f"{find_place(cls)}: `{name}` of the layer `{word}` is {value!r:.60}, and not {meaning}")
    cls.own_kind = word
    cls.output = guard_output(cls.output)  # type: ignore[method-assign, assignment]


LAYERS = Registry("layer", Layer, _find_taken, _complete)


# What a class says of all its layers

Member = tuple[Callable[[type[Layer], Any], bool], str]
"""Whether a value is valid for a class, and what it should be."""


def _is_a(kind: Any) -> Callable[[type[Layer], Any], bool]:
    return lambda cls, value: isinstance(value, kind)


def _is_field(cls: type[Layer], value: Any) -> bool:
    return value == "" or value in cls.model_fields


def _are_traits(cls: type[Layer], value: Any) -> bool:
    return isinstance(value, frozenset) and all(isinstance(each, Trait) for each in value)


FLAG: Member = (_is_a(bool), "True or False")
FIELD: Member = (_is_field, "the name of a field")

MEMBERS: Mapping[str, Member] = {
    "family": (_is_a(Family), f"one of {', '.join(f'Family.{family.name}' for family in Family)}"),
    "arity": (_is_a(Arity), "an Arity, such as Arity(2, 2) for two inputs"),
    "storage": (_is_a(Storage | None), "a Storage, or None where it is unknown"),
    "autocast": (_is_a(Autocast), "an Autocast"),
    "kind_traits": (_are_traits, "a frozenset of Trait"),
    "output_field": FIELD,
    "size_field": FIELD,
    "shares_gradient": FLAG,
    "flattens": FLAG,
    "for_sequences": (_is_a(str), "the text of a layer"),
    "preserves_shape": FLAG,
    "asks_torch": FLAG,
}
"""What a class says of all its layers."""
