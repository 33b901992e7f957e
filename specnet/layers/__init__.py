"""The kinds of layer: one file a kind, found by its name. Adding a file adds the kind."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files

from specnet.layers.base import Layer


@cache
def kinds() -> tuple[str, ...]:
    """The names of all kinds: the files of this folder."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name[:-3] for name in names if name.endswith(".py") and name != "__init__.py"))


@cache
def layer_class(kind: str) -> type[Layer] | None:
    """Return the class of a kind, `LeakyRelu` of `leaky_relu`, imported on first use; None if there is no such kind."""
    if kind not in kinds():
        return None
    found: type[Layer] = getattr(import_module(f"{__name__}.{kind}"), kind.title().replace("_", ""))
    return found
