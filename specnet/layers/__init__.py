"""The kinds of layer: one file per kind, found by its name; adding a file adds a kind."""

from __future__ import annotations

from functools import cache

from specnet.layers.base import Layer
from specnet.package import list_modules, load_from_module, refuse_lost_module


def list_kinds() -> tuple[str, ...]:
    """Return the names of all kinds, which are the modules of this folder, in alphabetical order."""
    return list_modules(__name__)


@cache
def get_layer_class(kind: str) -> type[Layer] | None:
    """Return the class of a kind, `LeakyRelu` of `leaky_relu`, imported on first use; None if there is no such kind.

    Raises IncompleteInstall where the file of a kind is damaged or lost.
    """
    module = f"{__name__}.{kind}"
    if kind not in list_kinds():
        refuse_lost_module(module)
        return None
    found: type[Layer] = load_from_module(module, kind.title().replace("_", ""))
    return found
