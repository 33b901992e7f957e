"""The kinds of layer: one file per kind, found by its name; adding a file adds a kind."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from specnet.layers.base import Layer
from specnet.package import list_modules


def list_kinds() -> tuple[str, ...]:
    """Return the names of all kinds, which are the modules of this folder, in alphabetical order."""
    return list_modules(__name__)


@cache
def get_layer_class(kind: str) -> type[Layer] | None:
    """Return the class of a kind, `LeakyRelu` of `leaky_relu`, imported on first use; None if there is no such kind."""
    if kind not in list_kinds():
        return None
    found: type[Layer] = getattr(import_module(f"{__name__}.{kind}"), kind.title().replace("_", ""))
    return found
