"""Getting a published set from where its makers keep it, into the user's cache, with its checksum."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pooch

from specnet.training.data.find import Found, Published, cache, find
from specnet.training.errors import CannotRun, DataProblem


def obtain(published: Published, data_dir: Path | None, note: Callable[[str], None]) -> Found:
    """The set where it lies, or else downloaded; raises DataProblem."""
    return find(published, data_dir) or _download(published, note)


def _download(published: Published, note: Callable[[str], None]) -> Found:
    if published.archive:
        return Found(published, _fetch(published, *published.archive, cache(), note))
    folder = cache() / published.folders[0]
    for file, checksum in published.files.items():
        _fetch(published, file, checksum, folder, note)
    return Found(published, folder)


def _fetch(published: Published, file: str, checksum: str, folder: Path, note: Callable[[str], None]) -> Path:
    """One file, downloaded to a temporary name, compared with its checksum, and only then put in place."""
    note(f"downloading {file} of {published.title} from {published.url}")
    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(pooch.retrieve(f"{published.url}/{file}", f"md5:{checksum}", file, folder))
    except PermissionError as error:
        raise CannotRun(f"the cache {folder} cannot be written: {error.strerror}") from None
    except (OSError, ValueError) as error:  # no network, no such page, or another checksum
        places = "--data-dir or $SPECNET_DATA may name a folder that holds it"
        raise DataProblem(
            f"{published.title} is not here and cannot be downloaded ({_cause(error)}); {places}"
        ) from None


def _cause(error: BaseException) -> str:
    """The innermost reason, without the layers of the network stack around it."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error).splitlines()[0]
