"""Weights in a file: safetensors, with what is known of them in the metadata; never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from specnet.training.errors import BadRun, CannotRun


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and the texts that lie beside them: `spec`, `digest`, `classes`, `normalize` …"""

    tensors: dict[str, Tensor]
    labels: Mapping[str, str]


def read(path: Path) -> Weights:
    """The weights in a file; raises CannotRun where there is none, BadRun where it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            return Weights({name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {})  # noqa: SIM118
    except SafetensorError as error:
        raise BadRun(f"{path} is damaged, or no file of weights in the format safetensors: {error}") from None
    except FileNotFoundError:
        raise CannotRun(f"there are no weights {path}") from None
    except OSError as error:
        raise CannotRun(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
