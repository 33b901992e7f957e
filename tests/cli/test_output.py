"""The gate for everything that is printed: no name, text or value of the input reaches a terminal or a log raw."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import COLOURS, paint_set

from specnet.cli import main
from specnet.cli.table_options import TABLE_FORMATS

HOSTILE = "a\x1b[31m\r\n::error::b ##[c]\u202e\u200b\x07\x9b"
"""A name that paints, goes back, begins a line with a command, turns the text around, and rings."""

TITLE = "\x1b[31m\r::error::\x85\u2028b\u202e\u200b\x07"

SPEC = f"""net T "{TITLE}"
input 8x8x3
conv K=4 F=3 P=1 -> bn -> relu -> pool max global
fc 2
"""

TRAIN = """train {{
  data folder "{data}"
  group conv1 lr=2x
  epochs 1
  batch 8
}}
"""

Call = Callable[..., tuple[int, str, str]]


def assert_harmless(*texts: str) -> None:
    for line in "\n".join(texts).split("\n"):
        assert line.isprintable(), ascii(line)
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


BROKEN = {
    "a window": SPEC.replace("F=3", "F=30"),
    "a text": SPEC.replace("K=4", f'K="{TITLE}"'),
    "a word": SPEC.replace("fc 2", f'fc 2 "{TITLE}"'),
    "a file": f'use "{TITLE}.net"\n{SPEC}',
    "a character": SPEC.replace("relu", "re\x1blu\x07"),
    "a comment": SPEC.replace("fc 2", f"fc 2 x # {TITLE}"),
}
CALLS = {
    "a file": ["check", HOSTILE],
    "a missing file": ["check", f"{HOSTILE}/x.net"],
    "a setting": ["check", "b.net", "--set", f"{HOSTILE}=1"],
    "a value": ["check", "b.net", "--set", f"n={HOSTILE}"],
    "an input": ["check", "b.net", "--input", HOSTILE],
    "fixes": ["check", "--fix", HOSTILE],
    "no format": ["check", "b.net", "--format", HOSTILE],
    "a number": ["check", "b.net", "--top", HOSTILE],
    "an ambiguous option": ["train", f"--s={HOSTILE}"],
    "an unknown option": ["draw", "b.net", f"--{HOSTILE}"],
    "a command": [HOSTILE],
    "layout": ["fmt", "--check", HOSTILE],
    "rewriting": ["fmt", HOSTILE],
    "source": ["compile", HOSTILE],
    "a written file": ["compile", "b.net", "-o", f"{HOSTILE}.py"],
    "a folder": ["compile", "b.net", "-o", f"{HOSTILE}/c.py"],
    "a drawing": ["draw", HOSTILE, "-o", f"{HOSTILE}.dot"],
    "no drawing": ["draw", "b.net", "-o", HOSTILE],
    "a comparison": ["diff", HOSTILE, "b.net"],
    "the same": ["diff", HOSTILE, HOSTILE],
    "a side": ["diff", "b.net", "b.net", "--set-left", f"n={HOSTILE}"],
    "a table": ["table", HOSTILE, "b.net"],
    "variants": ["table", "b.net", "--vary", f"n=3,{HOSTILE}"],
    "a column": ["check", "b.net", "--columns", HOSTILE],
    "a topic": ["explain", HOSTILE],
    "runs": ["runs", HOSTILE],
    "no run": ["evaluate", HOSTILE],
    "no picture": ["predict", HOSTILE, HOSTILE],
    "no training": ["train", HOSTILE],
    "no weights": ["train", "b.net", "--weights", HOSTILE, "--set", f"data.path={HOSTILE}"],
    "no data": ["train", "c.net", "--data-dir", HOSTILE],
    "no resuming": ["train", "--resume", HOSTILE],
    "an export": ["export", HOSTILE, "--to", "safetensors"],
}


@pytest.mark.parametrize("words", CALLS.values(), ids=CALLS.keys())
def test_names_and_values_of_every_command_are_printed_escaped(folder: Path, call: Call, words: list[str]) -> None:
    for name in (HOSTILE, "b.net"):
        Path(name).write_text(f"let n  =  2\n{SPEC}")
    Path("c.net").write_text(SPEC + TRAIN.format(data="photos"))
    code, out, err = call(*words)
    assert code in (0, 1, 2)
    assert out or err
    assert_harmless(out, err)


@pytest.mark.parametrize("format", ["text", "json", "sarif", "github", "markdown", "latex", "csv"])
@pytest.mark.parametrize("text", [SPEC, *BROKEN.values()], ids=["sound", *BROKEN])
def test_texts_of_a_spec_are_printed_escaped(folder: Path, call: Call, text: str, format: str) -> None:
    Path(HOSTILE).write_text(text, newline="")
    code, out, err = call("check", HOSTILE, "--format", format)
    assert code == int(text is not SPEC)
    assert_harmless(err)
    assert err == "" or format in TABLE_FORMATS
    if format == "github":
        assert all(line.isprintable() and line.startswith("::") for line in out.splitlines())
    else:
        assert_harmless(out)
    if format in ("json", "sarif"):
        assert HOSTILE in json.loads(out)["file"] if format == "json" else json.loads(out)["runs"]
    compiled, written, told = call("compile", HOSTILE)
    assert compiled == code
    assert_harmless(written, told)


def test_a_run_and_its_classes_are_printed_escaped(folder: Path, call: Call) -> None:
    for part, count in (("train", 6), ("test", 2)):
        paint_set(folder / "photos" / part, {f"{HOSTILE}{name}": colour for name, colour in COLOURS.items()}, count)
    Path(HOSTILE).write_text(SPEC.replace("fc 2", "fc 3") + TRAIN.format(data="photos"))
    code, out, err = call("train", HOSTILE, "--run", f"runs/{HOSTILE}")
    assert code == 0, err
    assert_harmless(out, err)
    picture = next((folder / "photos/test").rglob("*.png"))
    Path(picture).rename(HOSTILE + ".png")
    for words in (
        ["evaluate", f"runs/{HOSTILE}"],
        ["evaluate", f"runs/{HOSTILE}", "--format", "json"],
        ["predict", f"runs/{HOSTILE}", f"{HOSTILE}.png"],
        ["predict", f"runs/{HOSTILE}", f"{HOSTILE}.png", "--format", "json"],
        ["runs"],
        ["runs", "--format", "json"],
        ["export", f"runs/{HOSTILE}", "--to", "safetensors"],
        ["train", "--resume", f"runs/{HOSTILE}"],
    ):
        code, out, err = call(*words)
        assert code in (0, 2), err
        assert_harmless(out, err)


FULL = Path("/dev/full")

PRINTING = {
    "help": ["--help"],
    "help of a command": ["check", "--help"],
    "version": ["--version"],
    "check": ["check", "a.net"],
    "check json": ["check", "a.net", "--format", "json"],
    "check sarif": ["check", "a.net", "--format", "sarif"],
    "check github": ["check", "b.net", "--format", "github"],
    "compile": ["compile", "a.net"],
    "diff": ["diff", "a.net", "a.net"],
    "table": ["table", "a.net"],
    "check csv": ["check", "a.net", "--format", "csv"],
    "diff json": ["diff", "a.net", "a.net", "--format", "json"],
    "fmt --check": ["fmt", "--check", "a.net"],
    "explain": ["explain"],
    "explain a code": ["explain", "E301"],
    "evaluate": ["evaluate", "moved"],
    "evaluate json": ["evaluate", "moved", "--format", "json"],
    "predict": ["predict", "moved", "moved/curves.png"],
    "runs": ["runs", "moved"],
    "runs json": ["runs", "moved", "--format", "json"],
    "train": ["train", "--resume", "moved"],
}


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", PRINTING.values(), ids=PRINTING)
def test_an_output_that_cannot_be_written_is_said(
    run: Path, trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    Path("a.net").write_text(f"let n  =  2\n{SPEC}")
    Path("b.net").write_text(BROKEN["a window"])
    needs_data = words[0] in ("evaluate", "train")
    with FULL.open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        code = main([*words, *(["--data-dir", str(trained)] if needs_data else [])])
        monkeypatch.undo()
    said = capsys.readouterr().err
    assert code == 2, said
    assert said.endswith("error: the output cannot be written: no space left on device\n")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", [["check", "none"], ["evaluate", "none"], ["train", "--resume", "moved"]], ids=str)
def test_messages_that_cannot_be_written_change_nothing(
    run: Path, trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    with FULL.open("w") as full:
        monkeypatch.setattr("sys.stderr", full)
        code = main([*words, *(["--data-dir", str(trained)] if words[0] == "train" else [])])
        monkeypatch.undo()
    assert code == (0 if words[0] == "train" else 2), capsys.readouterr()


def test_messages_that_nobody_reads_change_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        monkeypatch.setattr("sys.stderr", closed)
        code = main(["check", "none"])
        monkeypatch.undo()
    assert code == 2


def test_a_result_that_nobody_reads_ends_quietly(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        monkeypatch.setattr("sys.stdout", closed)
        code = main(["explain"])
        monkeypatch.undo()
    assert (code, capsys.readouterr().err) == (1, "")


def test_on_a_terminal_only_our_own_colours_stay(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(HOSTILE).write_text(BROKEN["a window"], newline="")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["check", HOSTILE]) == 1
    out = capsys.readouterr().out
    assert "\x1b[1;31merror[E302]\x1b[0m" in out
    assert_harmless(re.sub(r"\x1b\[(?:1|2|0|1;31)m", "", out))
