"""Find the folder or file of a user's own data, by a path of the spec."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from specnet.file_access import describe_reason
from specnet.training.data.download import expand_home, get_cache_folder, list_named_roots
from specnet.training.data.images import DataRequest
from specnet.training.errors import CannotRun, DataProblem


def find_folder(path: str, request: DataRequest) -> Path:
    """Return the first folder of this path that there is; raises DataProblem without one, CannotRun."""
    return _find(path, request, os.path.isdir, "folder")


def find_file(path: str, request: DataRequest) -> Path:
    """Return the first file of this path that there is; raises DataProblem without one, CannotRun."""
    return _find(path, request, os.path.isfile, "file")


def find_place(path: str, request: DataRequest) -> Path:
    """Return the first file or folder of this path that there is; raises DataProblem without one, CannotRun."""
    return _find(path, request, os.path.exists, "file or folder")


def _find(path: str, request: DataRequest, is_there: Callable[[Path], bool], noun: str) -> Path:
    candidates = list(dict.fromkeys(root / expand_home(path) for root in list_roots(request)))
    if found := next((candidate for candidate in candidates if is_there(candidate)), None):
        return found
    for candidate in candidates:
        _refuse_unsearchable(candidate)
    other = next((candidate for candidate in candidates if candidate.exists()), None)
    if other is not None:
        raise DataProblem(f"{other} is no {noun}")
    raise DataProblem(f"there is no {noun} {path}; looked at {', '.join(map(str, candidates))}")


def list_roots(request: DataRequest) -> Iterator[Path]:
    """Yield the folders that a path may be relative to, in the order of precedence."""
    yield from list_named_roots(request.data_dir)
    if request.spec_folder:
        yield request.spec_folder
    yield Path()
    yield get_cache_folder()


def _refuse_unsearchable(place: Path) -> None:
    """Raise CannotRun if the system does not say whether there is such a folder or file."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise CannotRun(f"{place} cannot be read: {describe_reason(error)}") from None
