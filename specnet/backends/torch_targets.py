"""The classes and functions that the targets of `TorchCall` name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeVar

import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import Tensor, nn

from specnet.backends import attention_modules, torch_modules
from specnet.errors import PluginError
from specnet.layers.base import TorchCall
from specnet.plugin_loading.importing import import_object
from specnet.suggest import did_you_mean, find_closest_word

LIBRARIES = {"nn": (nn,), "F": (F,), "torch": (torch,), "modules": (torch_modules, attention_modules)}
"""The modules of Python in which the names of a target's first part are looked up."""

Value = TypeVar("Value")


def resolve(target: str) -> Any:
    """Return the class or function of that name: `nn.Conv2d`, `F.pad`, `modules.Scale`, `mypkg.modules:Swish`.

    Raises PluginError for a name that there is not.
    """
    if ":" in target:
        return import_object(target.removesuffix("()"))
    library, _, name = target.partition(".")
    places = LIBRARIES[library]
    place = next((each for each in places if hasattr(each, name)), None)
    if place is None:
        raise PluginError(f"`{target}`: {places[0].__name__} has no `{name}`{_suggest(library, name)}")
    return getattr(place, name)


def _suggest(library: str, name: str) -> str:
    words = [word for place in LIBRARIES[library] for word in dir(place) if not word.startswith("_")]
    return did_you_mean(find_closest_word(name, words))


def measure_size(like: Tensor) -> tuple[int, int]:
    """Return the height and width of N×C×H×W."""
    height, width = like.shape[-2:]
    return height, width


def join_values(
    call: TorchCall,
    apply: Callable[..., Value],
    inputs: Sequence[Any],
    measure: Callable[[Any], Any] = measure_size,
) -> Value:
    """Apply a call to its inputs in the way that it takes several (`TorchCall.joins`).

    That is in order, as one list, folded from the left, or with the size of the second, which `measure` returns.
    """
    match call.joins:
        case "fold":
            joined: Value = reduce(apply, inputs)
            return joined
        case "list":
            return apply(list(inputs))
        case "size":
            value, like = inputs
            return apply(value, size=measure(like))
        case None:
            return apply(*inputs)
