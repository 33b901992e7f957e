"""Read what torch.save has written, today's zip files and the pickles before torch 1.6, without running any code."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from specnet.weights.errors import UnreadableWeights
from specnet.weights.stored import StoredTensors

STATE = ("state_dict", "model_state_dict", "model")
"""The keys under which a checkpoint holds the state of its module."""

PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

SAVE = "in Python, torch.save(model.state_dict(), …) writes the tensors alone"


def read_torch_file(path: Path) -> StoredTensors:
    """Return the tensors of a state dict, or of a checkpoint that holds one; raises UnreadableWeights, OSError."""
    _refuse_compressed(path)
    content = _find_state(_load(path))
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if not tensors:
        raise UnreadableWeights(f"{path} holds no tensors by name; {SAVE}")
    return StoredTensors(path, "torch", "made", _strip_prefixes(tensors))


def _load(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "nsupported global" in str(error) or "WeightsUnpickler" in str(error) or "GLOBAL" in str(error):
            raise UnreadableWeights(
                f"{path} holds Python objects beside tensors, and reading these could run any code; {SAVE}"
            ) from None
        raise UnreadableWeights(f"{path} is damaged or only half there") from None
    except OSError:
        raise
    except Exception:  # torch raises whatever the damaged bytes lead to
        raise UnreadableWeights(f"{path} is damaged or only half there") from None


def _refuse_compressed(path: Path) -> None:
    """Raise UnreadableWeights for a zip file whose content is larger than itself, which torch never writes."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as file:
            size = sum(entry.file_size for entry in file.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise UnreadableWeights(f"{path} is damaged or only half there") from None
    if size > path.stat().st_size:
        raise UnreadableWeights(f"{path} is compressed, as torch writes no file: {size:,} bytes would come of it")


def _find_state(content: Any) -> Mapping[Any, Any]:
    """Return the state dict within a checkpoint, or the content if it is none."""
    for key in STATE:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            return _find_state(content[key])
    return content if isinstance(content, Mapping) else {}


def _strip_prefixes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in PREFIXES * 2:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors
