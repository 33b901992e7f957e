"""A spec that is followed as it is edited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from specnet.compiler import Checked, check_source
from specnet.elaborate import Read
from specnet.page import following
from specnet.page.following import CannotShow, Edition, FollowedSpec
from specnet.source import Source

SPEC = "input 8x8x3\nfc 3\n"
USING = 'use "b.net"\ninput 8x8x3\nb 4\n'


def check(source: Source, read: Read) -> Checked:
    if "refused" in source.text:
        raise CannotShow("it is refused")
    if "bug" in source.text:
        raise RuntimeError("deep inside")
    return check_source(source, {}, read)


@contextmanager
def follow(path: Path) -> Iterator[FollowedSpec]:
    spec = FollowedSpec.begin(path, check)
    thread = Thread(target=spec.follow)
    thread.start()
    try:
        yield spec
    finally:
        spec.end()
        thread.join()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "INTERVAL", 0.01)


def wait(spec: FollowedSpec, seen: int) -> Edition:
    edition = spec.wait_for(seen, 20)
    assert edition
    return edition


def test_an_edit_is_checked_and_errors_are_editions_too(tmp_path: Path) -> None:
    file = tmp_path / "x.net"
    file.write_text(SPEC)
    with follow(file) as spec:
        assert spec.edition.number == 1
        file.write_text(SPEC.replace("fc 3", "fc 30"))
        assert wait(spec, 1).checked.network.nodes[0].output == (30,)
        file.write_text("input 8x8x3\nfoo\n")
        assert not (broken := wait(spec, 2)).checked.ok
        assert broken.notice == ""


def test_a_file_that_is_gone_or_refused_leaves_the_last_edition(tmp_path: Path) -> None:
    file = tmp_path / "x.net"
    file.write_text(SPEC)
    with follow(file) as spec:
        file.unlink()
        gone = wait(spec, 1)
        assert "no file" in gone.notice
        assert gone.checked.ok
        file.mkdir()
        assert "is a directory" in wait(spec, gone.number).notice
        file.rmdir()
        file.write_text("refused")
        edition = wait(spec, gone.number + 1)
        while "refused" not in edition.notice:
            edition = wait(spec, edition.number)
        file.write_text(SPEC)
        assert wait(spec, edition.number).notice == ""


def test_a_bug_does_not_end_the_following(tmp_path: Path) -> None:
    file = tmp_path / "x.net"
    file.write_text(SPEC)
    with follow(file) as spec:
        file.write_text("bug")
        assert wait(spec, 1).notice == "SpecNet failed with RuntimeError: deep inside; this is how it was."
        file.write_text(SPEC)
        assert wait(spec, 2).notice == ""


def test_a_used_file_is_followed_even_before_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "x.net"
    file.write_text(USING)
    with follow(file) as spec:
        assert not spec.edition.checked.ok
        (tmp_path / "b.net").write_text("block b(K) { fc K }\n")
        assert wait(spec, 1).checked.ok
        (tmp_path / "b.net").write_text("block b(K) { fc K -> relu }\n")
        assert len(wait(spec, 2).checked.network.nodes) == 2


def test_a_spec_that_is_not_there_cannot_be_followed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FollowedSpec.begin(tmp_path / "x.net", check)


def test_nothing_new_is_waited_for_in_vain(tmp_path: Path) -> None:
    (tmp_path / "x.net").write_text(SPEC)
    assert FollowedSpec.begin(tmp_path / "x.net", check).wait_for(1, 0.01) is None
