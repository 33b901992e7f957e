"""`specnet fmt`: the layout, the comments, the meaning that never changes, and the command."""

from __future__ import annotations

import os
import random
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import ERRORS, GOLDEN, ROOT, SPECS

from specnet.cli import main
from specnet.printer.formatter import format_source, format_tree
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.parser import parse

UNTIDY = sorted((GOLDEN / "fmt").glob("*.in.net"))


def parsed(text: str) -> tree.Lines:
    lines, diagnostics = parse(Source("test", text))
    assert not diagnostics, [diagnostic.message for diagnostic in diagnostics]
    return lines


def formatted(text: str) -> str:
    source = Source("test", text)
    return format_source(source, parsed(text))


def comments(text: str) -> list[str]:
    found = re.findall(r'"[^"\n]*"|#[^\n]*', text)
    return [comment.rstrip() for comment in found if comment.startswith("#")]


def assert_faithful(text: str) -> None:
    """Formatting keeps the meaning and the comments, and formatting twice changes nothing."""
    result = formatted(text)
    assert parsed(result) == parsed(text)
    assert comments(result) == comments(text)
    assert formatted(result) == result


def is_readable(file: Path) -> bool:
    return not parse(Source(file.name, file.read_text(encoding="utf-8")))[1]


FILES = sorted(SPECS.rglob("*.net"))
READABLE = [file for file in (*FILES, *ERRORS.glob("*.net"), *UNTIDY) if is_readable(file)]
TEXTS = [file.read_text(encoding="utf-8") for file in READABLE]


# The layout


@pytest.mark.parametrize("file", UNTIDY, ids=lambda file: file.name)
def test_golden(file: Path, golden: Callable[[str, str], None]) -> None:
    golden(f"fmt/{file.name.replace('.in.', '.out.')}", formatted(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_zoo_is_formatted(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert formatted(text) == text


def test_line_ends_and_tabs_are_canonical() -> None:
    text = "input 8x8x3   \n\n\tconv K=4 F=3 # one  \n-> relu"
    tidy = "input 8x8x3\n\nconv K=4 F=3                     # one\n  -> relu\n"
    assert formatted(text) == formatted(text.replace("\n", "\r\n")) == tidy


@pytest.mark.parametrize("text", ["", "\n\n", "  \t\n"])
def test_nothing_stays_nothing(text: str) -> None:
    assert formatted(text) == ""


def test_one_very_long_line_does_not_push_the_others() -> None:
    long = "conv" + "".join(f" a{i}=1" for i in range(2000))
    text = "conv K=1 F=1 -> relu    => 4\n" * 100 + f"{long}    => 4\n" + f"{'x' * 5000}: relu\n"
    assert formatted(text) == text


# The meaning


@pytest.mark.parametrize("text", TEXTS, ids=[file.name for file in READABLE])
def test_files_keep_their_meaning(text: str) -> None:
    assert_faithful(text)


TOKEN = re.compile(r'"[^"\n]*"|#[^\n]*|->|=>|\n|[{}|]|[^\S\n]+|(?:(?!->|=>)[^\s"#{}|])+')


def respaced(text: str, seed: int) -> str:
    """The text with the same meaning: other blanks, lines broken wherever they may be, comments everywhere."""
    chance = random.Random(seed)
    likely = chance.choice((0.02, 0.2, 0.7))
    pieces = list[str]()

    def breaks() -> str:
        """The end of a line, with or without a comment, and blank lines or comments below it."""
        comment = f" # {chance.randrange(1000)}" if chance.random() < 0.4 else ""
        more = "".join(
            chance.choice(("\n", "  \n", f"\t#{chance.randrange(1000)} \n")) for _ in range(chance.randrange(3))
        )
        return f"{comment}\n{more}"

    for token in TOKEN.findall(text):
        now = chance.random() < likely
        if token.isspace() and token != "\n":
            pieces.append(chance.choice((" ", "  ", "\t", " " * 9)) if now else token)
        elif token == "\n":
            pieces.append(breaks() if now else token)
        elif token in ("->", "}", "|"):
            pieces.append((breaks() if now else "") + token)
        elif token == "{":
            pieces.append(token + (breaks() if now else ""))
        else:
            pieces.append(token)
    return "".join(pieces)


@settings(max_examples=150)
@given(which=st.integers(0, len(TEXTS) - 1), seed=st.integers(0, 2**32))
def test_texts_keep_their_meaning_however_they_are_spaced(which: int, seed: int) -> None:
    text = respaced(TEXTS[which], seed)
    assert parsed(text) == parsed(TEXTS[which])
    assert_faithful(text)


# Trees that programs make


NOWHERE = Source("nowhere", "").span(0, 0)
NAMES = st.sampled_from(["K", "x3", "_a", "relu", "C", "k2", "conv"])
WORDS = st.sampled_from(["K", "or", "and", "if", "else", "in", "a.b", "x", "max", "let", "train"])


def names(text: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[tree.Name]:
    return st.builds(tree.Name, st.just(NOWHERE), text)


def node(kind: type[tree.Tree], *parts: st.SearchStrategy[object]) -> st.SearchStrategy[tree.Tree]:
    return st.builds(kind, st.just(NOWHERE), *parts)


def tuples(part: st.SearchStrategy[object], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(part, min_size=least, max_size=most).map(tuple)


def number(text: str) -> tree.Number:
    return tree.Number(NOWHERE, parsed(f"let a = {text}")[0].value.value, text)  # type: ignore[union-attr]


NUMBERS = st.sampled_from([*map(number, ["3", "0.5", "5e-4", "60_965", "1.2G", "4k"]), tree.Number(NOWHERE, 1.5, "")])
PLAIN = st.sampled_from([*map(number, ["3", "11", "224"])])
TAPS = node(tree.Tap, st.sampled_from(["a", "b.c"]))
SIGNS = ["+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", ">", ">=", "and", "or"]


def larger(inner: st.SearchStrategy[tree.Tree]) -> st.SearchStrategy[tree.Tree]:
    return st.one_of(
        node(tree.Size, tuples(st.one_of(PLAIN, inner), least=2)),
        node(tree.Unary, st.sampled_from(["-", "not"]), inner),
        node(tree.Binary, st.sampled_from(SIGNS), inner, inner),
        node(tree.Conditional, inner, inner, inner),
        node(tree.Function, names(), tuples(inner, least=1)),
        node(tree.Range, inner, inner),
        node(tree.SidePair, inner, inner),
        node(tree.Items, tuples(inner)),
    )


TEXT = node(tree.Text, st.text(st.characters(exclude_characters='"\ufffd', exclude_categories=["C"]), max_size=5))
EXPRESSIONS = st.recursive(st.one_of(NUMBERS, names(), names(WORDS), TEXT, TAPS), larger, max_leaves=8)
ARGUMENTS = tuples(node(tree.Argument, st.one_of(st.none(), names()), EXPRESSIONS))


def lines_of(inner: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    bodies = node(tree.Body, inner, tuples(inner, most=2))
    ifs = node(tree.If, EXPRESSIONS, bodies, st.one_of(st.none(), bodies))
    element = st.one_of(
        node(tree.Call, names(), ARGUMENTS, st.one_of(st.none(), bodies), st.one_of(st.none(), inner)),
        node(tree.Resume, TAPS),
        node(tree.Repeat, st.one_of(st.none(), names()), EXPRESSIONS, bodies),
        node(tree.For, names(), tuples(EXPRESSIONS, least=1), bodies),
        node(tree.If, EXPRESSIONS, bodies, st.one_of(st.none(), bodies, ifs)),
    )
    return tuples(
        st.one_of(
            node(
                tree.Chain, st.one_of(st.none(), names()), tuples(element, least=1), st.one_of(st.none(), EXPRESSIONS)
            ),
            node(tree.Let, names(), EXPRESSIONS),
            node(tree.Expect, names(), st.sampled_from(["==", "<", ">="]), EXPRESSIONS),
            node(tree.Block, names(), tuples(node(tree.Parameter, names(), st.one_of(st.none(), EXPRESSIONS))), bodies),
        )
    )


CALLS = node(tree.Call, names(), ARGUMENTS)
CHAINS = node(tree.Chain, st.one_of(st.none(), names()), tuples(CALLS, least=1), st.one_of(st.none(), EXPRESSIONS))


@settings(max_examples=100)
@given(st.recursive(tuples(CHAINS), lines_of, max_leaves=6))
def test_trees_read_back_as_they_are(lines: tree.Lines) -> None:
    text = format_tree(lines)
    assert parsed(text) == lines
    assert_faithful(text)


def test_a_spec_made_by_a_program_has_blank_lines_between_its_topics() -> None:
    text = (
        'net A\n\nuse "blocks/a.net"\n\ninput 8x8x3\n\ndefault conv bias=no\n\nblock a(K) { relu }\n\nblock b() { }\n\n'
        "conv1: conv K=4 F=3 -> relu\npool1: pool max F=2\n\nexpect parameters 3\nexpect macs < 1k\n\n"
        "train { seed 1 }\n"
    )
    assert format_tree(parsed(text.replace("\n\n", "\n"))) == text


# The command


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
    assert capsys.readouterr() == ("a.net\nc.net\n", "")
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
    done = specnet("fmt", "-", given=text.replace(b"\n", b"\r\n"))
    assert (done.returncode, done.stdout, done.stderr) == (0, TIDY_TEXT.replace("why", "größer").encode(), b"")
    done = specnet("fmt", "--check", "-", given=text)
    assert (done.returncode, done.stdout) == (1, b"<stdin>\n")
    done = specnet("fmt", "-", given=b"conv K=,")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"<stdin>:1:" in done.stderr


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
        "conv K=k F=3    => 6x6x4         # of the paper\nrelu            => (6)x(6)x(k)\n"
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


def test_fill_claims_the_value_at_the_end_not_the_last_layer(folder: Path) -> None:
    block = "block odd() {\n  conv K=4 F=3 -> @a -> conv K=5 F=3\n  @a\n}\n"
    rest = "odd\nfork: pool max F=2\nfc 36 -> reshape 6x6x1\nsame fork -> @b\nfc 3 -> head a { fc 2 }\n"
    lines = filled(folder, f"input 8x8x3\n{block}{rest}").splitlines()[5:]
    assert [line.partition("=> ")[2] for line in lines] == ["6x6x4", "3x3x4", "6x6x1", "3x3x1", ""]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_fill_writes_the_claims_of_the_zoo(file: Path, folder: Path) -> None:
    if file.parent.name == "blocks":
        return
    (folder / "blocks").symlink_to(ROOT / "specs/blocks")
    text = formatted(file.read_text(encoding="utf-8"))
    bare = re.sub(r" *=> [^ \n]+", "", text)
    assert bare != text
    assert filled(folder, bare) == text


def test_check_and_fill_together_change_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.net").write_text(TIDY_TEXT)
    assert main(["fmt", "--check", "--fill", "a.net"]) == 1
    assert capsys.readouterr() == ("a.net\n", "")
    assert (folder / "a.net").read_text() == TIDY_TEXT
