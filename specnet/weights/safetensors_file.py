"""Read a safetensors file, SpecNet's own or another one."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open

from specnet.weights.errors import UnreadableWeights
from specnet.weights.stored import StoredTensors


def read_safetensors_file(path: Path) -> StoredTensors:
    """Return the tensors of a file, which sorts them by their names; raises UnreadableWeights, OSError."""
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.offset_keys()}
            return StoredTensors(path, "torch", "lost", tensors)
    except SafetensorError as error:
        raise UnreadableWeights(f"{path} is damaged or only half there: {error}") from None
