"""Import the libraries that have reference implementations, next to whatever torch is installed."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

OPERATORS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
"""Compiled operators that torchvision describes to torch as it is imported; no network here has boxes to suppress."""

DECLARED = []
"""torch forgets the declarations of a library that is not kept."""


def import_library(name: str) -> ModuleType:
    """Return a module of a library that may need torchvision; raises ImportError.

    torchvision may have been compiled for another torch: its networks are Python, and need nothing compiled. Keras is
    imported with torch as its backend.
    """
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _prepare_torchvision()
        return import_module(name)


def _prepare_torchvision() -> None:
    if "torchvision" in sys.modules or find_spec("torchvision") is None:
        return
    try:
        import_module("torchvision")
    except RuntimeError:  # its operators cannot be loaded, so that torch does not know them
        _declare_operators()


def _declare_operators() -> None:
    from torch.library import Library

    DECLARED.append(Library("torchvision", "DEF"))
    for name, signature in OPERATORS.items():
        DECLARED[0].define(name + signature)
