"""Starting from weights that are there, and keeping parts of a network as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from torch import Tensor, nn

from specnet.training import weights
from specnet.training.errors import CannotRun, Unsuitable
from specnet.training.run_folder import MODEL

SHOWN = 6
"""How many of the tensors that are left out a note names."""


def fitting(module: nn.Module, source: Path, note: Callable[[str], None]) -> dict[str, Tensor]:
    """The weights whose names and shapes fit a network; `note` is told which do not.

    `source` is a file of weights or a run; raises TrainingError, also where nothing fits.
    """
    path = source / MODEL if source.is_dir() else source
    theirs, ours = weights.read(path).tensors, module.state_dict()
    fitting = {name: value for name, value in theirs.items() if name in ours and value.shape == ours[name].shape}
    if not fitting:
        raise Unsuitable(f"{path} has no weights that fit the network: none has the name and the shape of one of its")
    note(f"{len(fitting)} of {len(ours)} tensors are those of {path}{_left_out(theirs, ours, set(fitting))}")
    return fitting


def _left_out(theirs: dict[str, Tensor], ours: dict[str, Tensor], fitting: set[str]) -> str:
    """Those of the network that begin anew, with what the file has in their place; and those that nothing takes."""
    anew = [
        f"{name} ({_shape(theirs[name])} there, {_shape(ours[name])} here)" if name in theirs else name
        for name in ours
        if name not in fitting
    ]
    unused = [name for name in theirs if name not in ours]
    sides = (("begun anew", anew), ("not taken over", unused))
    return "".join(f"; {what}: {_listed(names)}" for what, names in sides if names)


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def freeze(module: nn.Module, patterns: Sequence[str]) -> None:
    """Keep the parameters of all frozen parts from being learned; raises CannotRun for a pattern of no part."""
    for pattern in patterns:
        if not (matching := _called(module, pattern)):
            raise CannotRun(f"--freeze {pattern}: no part of the network is called so")
        for part in matching:
            part.requires_grad_(False)


def frozen_norms(module: nn.Module, patterns: Sequence[str]) -> tuple[nn.Module, ...]:
    """The norms in frozen parts that keep running statistics: these are kept, too, by staying in evaluation mode."""
    frozen = (part for pattern in patterns for whole in _called(module, pattern) for part in whole.modules())
    return tuple(part for part in frozen if getattr(part, "running_mean", None) is not None)


def _called(module: nn.Module, pattern: str) -> list[nn.Module]:
    """The parts whose names match: `conv1`, `conv*`, `block1` with all that is in it."""
    return [part for name, part in module.named_modules() if name and fnmatchcase(name, pattern)]
