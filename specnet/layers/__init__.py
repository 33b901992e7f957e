"""The kinds of layer: one file per kind, found by its name; adding a file adds a kind, and so does a plugin."""

from __future__ import annotations

from functools import cache

from specnet.layers.base import Layer
from specnet.package import list_modules, load_from_module, refuse_lost_module


def list_kinds() -> tuple[str, ...]:
    """Return the names of all kinds: the modules of this folder, then those of plugins, each in alphabetical order."""
    from specnet.layers.base.registration import LAYERS

    return (*list_own_kinds(), *LAYERS.list_words())


def list_own_kinds() -> tuple[str, ...]:
    """Return the names of the kinds of SpecNet, without those of plugins."""
    return list_modules(__name__)


def get_layer_class(kind: str) -> type[Layer] | None:
    """Return the class of a kind, `LeakyRelu` of `leaky_relu`, imported on first use; None if there is no such kind.

    Raises IncompleteInstall where the file of a kind is damaged or lost.
    """
    return _get_own_class(kind) or _get_registered_class(kind)


@cache
def _get_own_class(kind: str) -> type[Layer] | None:
    module = f"{__name__}.{kind}"
    if kind not in list_own_kinds():
        refuse_lost_module(module)
        return None
    found: type[Layer] = load_from_module(module, kind.title().replace("_", ""))
    return found


def _get_registered_class(kind: str) -> type[Layer] | None:
    from specnet.layers.base.registration import LAYERS

    found = LAYERS.find(kind)
    return found.cls if found else None
