"""Find the files of published data sets, or download them into the user's cache, with checksums."""

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import md5
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO

import pooch

from specnet.byte_sizes import format_bytes
from specnet.option_names import name_option
from specnet.training.errors import CannotRun, DataProblem

LARGEST_FILE = 2**28
"""The most bytes of a file that is read whole, packed or not; the largest of a published set has 155 MB."""

MOST_ENTRIES = 1000
"""The number of an archive's entries that are looked through; those of the published sets have nine."""

GZIP = b"\x1f\x8b"
"""The first bytes of a gzipped file."""


@dataclass(frozen=True)
class PublishedSet:
    """A set as it is published.

    `files` maps its files to their MD5, `folders` are possible names of the folder that holds them, `images` are the
    numbers of training and test images, `url` is the address of the folder with the files, or with the `archive` (name
    and MD5) if there is one.
    """

    title: str
    url: str
    files: Mapping[str, str]
    folders: tuple[str, ...]
    images: tuple[int, int]
    archive: tuple[str, str] | None = None


@dataclass(frozen=True)
class SetFiles:
    """The files of a set in `place`, a folder or a .tar.gz."""

    published: PublishedSet
    place: Path

    @cached_property
    def _archive(self) -> dict[str, bytes]:
        """The files of the set in the archive, whose other entries are passed over unread."""
        with _BoundedGzip(self.place) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            found: dict[str, bytes] = {}
            for member in islice(archive, MOST_ENTRIES):
                if (name := Path(member.name).name) in self.published.files and (file := _open_member(archive, member)):
                    found.setdefault(name, file.read())
                if len(found) == len(self.published.files):
                    break
            return found

    def _raw(self, file: str) -> bytes:
        if self.place.is_dir():
            return _read_whole(_packed_or_not(self.place, file))
        return self._archive[file]

    def read(self, file: str) -> bytes:
        """Return a file's uncompressed content; raises DataProblem."""
        try:
            raw = self._raw(file)
            return _unpack(raw) if raw.startswith(GZIP) else raw
        except (KeyError, FileNotFoundError):
            raise DataProblem(
                f"{self.published.title} is incomplete: {self.place} has no {file}; {self._anew}"
            ) from None
        except (EOFError, ValueError, RecursionError, zlib.error, tarfile.TarError, gzip.BadGzipFile) as error:
            raise self.make_damage_error(file, str(error)) from None
        except OSError as error:
            raise DataProblem(f"{self.place} cannot be read: {error.strerror or error}") from None

    def make_damage_error(self, file: str, why: str) -> DataProblem:
        """Return the error for a file that is damaged."""
        return DataProblem(f"{file} in {self.place} is damaged or only half there ({why}); {self._anew}")

    @property
    def _anew(self) -> str:
        return f"{self.published.url} has it"

    def verify(self) -> None:
        """Compare the files with the published checksums; raises DataProblem."""
        for file, expected in self.published.files.items():
            raw = self._raw(file)
            if file.endswith(".gz") and not raw.startswith(GZIP):
                continue  # unpacked by hand; checksums are published of the packed file alone
            if (actual := md5(raw, usedforsecurity=False).hexdigest()) != expected:
                raise self.make_damage_error(file, f"its MD5 is {actual}, the published one {expected}")


class _BoundedGzip(gzip.GzipFile):
    """A gzipped file that refuses to read more than the largest file at once, whatever size an archive announces."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(_bound(size) if size else size)


def _open_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    """Open a regular file of an archive; None for other entries. Raises ValueError for one that is too large."""
    if not member.isreg():
        return None
    _bound(member.size)
    return archive.extractfile(member)


def _read_whole(path: Path) -> bytes:
    """Read a regular file; raises OSError, and ValueError where it is too large."""
    if path.exists() and not path.is_file():
        raise OSError(f"{path.name} is no regular file")
    _bound(path.stat().st_size)
    return path.read_bytes()


def _unpack(packed: bytes) -> bytes:
    """Return the content of a gzipped file; raises ValueError where it is too large."""
    with gzip.GzipFile(fileobj=BytesIO(packed)) as stream:
        content = stream.read(LARGEST_FILE + 1)
    _bound(len(content))
    return content


def _bound(size: int) -> int:
    """Return a number of bytes; raises ValueError where no file of a set has so many."""
    if size > LARGEST_FILE:
        raise ValueError(f"it has more than {format_bytes(LARGEST_FILE)}, which no file of a published set has")
    return size


def _packed_or_not(folder: Path, file: str) -> Path:
    """Return the path of a file as published, or unpacked."""
    return folder / file if (folder / file).is_file() else folder / file.removesuffix(".gz")


def list_data_roots(data_dir: Path | None) -> Iterator[Path]:
    """Yield the folders that may hold published data, in the order of precedence."""
    yield from list_named_roots(data_dir)
    yield get_cache_folder()


def list_named_roots(data_dir: Path | None) -> Iterator[Path]:
    """Yield the folders that the user has named as those that hold data."""
    if data_dir:
        yield expand_home(data_dir)
    if "SPECNET_DATA" in os.environ:
        yield expand_home(os.environ["SPECNET_DATA"])


def expand_home(path: str | Path) -> Path:
    """Return a path with a leading `~` or `~user` expanded, which a shell does not do within quotes or behind `=`."""
    return Path(os.path.expanduser(path))  # noqa: PTH111, Path.expanduser fails for a user that there is not


def get_cache_folder() -> Path:
    """Return the user's cache, where downloads go."""
    return Path(pooch.os_cache("specnet"))


def find_set(published: PublishedSet, data_dir: Path | None) -> SetFiles | None:
    """Return the first place with at least one file of the set, or its archive."""
    for root in list_data_roots(data_dir):
        for folder in (*(root / name for name in published.folders), root):
            if any(_packed_or_not(folder, file).is_file() for file in published.files):
                return SetFiles(published, folder)
        if published.archive and (root / published.archive[0]).is_file():
            return SetFiles(published, root / published.archive[0])
    return None


def find_or_download(published: PublishedSet, data_dir: Path | None, note: Callable[[str], None]) -> SetFiles:
    """Find the set, or else download it; raises DataProblem, CannotRun."""
    return find_set(published, data_dir) or _download(published, note)


def _download(published: PublishedSet, note: Callable[[str], None]) -> SetFiles:
    if published.archive:
        return SetFiles(published, _fetch(published, *published.archive, get_cache_folder(), note))
    folder = get_cache_folder() / published.folders[0]
    for file, checksum in published.files.items():
        _fetch(published, file, checksum, folder, note)
    return SetFiles(published, folder)


def _fetch(published: PublishedSet, file: str, checksum: str, folder: Path, note: Callable[[str], None]) -> Path:
    """Download a file under a temporary name, and rename it once its checksum is right."""
    note(f"downloading {file} of {published.title} from {published.url}")
    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(pooch.retrieve(f"{published.url}/{file}", f"md5:{checksum}", file, folder))
    except PermissionError as error:
        raise CannotRun(f"the cache {folder} cannot be written: {error.strerror}") from None
    except (OSError, ValueError) as error:  # no network, no such page, or another checksum
        places = f"{name_option('data_dir')} or $SPECNET_DATA may name a folder that holds it"
        raise DataProblem(
            f"{published.title} is not here and cannot be downloaded ({_innermost_reason(error)}); {places}"
        ) from None


def _innermost_reason(error: BaseException) -> str:
    """Return the innermost reason, without the layers of the network stack around it."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error).splitlines()[0]
