"""What a node calls in torch, as a person writes it: a function in the place of each module without weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specnet.backends.torch_source.embedded_modules import signature_of
from specnet.backends.torch_source.layout import Name
from specnet.backends.torch_source.signatures import FUNCTIONS, Signature
from specnet.layers.base import Layer, Shapes, TorchCall
from specnet.layers.base.learned import is_frozen

IN_TRAINING: Mapping[str, Mapping[str, Any]] = {"F.dropout": {"training": Name("self.training")}}
"""Arguments of functions that must be told whether the network is in training."""


@dataclass(frozen=True)
class Call:
    """A call of a torch module or function, its arguments in the order of its signature.

    `frozen` are the parameters of a module that are not learned.
    """

    target: str
    arguments: Mapping[str, Any]
    signature: Signature
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
    return tuple(_call(call, frozen) for call in layer.torch(arriving) if call.target != "nn.Identity")


def _call(call: TorchCall, frozen: tuple[str, ...]) -> Call:
    """The layer's call, or that of the function in its place."""
    target = FUNCTIONS.get(call.target, call.target)
    known, arguments = signature_of(target), {**call.arguments, **IN_TRAINING.get(target, {})}
    return Call(target, known.sort(arguments), known, call.joins, frozen if call.is_module else ())
