"""Calls of what plugins have implemented: their errors and wrong results become messages that name them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import torch

from specnet.argument_types import describe_value
from specnet.plugin_loading.importing import explain_failure, find_home
from specnet.registry import find_place, find_registration, name_registered
from specnet.settings import Training
from specnet.training.device import is_out_of_memory
from specnet.training.errors import PluginFailure, TrainingError


@contextmanager
def calling(owner: object, method: str) -> Iterator[None]:
    """Raise PluginFailure for what a method of a plugin raises, but want of memory, which is not its fault."""
    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints is no result
            yield
    except TrainingError:
        raise
    except (Exception, SystemExit) as error:
        if is_out_of_memory(error):
            raise
        raise PluginFailure(explain_error(owner, method, error)) from error


def explain_error(owner: object, method: str, error: BaseException) -> str:
    """Return where and why a method of a plugin fails."""
    return explain_failure(error, f"{name_registered(owner)}: its `{method}`", [find_home(type(owner))])


def refuse_result(owner: object, method: str, value: Any, meaning: str) -> PluginFailure:
    """Return the error about what a method of a plugin has returned, and what it should return."""
    fact = f"{name_registered(owner)}: its `{method}` returns {_describe(value)}"
    return PluginFailure(f"{fact}, and not {meaning}; it stands at {find_place(type(owner))}")


def _describe(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"a tensor {'×'.join(map(str, value.shape)) or 'with one element'} of {str(value.dtype)[6:]}"
    return describe_value(value)


def describe_own_parts(training: Training) -> list[str]:
    """Return a line about the parts of a training that plugins compute; none where there are no such parts."""
    computed = [training.loss, training.optimizer, *training.augment]
    own = [f"{name_registered(each)}, {find_place(type(each))}" for each in computed if find_registration(type(each))]
    return [f"plugins compute a part of it: {'; '.join(own)}"] if own else []
