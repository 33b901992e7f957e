"""Files of blocks: which file a path means, that each is read once, and what no file may do."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

import specnet
from specnet.compiler import check_source, read_beside
from specnet.source import Source, Span
from specnet.spec_files import open_file, read_beginning


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.net").write_text(text, encoding="utf-8")


def test_each_file_is_read_once(folder: Path) -> None:
    """Files that each use two of the next level have 2^52 ways to the last one."""
    for level in range(52):
        following = f'use "a{level + 1}.net"\nuse "./b{level + 1}.net"\n' if level < 51 else ""
        write(folder, **{f"{side}{level}": f"{following}block {side}{level}_(K) {{ fc K }}\n" for side in "ab"})
    read = Counter[str]()

    def count(path: str, span: Span) -> Source:
        read[path.removeprefix("./")] += 1
        return read_beside(path, span)

    checked = check_source(Source("x.net", 'use "a0.net"\nuse "b0.net"\ninput 8\na51_ 3 -> b7_ 2'), read=count)
    assert checked.ok
    assert set(read.values()) == {1}
    assert len(checked.elaborated.used) == 104


def test_a_file_has_one_block_by_several_ways_and_two_of_the_same_name_are_an_error(folder: Path) -> None:
    write(folder, c="block c { relu }", a='use "c.net"', b='use "c.net"', other="block c { fc 3 }")
    assert specnet.check('use "a.net"\nuse "b.net"\ninput 8\nc -> fc 3\n').ok
    errors = specnet.check('use "a.net"\nuse "other.net"\ninput 8\nc -> fc 3\n').errors
    assert [error.message for error in errors] == ["there is already a block `c`"]


def test_a_file_that_uses_itself_by_a_link_is_a_cycle(folder: Path) -> None:
    write(folder, a='use "link.net"\ninput 8\nfc 3')
    (folder / "link.net").symlink_to("a.net")
    assert [error.message for error in specnet.check("a.net").errors] == [
        "the files use each other in a cycle: a.net → a.net"
    ]


def test_a_row_of_files_has_a_limit(folder: Path) -> None:
    write(folder, **{f"f{n}": f'use "f{n + 1}.net"\n' for n in range(1000)})
    errors = specnet.check('use "f0.net"\ninput 8\nfc 3\n').errors
    assert [error.code.name for error in errors] == ["E002"]


def test_used_files_have_a_limit_together(folder: Path) -> None:
    write(folder, **{f"f{n}": "# " + "x" * 100_000 for n in range(3)})
    errors = specnet.check('use "f0.net"\nuse "f1.net"\nuse "f2.net"\ninput 8\nfc 3\n').errors
    assert [(error.code.name, error.span and error.span.line) for error in errors] == [("E002", 3)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("path", ["/dev/zero", "fifo"])
def test_what_might_never_end_is_not_read(path: str, folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    errors = specnet.check(f'use "{path}"\ninput 8\nfc 3\n').errors
    assert [error.message for error in errors] == [f"`{path}` cannot be read: it is a device, a pipe or a socket"]
    with pytest.raises(OSError, match="it is a device, a pipe or a socket"):
        specnet.check(path)


def test_a_file_that_looks_regular_and_has_nothing_to_read_is_not_waited_for(folder: Path) -> None:
    (folder / "regular.net").write_text("block a { relu }")
    with open_file(folder / "regular.net") as stream:
        assert not os.get_blocking(stream.fileno())
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb"), pytest.raises(BlockingIOError, match="nothing"):
        read_beginning(stream)


def test_a_file_that_is_no_text_is_an_error_at_its_place(folder: Path) -> None:
    (folder / "blocks.net").write_bytes(b"block \xff { relu }")
    (error,) = specnet.check('use "blocks.net"\ninput 8\nfc 3\n').errors
    assert error.code.name == "E001"
    assert error.span
    assert error.span.source.name == "blocks.net"


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    (folder / "blocks.net").write_bytes("block a { relu }".encode("utf-8-sig"))
    assert specnet.check('use "blocks.net"\ninput 8\na -> fc 3\n').ok


ZOO = 'use "blocks/basic.net"\ninput 8x8x4\nbasic 4\nfc 3\n'


def test_the_blocks_of_the_zoo_are_found_from_anywhere_behind_the_files_beside(folder: Path) -> None:
    checked = specnet.check(ZOO)
    assert "basic1.bn1" in checked.network.by_name
    (folder / "blocks").mkdir()
    write(folder / "blocks", basic="block basic(K) { fc K }")
    assert "basic1.fc1" in specnet.check(ZOO).network.by_name


@pytest.mark.parametrize("path", ["blocks/../alexnet.net", "../specs/blocks/basic.net", "blocks", "blocks/none.net"])
def test_a_path_into_the_zoo_names_a_file_within_it(path: str, folder: Path) -> None:
    errors = specnet.check(f'use "{path}"\ninput 8\nfc 3\n').errors
    assert [error.code.name for error in errors] == ["E210"]
