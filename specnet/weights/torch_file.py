"""Read what torch.save has written, today's zip files and the pickles before torch 1.6, without running any code."""

from __future__ import annotations

import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from specnet.weights.errors import UnreadableWeights
from specnet.weights.stored import StoredTensors

STATE = ("state_dict", "model_state_dict", "model")
"""The keys under which a checkpoint holds the state of its module; under any other one, it must be the only state."""

PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

SAVE = "in Python, torch.save(model.state_dict(), …) writes the tensors alone"

DAMAGED = "is damaged or only half there"

SHOWN = 6
"""The largest number of keys that a message lists."""

PICKLES = 4
"""The pickles before torch 1.6: three that tell how the fourth, the content, was written."""


def read_torch_file(path: Path) -> StoredTensors:
    """Return the tensors of a state dict, or of a checkpoint that holds one; raises UnreadableWeights, OSError."""
    if zipfile.is_zipfile(path):
        _refuse_other_archives(path)
    content = _load(path)
    tensors = _find_state(path, content)
    if not tensors:
        raise UnreadableWeights(f"{path} holds no tensors by name{_list_keys(content)}; {SAVE}")
    return StoredTensors(path, "torch", "made", _strip_prefixes(tensors))


def _load(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        names_code = any(word in str(error) for word in ("nsupported global", "WeightsUnpickler", "GLOBAL"))
        if names_code and _is_whole(path):
            raise UnreadableWeights(
                f"{path} holds Python objects beside tensors, and reading these could run any code; {SAVE}"
            ) from None
        raise UnreadableWeights(f"{path} {DAMAGED}") from None
    except OSError:
        raise
    except Exception:  # torch raises whatever the damaged bytes lead to
        raise UnreadableWeights(f"{path} {DAMAGED}") from None


def _is_whole(path: Path) -> bool:
    """Whether no pickle of a file ends in its middle, where half a name looks like that of an unknown object."""
    if zipfile.is_zipfile(path):
        return True
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            for _ in range(PICKLES):
                for _ in pickletools.genops(file):
                    pass
                if file.tell() == size:
                    break
    except OSError:
        raise
    except Exception:  # pickletools raises whatever the damaged bytes lead to
        return False
    return True


def _refuse_other_archives(path: Path) -> None:
    """Raise UnreadableWeights for a zip file that torch.save has not written."""
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            size = sum(entry.file_size for entry in file.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise UnreadableWeights(f"{path} {DAMAGED}") from None
    if program := _describe_program(names):
        raise UnreadableWeights(f"{path} {program}")
    if not any(name.rpartition("/")[2] == "data.pkl" for name in names):
        held = f", and holds {names[0]}" if names else ""
        raise UnreadableWeights(f"{path} is a zip archive that torch.save has not written{held}; unpack it first")
    if size > path.stat().st_size:
        raise UnreadableWeights(f"{path} is compressed, as torch writes no file: {size:,} bytes would come of it")


def _describe_program(names: Sequence[str]) -> str:
    """Return what an archive of torch is that holds a network with its code, and how to save its tensors alone."""
    ends = {name.partition("/")[2] for name in names} | set(names)
    if "constants.pkl" in ends or any(end.startswith("code/") for end in ends):
        return (
            "is a TorchScript archive of torch.jit.save, which holds code; in Python, "
            "torch.save(torch.jit.load(…).state_dict(), …) writes the tensors alone"
        )
    if ends & {"archive_format", "serialized_exported_program.json"}:
        return (
            "is an exported program of torch.export; in Python, "
            "torch.save(dict(torch.export.load(…).state_dict), …) writes the tensors alone"
        )
    return ""


def _find_state(path: Path, content: Any) -> dict[str, Tensor]:
    """Return the tensors of a state dict, be it the content or within a checkpoint; empty if there is none.

    Raises UnreadableWeights for a checkpoint that holds several, none of which has a usual key.
    """
    if not isinstance(content, Mapping):
        return {}
    for key in STATE:
        if isinstance(content.get(key), Mapping):
            return _find_state(path, content[key])
    states = {key: tensors for key, value in content.items() if (tensors := _find_tensors(value))}
    if len(states) > 1:
        raise UnreadableWeights(
            f"{path} does not say which tensors are the network's{_list_keys(states)}; "
            f"in Python, torch.save(torch.load(…)[{next(iter(states))!r}], …) writes the first ones alone"
        )
    return next(iter(states.values()), _find_tensors(content))


def _list_keys(content: Any) -> str:
    """Return the first keys of a mapping, to be put behind what is wrong with it."""
    keys = [str(key) for key in content] if isinstance(content, Mapping) else []
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return f": its keys are {', '.join(keys[:SHOWN])}{more}" if keys else ""


def _find_tensors(content: Any) -> dict[str, Tensor]:
    """Return the tensors that a mapping holds by name."""
    items = content.items() if isinstance(content, Mapping) else ()
    return {name: value for name, value in items if isinstance(name, str) and isinstance(value, Tensor)}


def _strip_prefixes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in PREFIXES * 2:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors
