"""The classes and functions that the targets of `TorchCall` name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeVar

import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import nn

from specnet.backends import torch_modules
from specnet.errors import PluginError
from specnet.layers.base import TorchCall
from specnet.plugin_loading.importing import import_object
from specnet.suggest import did_you_mean, find_closest_word

LIBRARIES = {"nn": nn, "F": F, "torch": torch, "modules": torch_modules}

Value = TypeVar("Value")


def resolve(target: str) -> Any:
    """Return the class or function of that name: `nn.Conv2d`, `F.pad`, `modules.Scale`, `mypkg.modules:Swish`.

    Raises PluginError for a name that there is not.
    """
    if ":" in target:
        return import_object(target.removesuffix("()"))
    library, _, name = target.partition(".")
    if not hasattr(LIBRARIES[library], name):
        raise PluginError(f"`{target}`: {LIBRARIES[library].__name__} has no `{name}`{_suggest(library, name)}")
    return getattr(LIBRARIES[library], name)


def _suggest(library: str, name: str) -> str:
    return did_you_mean(find_closest_word(name, [word for word in dir(LIBRARIES[library]) if not word.startswith("_")]))


def join_values(call: TorchCall, apply: Callable[..., Value], inputs: Sequence[Any]) -> Value:
    """Apply a call to its inputs in the way that it takes several: in order, as one list, or folded from the left."""
    match call.joins:
        case "fold":
            joined: Value = reduce(apply, inputs)
            return joined
        case "list":
            return apply(list(inputs))
        case None:
            return apply(*inputs)
