"""The spec of a run with the files that it uses, kept in the run's folder so that this needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from specnet.training.files import write

SPEC = "spec.net"

USED = "used"
"""The folder below a run's for the files that cannot lie at their own relative path."""

TAKEN = frozenset({"..", SPEC, USED, "checkpoint"})
"""What no path of a used file may begin with to lie where it says."""


def kept_at(path: str) -> PurePosixPath:
    """Where in a run's folder a used file lies: at its path relative to the spec, so that `specnet check RUN/spec.net`
    finds it; where that leaves the folder or is taken, below `used`: `../lib/x.net` is `used/up/lib/x.net`.
    """
    place = PurePosixPath(path)
    parts = [part for part in place.parts if part != place.anchor]
    is_free = parts[0] not in TAKEN and (len(parts) > 1 or place.suffix == ".net")
    return PurePosixPath(*parts) if is_free else PurePosixPath(USED, *("up" if p == ".." else p for p in parts))


def keep(folder: Path, spec: str, used: Mapping[str, str]) -> None:
    """Write the spec, and what it uses before it; raises CannotRun, OSError."""
    for path, text in used.items():
        place = folder / kept_at(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        write(place, text)
    write(folder / SPEC, spec)


def read_used(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """The texts that `keep` wrote, by their paths relative to the spec; raises OSError."""
    return {path: (folder / kept_at(path)).read_text(encoding="utf-8") for path in paths}
