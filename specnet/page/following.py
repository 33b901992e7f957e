"""Follow a spec as it is edited: check it again when its file, or one that it uses, has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Event

from specnet.compiler import Checked, read_beside
from specnet.elaborate import Read
from specnet.file_access import describe_reason
from specnet.source import Source, Span
from specnet.spec_files import find_block_file, read_regular_file

INTERVAL = 0.1
"""The seconds between two looks at the files."""

Check = Callable[[Source, Read], Checked]
"""Checks a spec with a function that reads the files it uses; raises CannotShow."""


class CannotShow(Exception):
    """A spec cannot be checked at all, and its page says why."""


@dataclass(frozen=True)
class Edition:
    """A spec as it was at some time: the last that could be checked, and what has been wrong since then."""

    number: int
    checked: Checked
    notice: str = ""


Signature = dict[Path, tuple[int, int, int] | None]
"""What tells one version of each file from another; None for a file that is not there."""


@dataclass
class FollowedSpec:
    """A spec that is checked whenever it has changed. `edition` is the latest one."""

    path: Path
    check: Check
    edition: Edition
    _watched: set[Path]
    _signature: Signature = field(default_factory=dict)
    _is_new: Condition = field(default_factory=Condition)
    _has_ended: Event = field(default_factory=Event)

    @classmethod
    def begin(cls, path: Path, check: Check) -> FollowedSpec:
        """Check a spec for the first time; raises OSError and CannotShow."""
        watched = {path}
        signature = _sign(watched)
        checked = check(Source(str(path), read_regular_file(path)), _make_reader(watched))
        return cls(path, check, Edition(1, checked), watched, signature)

    def follow(self) -> None:
        """Look for changes until `end` is called; a file is read once it no longer changes."""
        seen = self._signature
        while not self._has_ended.wait(INTERVAL):
            signature = _sign(self._watched)
            if signature == seen != self._signature:
                self._signature = signature
                self._publish(self._look())
            seen = signature

    def _look(self) -> Edition:
        """Return the next edition: the spec checked again, or the last one with a notice."""
        number, last = self.edition.number + 1, self.edition.checked
        self._watched = {self.path}
        try:
            source = Source(str(self.path), read_regular_file(self.path))
            return Edition(number, self.check(source, _make_reader(self._watched)))
        except FileNotFoundError:
            return Edition(number, last, f"There is no file {self.path} any more; this is how it was.")
        except OSError as error:
            return Edition(number, last, f"{self.path} cannot be read: {describe_reason(error)}; this is how it was.")
        except CannotShow as error:
            return Edition(number, last, f"{error}; this is how it was.")
        except Exception as error:  # a bug, which the next edit may well avoid
            return Edition(number, last, f"SpecNet failed with {type(error).__name__}: {error}; this is how it was.")

    def _publish(self, edition: Edition) -> None:
        looked_at = {path: self._signature[path] for path in self._signature.keys() & self._watched}
        self._signature = _sign(self._watched) | looked_at  # what was changed while it was checked is seen next time
        with self._is_new:
            self.edition = edition
            self._is_new.notify_all()

    def wait_for(self, seen: int, patience: float) -> Edition | None:
        """Return the edition once it is another than the one that was seen; None after `patience` seconds."""
        with self._is_new:
            self._is_new.wait_for(lambda: self.edition.number != seen or self._has_ended.is_set(), patience)
            return self.edition if self.edition.number != seen else None

    @property
    def has_ended(self) -> bool:
        return self._has_ended.is_set()

    def end(self) -> None:
        """Stop following, and let those go that wait for an edition."""
        self._has_ended.set()
        with self._is_new:
            self._is_new.notify_all()


def _make_reader(watched: set[Path]) -> Read:
    """Return a function that reads the files a spec uses, and adds their paths, there or not, to those watched."""

    def read(path: str, span: Span) -> Source:
        folder = Path(span.source.name).parent
        watched.update((folder / path, find_block_file(path, folder)))
        return read_beside(path, span)

    return read


def _sign(paths: set[Path]) -> Signature:
    return {path: _sign_file(path) for path in paths}


def _sign_file(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
