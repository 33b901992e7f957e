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
    """The class of a kind, imported when it is first asked for; None if there is no such kind."""
    if kind not in kinds():
        return None
    module = import_module(f"{__name__}.{kind}")
    defined_here = (value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__)
    return next(value for value in defined_here if isinstance(value, type) and issubclass(value, Layer))
