"""The canonical layout of specs: it keeps comments and meaning, and formatting twice changes nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import ERRORS, GOLDEN, SPECS

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


WRITTEN = map(number, ["3", "0.5", "5e-4", "60_965", "1.2G", "4k", "24GB", "1.5KiB"])
NUMBERS = st.sampled_from([*WRITTEN, tree.Number(NOWHERE, 1.5, "")])
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
    given = bodies.map(tree.join_lines)
    layers = node(tree.LayersArgument, names(), given)
    parameters = node(tree.Parameter, names(), st.one_of(st.none(), EXPRESSIONS)) | node(
        tree.Parameter, names(), st.none(), given
    )
    ifs = node(tree.If, EXPRESSIONS, bodies, st.one_of(st.none(), bodies))
    element = st.one_of(
        node(tree.Call, names(), ARGUMENTS, st.one_of(st.none(), bodies), st.one_of(st.none(), inner)),
        node(tree.Call, names(), ARGUMENTS, st.none(), st.none(), tuples(layers, least=1, most=2)),
        node(tree.Resume, TAPS),
        node(tree.Repeat, st.one_of(st.none(), names()), EXPRESSIONS, bodies, tuples(TAPS, most=2)),
        node(tree.For, names(), tuples(EXPRESSIONS, least=1), bodies, tuples(TAPS, most=2)),
        node(tree.If, EXPRESSIONS, bodies, st.one_of(st.none(), bodies, ifs)),
    )
    return tuples(
        st.one_of(
            node(
                tree.Chain, st.one_of(st.none(), names()), tuples(element, least=1), st.one_of(st.none(), EXPRESSIONS)
            ),
            node(tree.Let, names(), EXPRESSIONS),
            node(tree.Expect, names(), st.sampled_from(["==", "<", ">="]), EXPRESSIONS),
            node(tree.Block, names(), tuples(parameters), bodies),
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


def test_columns_within_braces_skip_no_row() -> None:
    text = "a: for S in 2 1 { b w S=S }\nc: for S in 2 1 1 { b w S=S }\nd: for S in 2 1 { b 4*w S=S }\n"
    assert formatted(text) == text
    neighbours = "a: for S in 2 1 { b w   S=S }\nd: for S in 2 1 { b 4*w S=S }\n"
    assert formatted(neighbours) == neighbours
