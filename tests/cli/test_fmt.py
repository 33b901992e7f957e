"""`specnet fmt`: which files are rewritten, and the claims that --fill writes."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from contextlib import redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from paths import ROOT, SPECS

from specnet import check
from specnet.cli import main

UNTIDY_TEXT = "input   8x8x3\nconv K=4 F=3->relu # why\n"
TIDY_TEXT = "input 8x8x3\nconv K=4 F=3 -> relu             # why\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_is_rewritten_only_if_it_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untidy, tidy = folder / "untidy.net", folder / "tidy.net"
    untidy.write_text(UNTIDY_TEXT)
    tidy.write_text(TIDY_TEXT)
    before = tidy.stat()
    assert main(["fmt", "untidy.net", "tidy.net"]) == 0
    assert untidy.read_text() == TIDY_TEXT
    assert (tidy.stat().st_ino, tidy.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert capsys.readouterr() == ("", "untidy.net: formatted\n")
    assert sorted(file.name for file in folder.iterdir()) == ["tidy.net", "untidy.net"]


def test_check_names_what_is_not_formatted_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("a.net", UNTIDY_TEXT), ("b.net", TIDY_TEXT), ("c.net", UNTIDY_TEXT)):
        (folder / name).write_text(text)
    assert main(["fmt", "--check", "a.net", "b.net", "c.net"]) == 1
    assert capsys.readouterr() == ("a.net: would be formatted\nc.net: would be formatted\n", "")
    assert (folder / "a.net").read_text() == UNTIDY_TEXT
    assert main(["fmt", "--check", "b.net"]) == 0
    assert capsys.readouterr().out == ""


def test_what_cannot_be_read_is_said_and_left_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.net").write_text("input   8x8x3\nconv K=,\n")
    (folder / "good.net").write_text(UNTIDY_TEXT)
    assert main(["fmt", "bad.net", "good.net"]) == 1
    captured = capsys.readouterr()
    assert "bad.net:2:" in captured.err
    assert captured.out == ""
    assert (folder / "bad.net").read_text() == "input   8x8x3\nconv K=,\n"
    assert (folder / "good.net").read_text() == TIDY_TEXT


@pytest.mark.parametrize("name", ["missing.net", "folder", "alexnet", "a\0.net"])
def test_what_is_no_file_is_2(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (folder / "folder").mkdir()
    (folder / "a.net").write_text(UNTIDY_TEXT)
    assert main(["fmt", "--check", "a.net", name]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "is a directory" in captured.err if name == "folder" else "cannot be read" in captured.err


@pytest.mark.parametrize("data", [b"\x00", b"net A\xff\n", b"relu\n" * 200_000, b"\xff\xfe" * 2_000_000])
def test_what_is_no_spec_is_left_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    (folder / "a.net").write_bytes(data)
    assert main(["fmt", "a.net"]) == 1
    assert capsys.readouterr().err.count("error[") == 1
    assert (folder / "a.net").read_bytes() == data


@pytest.mark.skipif(os.name == "nt", reason="POSIX links and permissions")
def test_links_and_permissions_stay(folder: Path) -> None:
    (folder / "a.net").write_text(UNTIDY_TEXT)
    (folder / "a.net").chmod(0o640)
    (folder / "link.net").symlink_to("a.net")
    assert main(["fmt", "link.net"]) == 0
    assert (folder / "link.net").is_symlink()
    assert (folder / "a.net").read_text() == TIDY_TEXT
    assert stat.S_IMODE((folder / "a.net").stat().st_mode) == 0o640


def test_what_may_not_be_written_is_2(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.net").write_text(UNTIDY_TEXT)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    assert main(["fmt", "a.net"]) == 2
    assert "read-only" in capsys.readouterr().err


def specnet(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "specnet", *arguments], input=given, capture_output=True, check=False)


def test_standard_input_goes_to_standard_output() -> None:
    text = UNTIDY_TEXT.replace("why", "größer").encode()
    done = specnet("fmt", "-", given=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, TIDY_TEXT.replace("why", "größer").encode(), b"")
    done = specnet("fmt", "--check", "-", given=text)
    assert (done.returncode, done.stdout) == (1, b"<stdin>: would be formatted\n")
    done = specnet("fmt", "-", given=b"conv K=,")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"<stdin>:1:" in done.stderr


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_encoding_and_line_ends_stay(folder: Path, encoding: str, line_end: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    untidy, tidy = (
        (mark + text.replace("why", "größer").replace("\n", line_end)).encode(encoding)
        for text in (UNTIDY_TEXT, TIDY_TEXT)
    )
    assert specnet("fmt", "-", given=untidy).stdout == tidy
    (folder / "a.net").write_bytes(untidy)
    assert main(["fmt", "a.net"]) == 0
    assert (folder / "a.net").read_bytes() == tidy
    assert main(["fmt", "--check", "a.net"]) == 0
    assert main(["check", "a.net"]) == 0
    assert check(folder / "a.net").ok


def test_standard_output_may_be_a_text_stream(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.net").write_text(UNTIDY_TEXT)
    for words, expected in ((["fmt", "a.net"], ""), (["fmt", "--check", "b.net"], "b.net: would be formatted\n")):
        (folder / "b.net").write_text(UNTIDY_TEXT)
        with redirect_stdout(StringIO()) as stream:
            main(words)
        assert stream.getvalue() == expected
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(UNTIDY_TEXT.encode())))
    with redirect_stdout(StringIO()) as stream:
        assert main(["fmt", "-"]) == 0
    assert stream.getvalue() == TIDY_TEXT


def test_formatting_reaches_no_heavy_library() -> None:
    program = (
        "import sys; from specnet.cli import main; code = main(['fmt', '--check', 'specs/resnet18.net'])\n"
        "heavy = {'torch', 'numpy', 'rich', 'pydantic', 'networkx', 'specnet.compiler'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr); sys.exit(code > 1)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


# --fill


def filled(folder: Path, text: str, code: int = 0) -> str:
    (folder / "fill.net").write_text(text)
    assert main(["fmt", "--fill", "fill.net"]) == code
    return (folder / "fill.net").read_text()


def test_fill_writes_the_claims_of_lines_that_end_in_a_layer(folder: Path) -> None:
    text = (
        "net Small\ninput 16x16x3\nlet n = 2\ndefault conv bias=no\n"
        "block twice(K) { conv K=K F=1 -> relu    => 4x4x9 }\n"
        "conv K=4 F=3 P=1 -> @a           # beside\npool max F=2\n"
        "repeat n { conv K=8 F=3 -> relu }\ntwice 9\n"
        "add {\n  | relu\n  | identity\n}    # behind\n"
        "@a\nfc 10 -> @b\n"
        "if n > 1 { relu }\nhead side { fc 3 }\n@b -> fc 2\nexpect macs < 1G\ntrain { seed 1 }\n"
    )
    claims = {
        "conv K=4 F=3 P=1 -> @a": "16x16x4",
        "pool max F=2": "8x8x4",
        "repeat n { conv K=8 F=3 -> relu }": "4x4x8",
        "twice 9": "4x4x9",
        "}": "4x4x9",
        "fc 10 -> @b": "10",
        "@b -> fc 2": "2",
    }
    found = {}
    for line in filled(folder, text).splitlines():
        before, arrow, claim = line.partition("#")[0].partition("=>")
        if arrow and not before.startswith("block"):
            found[before.strip()] = claim.strip()
    assert found == claims


def test_fill_corrects_what_is_claimed(folder: Path) -> None:
    text = (
        "input 8x8x3\nlet k = 4\n"
        "conv K=k F=3   => 8x8x4   # of the paper\nrelu => (6)x(6)x(k)\npool max F=2 => 9\nfc 10 => (k)x(k)x3\n"
        "expect parameters 3\nexpect macs == 4_356\nexpect parameters < 9\n"
    )
    assert filled(folder, text, code=1) == (
        "input 8x8x3\nlet k = 4\n"
        "conv K=k F=3    => 6x6x4         # of the paper\nrelu            => 6x6x(k)\n"
        "pool max F=2    => 3x3x4\nfc 10           => 10\n"
        "expect parameters 482\nexpect macs 4_248\nexpect parameters < 9\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input 8x8x3\nconv K=4 F=3\nrelu\nfc 10\n", "formatted, 3 claims written"),
        (
            "input 8x8x3\nconv K=4 F=3\nrelu => 8x8x4\nexpect parameters 3\n",
            "formatted, 1 claim written, 1 claim corrected, 1 expectation corrected",
        ),
        ("input 8x8x3\nfc 10    => 10\n", "nothing to fill"),
        ("input 8x8x3\nfc 10 => 10\n", "formatted, nothing to fill"),
    ],
)
def test_fill_says_what_it_filled(text: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(folder, text)
    assert capsys.readouterr().err == f"fill.net: {said}\n"


def test_fill_fills_what_is_known_and_says_the_rest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "input 8x8x3\nconv K=4 F=3\nrelu    => 8x8x4\ncnov K=2 F=1\nrelu    => 6x6x2\nfc 10\nexpect parameters 3\n"
    assert filled(folder, text, code=1) == (
        "input 8x8x3\nconv K=4 F=3    => 6x6x4\nrelu            => 6x6x4\ncnov K=2 F=1\nrelu            => 6x6x2\n"
        "fc 10\nexpect parameters 3\n"
    )
    err = capsys.readouterr().err
    assert err.count("error[") == 1
    assert "fill.net:4:1" in err


def test_fill_leaves_a_network_beyond_the_limits_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "input 8x8x3\nconv K=3 F=1\nrepeat 1000 { repeat 1000 { relu } }\nfc 10\n"
    assert filled(folder, text, code=1) == text
    assert "error[E002]" in capsys.readouterr().err


def test_fill_claims_the_value_at_the_end_not_the_last_layer(folder: Path) -> None:
    block = "block odd() {\n  conv K=4 F=3 -> @a -> conv K=5 F=3\n  @a\n}\n"
    rest = "odd\nfork: pool max F=2\nfc 36 -> reshape 6x6x1\nsame fork -> @b\nfc 3 -> head a { fc 2 }\n"
    lines = filled(folder, f"input 8x8x3\n{block}{rest}").splitlines()[5:]
    assert [line.partition("=> ")[2] for line in lines] == ["6x6x4", "3x3x4", "6x6x1", "3x3x1", ""]


@pytest.mark.parametrize("file", sorted(SPECS.rglob("*.net")), ids=lambda file: file.stem)
def test_fill_writes_the_claims_of_the_zoo(file: Path, folder: Path) -> None:
    if file.parent.name == "blocks" or file.stem.endswith("-as-written"):
        return
    (folder / "blocks").symlink_to(ROOT / "specs/blocks")
    text = file.read_text(encoding="utf-8")
    bare = re.sub(r" *=> [^ \n]+", "", text)
    assert bare != text
    assert filled(folder, bare) == text


def test_check_and_fill_together_change_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.net").write_text(TIDY_TEXT)
    assert main(["fmt", "--check", "--fill", "a.net"]) == 1
    assert capsys.readouterr() == ("a.net: would be formatted\n", "")
    assert (folder / "a.net").read_text() == TIDY_TEXT
