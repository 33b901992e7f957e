"""What a node does in torch, as a person writes it: functions where nothing is learned, arguments under their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specnet.backends.torch_source.copies import constructor
from specnet.backends.torch_source.signatures import FUNCTIONS, KEYWORDS, Other, Signature, signature
from specnet.layers.base import Layer, Shapes, TorchCall
from specnet.layers.base.learned import is_frozen


@dataclass(frozen=True)
class Call:
    """A module or function of torch, and its arguments by name: the required ones first, defaults filled in.

    `frozen` are a module's parameters that are not learned.
    """

    target: str
    arguments: Mapping[str, Any]
    required: int
    defaults: Mapping[str, Any]
    joins: str | None = None
    frozen: tuple[str, ...] = ()

    @property
    def is_module(self) -> bool:
        return self.target.startswith(("nn.", "modules."))

    @property
    def is_activation(self) -> bool:
        """Whether it is a function of one value and nothing else, so that another such could stand in its place."""
        return not (self.is_module or self.arguments or self.joins)

    @property
    def function(self) -> str:
        """The class or function as the source names it: copied classes stand in the source itself."""
        return self.target.removeprefix("modules.")

    @property
    def form(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """What two calls have in common that differ in nothing but numbers."""
        return "" if self.is_activation else self.target, tuple(self.arguments), self.frozen


def calls(layer: Layer, arriving: Shapes) -> tuple[Call, ...]:
    """What torch applies in turn; nothing for an identity."""
    frozen = tuple(name for name in layer.parameters(arriving) if is_frozen(layer, name))
    found = [_named(_as_function(call)) for call in layer.torch(arriving) if call.target != "nn.Identity"]
    return tuple(replace(call, frozen=frozen) if call.is_module else call for call in found)


def _as_function(call: TorchCall) -> TorchCall:
    """The function in the place of a module without weights; other calls as they are."""
    if call.target not in FUNCTIONS:
        return call
    keywords = {**call.keywords, **KEYWORDS.get(call.target, {})}
    return replace(call, target=FUNCTIONS[call.target], keywords=keywords)


def _named(call: TorchCall) -> Call:
    """The call with all its arguments under their names; numbers name those of which nothing is known."""
    known = constructor(call.target) if call.target.startswith("modules.") else signature(call.target)
    if known and len(call.arguments) <= len(known.required) + len(known.defaults):
        names = (*known.required, *known.defaults)
        given = dict(zip(names, call.arguments, strict=False)) | dict(call.keywords)
        if given.keys() >= set(known.required):
            values = _complete(given, names, known)
            return Call(call.target, values, len(known.required), known.defaults, call.joins)
    positional = {str(position): value for position, value in enumerate(call.arguments)}
    return Call(call.target, positional | dict(call.keywords), len(positional), {}, call.joins)


def _complete(given: Mapping[str, Any], names: Sequence[str], known: Signature) -> dict[str, Any]:
    """Every argument with its value, in the order of the signature."""
    values = {name: given.get(name, known.defaults.get(name)) for name in (*names, *given)}
    return {name: values[value.name] if isinstance(value, Other) else value for name, value in values.items()}
