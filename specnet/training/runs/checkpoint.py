"""Save and load the state of a training: tensors as safetensors, the rest as JSON, never a pickle.

A checkpoint is two files named by the step: `000000391.safetensors`, and then `000000391.json` with a checksum over
both. The last two are kept, so that one that is damaged can be passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from specnet.atomic_write import remove_temporary_files
from specnet.file_access import open_regular_file
from specnet.training.errors import BadRun
from specnet.training.files import write_atomically

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and plain values for JSON."""

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]


def save_checkpoint(folder: Path, step: int, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, and then remove those that are too old; raises CannotRun."""
    tensors = save_tensors(dict(checkpoint.tensors))
    facts = {"facts": checkpoint.facts, "sha256": _checksum(tensors, checkpoint.facts)}
    write_atomically(folder / f"{step:09}.safetensors", tensors)
    write_atomically(folder / f"{step:09}.json", json.dumps(facts))
    for stale in _list_newest_first(folder)[KEPT:]:
        stale.unlink()
        stale.with_suffix(".safetensors").unlink(missing_ok=True)


def load_checkpoint(folder: Path, note: Callable[[str], None]) -> Checkpoint | None:
    """Load the newest checkpoint that is intact; None where there is none; raises BadRun where all are damaged."""
    remove_temporary_files(folder)
    paths = _list_newest_first(folder)
    for path, before in zip_longest(paths, paths[1:]):
        if checkpoint := _read_whole(path):
            return checkpoint
        fact = f"the checkpoint {path.with_suffix('.safetensors')} is damaged"
        if before is None:
            raise BadRun(f"{fact}, and there is none before it; without the folder {folder}, the run begins anew")
        note(f"{fact}; going back to the one before")
    return None


def _list_newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"), reverse=True)


def _read_whole(path: Path) -> Checkpoint | None:
    """Read a checkpoint; None if it is damaged."""
    try:
        with open_regular_file(path) as facts, open_regular_file(path.with_suffix(".safetensors")) as state:
            written, tensors = from_json(facts.read()), state.read()
        is_whole = written["sha256"] == _checksum(tensors, written["facts"])
        return Checkpoint(load_tensors(tensors), written["facts"]) if is_whole else None
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None


def _checksum(tensors: bytes, facts: Mapping[str, Any]) -> str:
    return sha256(tensors + json.dumps(facts, sort_keys=True).encode()).hexdigest()
