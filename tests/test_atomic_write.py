"""A file that a user names is written as its owner would, as a whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from specnet import atomic_write
from specnet.atomic_write import open_atomically, write_user_file
from specnet.cli import main

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX links, modes and devices")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def test_a_new_file_has_the_mode_of_any_other(tmp_path: Path) -> None:
    write_user_file(tmp_path / "new", b"new")
    (tmp_path / "other").write_bytes(b"")
    assert (tmp_path / "new").read_bytes() == b"new"
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "other"]


def test_a_file_keeps_its_mode(file: Path) -> None:
    file.chmod(0o640)
    write_user_file(file, b"new")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o640)


@pytest.mark.parametrize("has_target", [True, False])
def test_a_link_is_followed(file: Path, has_target: bool) -> None:
    link = file.with_name("link")
    link.symlink_to("file" if has_target else "nowhere")
    write_user_file(link, b"new")
    assert link.is_symlink()
    assert link.resolve().read_bytes() == b"new"


def test_hard_links_stay_one_file(file: Path) -> None:
    other = file.with_name("other")
    other.hardlink_to(file)
    write_user_file(file, b"newer")
    assert other.read_bytes() == b"newer"
    assert file.samefile(other)
    assert sorted(path.name for path in file.parent.iterdir()) == ["file", "other"]


IS_ROOT = os.name == "posix" and os.geteuid() == 0


def test_a_file_of_another_owner_stays_theirs(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    number, owner = file.stat().st_ino, file.stat().st_uid
    monkeypatch.setattr(atomic_write, "_copy_attributes", refuse)  # as chown does for all but root
    write_user_file(file, b"newer")
    assert (file.read_bytes(), file.stat().st_ino, file.stat().st_uid) == (b"newer", number, owner)
    assert [path.name for path in file.parent.iterdir()] == ["file"]


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file away")
def test_root_keeps_the_owner(file: Path) -> None:
    os.chown(file, 12345, 23456)
    file.chmod(0o640)
    write_user_file(file, b"new")
    found = file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o640)
    assert file.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this system has no such calls")
def test_extended_attributes_stay(file: Path) -> None:
    try:
        os.setxattr(file, "user.origin", b"a paper")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    write_user_file(file, b"new")
    assert (file.read_bytes(), os.getxattr(file, "user.origin")) == (b"new", b"a paper")


def test_a_file_in_a_folder_that_cannot_be_written_is_written_in_place(
    file: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("temporary")
    kept, create = list[bytes](), atomic_write._create

    def create_elsewhere(path: Path, content: bytes, mode: int) -> None:
        if path.parent == file.parent:
            raise PermissionError(13, "Permission denied")
        kept.append(content)
        create(path, content, mode)

    monkeypatch.setattr(atomic_write, "_replace", lambda *arguments: False)
    monkeypatch.setattr(atomic_write, "_create", create_elsewhere)
    monkeypatch.setattr(atomic_write, "gettempdir", lambda: str(elsewhere))
    write_user_file(file, b"newer")
    assert (file.read_bytes(), kept) == (b"newer", [b"old"])
    assert not list(elsewhere.iterdir())


def test_a_fifo_is_written_into(tmp_path: Path) -> None:
    fifo, read = tmp_path / "fifo", list[bytes]()
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    write_user_file(fifo, b"new")
    reader.join()
    assert read == [b"new"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_device_is_written_into(tmp_path: Path) -> None:
    reader, writer = os.openpty()  # a character device of our own
    (tmp_path / "link").symlink_to(os.ttyname(writer))
    write_user_file(tmp_path / "link", b"new")
    assert os.read(reader, 10) == b"new"
    assert stat.S_ISCHR((tmp_path / "link").stat().st_mode)
    os.close(reader)
    os.close(writer)


def test_what_nobody_may_write_is_refused_for_root_too(file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        write_user_file(file, b"new")
    assert file.read_bytes() == b"old"


def fail(*arguments: Any) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("has_hard_links", [True, False])
def test_a_failure_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch, has_hard_links: bool) -> None:
    if has_hard_links:
        file.with_name("other").hardlink_to(file)
    calls = iter([fail])  # and then the old content can be written
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: next(calls, fsync)(descriptor))
    with pytest.raises(OSError, match="No space"):
        write_user_file(file, b"new")
    assert file.read_bytes() == b"old"
    assert not list(file.parent.glob(".*"))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_cannot_be_restored_is_kept_and_named(
    file: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*arguments: Any) -> None:
        raise error

    file.with_name("other").hardlink_to(file)
    monkeypatch.setattr(atomic_write, "_set_content", fail)
    with pytest.raises(OSError, match="what it held is in") as caught:
        write_user_file(file, b"new")
    copy = Path(str(caught.value).rpartition(" ")[2])
    assert (copy.read_bytes(), stat.S_IMODE(copy.stat().st_mode)) == (b"old", 0o600)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve space")
def test_space_is_reserved_before_anything_is_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[bytes]()

    def fill_up(descriptor: int, start: int, length: int) -> None:
        assert (start, length) == (3, 5)
        seen.append(file.read_bytes())
        fail()

    file.with_name("other").hardlink_to(file)
    monkeypatch.setattr(os, "posix_fallocate", fill_up)
    with pytest.raises(OSError, match="No space"):
        write_user_file(file, b"8 bytes.")
    assert seen == [b"old"]
    assert file.read_bytes() == b"old"
    assert not list(file.parent.glob(".*"))


def test_a_stream_that_breaks_leaves_nothing(file: Path) -> None:
    with pytest.raises(RuntimeError), open_atomically(file) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert [path.name for path in file.parent.iterdir()] == ["file"]
    assert file.read_bytes() == b"old"


@pytest.mark.parametrize("command", [["fmt"], ["check", "--fix"]])
def test_line_ends_and_byte_order_mark_of_a_spec_stay(file: Path, command: list[str]) -> None:
    word = "conv" if command == ["fmt"] else "cnov"
    file.write_bytes(f"\ufeffinput 8x8x1\r\n{word}   K=8 F=3\r\n".encode())
    main([*command, str(file)])
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfinput 8x8x1\r\n")
    assert content.count(b"\r\n") == content.count(b"\n") == 2
    assert b"conv" in content
    assert main(["fmt", "--check", str(file)]) == (0 if command == ["fmt"] else 1)


@pytest.mark.parametrize("links", [1, 2])
def test_what_a_secret_file_held_or_will_hold_is_never_open_to_others(
    file: Path, monkeypatch: pytest.MonkeyPatch, links: int
) -> None:
    """From the moment that a file beside it is created: who has opened it may read what comes later."""
    file.chmod(0o600)
    if links == 2:
        file.with_name("other").hardlink_to(file)
    modes, create = list[int](), os.open

    def spy(path: Any, flags: int, mode: int = 0o777) -> int:
        descriptor = create(path, flags, mode)
        if flags & os.O_CREAT:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", spy)
    write_user_file(file, b"new")
    assert modes == [0o600]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_synced_holds_the_file_all_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "fsync", refuse)
    write_user_file(file, b"new")
    write_user_file(file.with_name("another"), b"new")
    assert sorted(path.name for path in file.parent.iterdir()) == ["another", "file"]


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("check --fix", "input 8x8x1\r\ncnov K=8 F=3\nrelu\r\nfc 2\n", "input 8x8x1\r\nconv K=8 F=3\nrelu\r\nfc 2\n"),
        ("check --fix", "input 8x8x1\ncnov K=8 F=3\r\nrelu", "input 8x8x1\nconv K=8 F=3\r\nrelu"),
        ("fmt", "input   8x8x1\r\nconv K=8 F=3\nfc 2\r\n", "input 8x8x1\r\nconv K=8 F=3\r\nfc 2\r\n"),
        ("fmt", "input   8x8x1\r\nconv K=8 F=3\nfc 2\n", "input 8x8x1\nconv K=8 F=3\nfc 2\n"),
        ("fmt", "input 8x8x1\r\nconv K=8 F=3\nfc 2\n", "input 8x8x1\nconv K=8 F=3\nfc 2\n"),
    ],
)
def test_where_line_ends_differ_a_fix_keeps_them_and_the_layout_has_one(
    file: Path, command: str, before: str, after: str
) -> None:
    file.write_bytes(before.encode())
    main([*command.split(), str(file)])
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("links", [1, 2])
def test_a_signal_waits_until_the_file_is_whole(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, links: int
) -> None:
    """So that no copy and no temporary file stays behind, of which nobody would know."""
    number = getattr(signal, name)
    if links == 2:
        (file.parent / "link").hardlink_to(file)
    received, fsync = list[bytes](), os.fsync

    def interrupt(descriptor: int) -> None:
        signal.raise_signal(number)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", interrupt)
    before = signal.signal(number, lambda number, frame: received.append(file.read_bytes()))
    try:
        write_user_file(file, b"the new content")
        assert received == [b"the new content"]
    finally:
        signal.signal(number, before)
    assert {path.name for path in file.parent.iterdir()} <= {"file", "link"}


def test_an_ignored_signal_stays_ignored_and_threads_can_write(file: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        write_user_file(file, b"new")
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    thread = threading.Thread(target=write_user_file, args=(file, b"newer"))
    thread.start()
    thread.join()
    assert file.read_bytes() == b"newer"
