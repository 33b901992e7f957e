"""Write a convolutional network as the table in a paper; check, compile, draw and train it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from specnet.version import __version__ as __version__

if TYPE_CHECKING:
    from specnet.api import SpecError as SpecError
    from specnet.api import check as check
    from specnet.api import compile as compile
    from specnet.api import draw as draw
    from specnet.api import train as train
    from specnet.backends.networkx import digraph as digraph
    from specnet.builder import NetworkBuilder as NetworkBuilder
    from specnet.compiler import Checked as Checked
    from specnet.runs import evaluate as evaluate
    from specnet.runs import load_run as load_run
    from specnet.runs import predict as predict

_HOMES = {
    "Checked": "specnet.compiler",
    "NetworkBuilder": "specnet.builder",
    "SpecError": "specnet.api",
    "check": "specnet.api",
    "digraph": "specnet.backends.networkx",
    "compile": "specnet.api",
    "draw": "specnet.api",
    "evaluate": "specnet.runs",
    "load_run": "specnet.runs",
    "predict": "specnet.runs",
    "train": "specnet.api",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Public names are imported when they are first used, so that `import specnet` takes no time."""
    if name not in _HOMES:
        raise AttributeError(f"module 'specnet' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
