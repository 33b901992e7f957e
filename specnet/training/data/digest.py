"""The digest of a set: what tells whether a run goes on with the images that it was started with."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from specnet.training.data.images import DataSet, Pixels

CHUNK = 2**24
"""Elements that are hashed at a time."""


def compute_digest(data: DataSet) -> str:
    """Return `sha256:…` over the images of all parts as the network reads them, their shapes, targets and classes."""
    digest = sha256(repr(data.classes).encode())
    for name, part in data.parts().items():
        digest.update(
            repr((name, tuple(part.pixels.shape), tuple(part.targets.shape), str(part.targets.dtype))).encode()
        )
        _update(digest, part.pixels)
        _update(digest, part.targets)
    return f"sha256:{digest.hexdigest()}"


def _update(digest: Any, values: Pixels) -> None:
    """Add the bytes of all elements, chunk by chunk."""
    step = max(1, CHUNK // max(1, values.shape[1:].numel()))
    for start in range(0, len(values), step):
        digest.update(values[start : start + step].contiguous().numpy().tobytes())
