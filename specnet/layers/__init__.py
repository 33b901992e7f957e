"""The kinds of layer: one file per kind, found by its name; adding a file adds a kind."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files

from specnet.layers.base import Layer


@cache
def list_kinds() -> tuple[str, ...]:
    """Return the names of all kinds, which are the files of this folder, in alphabetical order."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name[:-3] for name in names if name.endswith(".py") and name != "__init__.py"))


@cache
def get_layer_class(kind: str) -> type[Layer] | None:
    """Import and return the class of a kind; None if there is no such kind."""
    if kind not in list_kinds():
        return None
    module = import_module(f"{__name__}.{kind}")
    defined_here = (value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__)
    return next(value for value in defined_here if isinstance(value, type) and issubclass(value, Layer))
