"""Text of others, as it is printed."""

from __future__ import annotations

import json
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specnet.printable import dump_json, escape_commands, escape_unprintable, is_printable, replace_unprintable

PRINTABLE = st.text(st.characters(categories=["L", "N", "P", "S"]).filter(lambda c: c.isprintable() and c != "#"))

UNPRINTABLE = {
    "\x1b[31mred\x07": r"\x1b[31mred\x07",
    "a\rb\nc": r"a\rb\nc",
    "\x85\u2028\u2029": r"\x85\u2028\u2029",
    "\u202egnp.exe\u2066\u200b\ufeff": r"\u202egnp.exe\u2066\u200b\ufeff",
    "\ud800-\udc80": r"\ud800-\udc80",
    "\U000e0041\x7f\x9b": r"\U000e0041\x7f\x9b",
    "one\ttwo\xa0three": "one two three",
    "a ##[b]": "a ##[b]",
    "96×96, 猫 – é": "96×96, 猫 – é",
}


@pytest.mark.parametrize(("text", "shown"), UNPRINTABLE.items(), ids=ascii)
def test_what_a_terminal_would_obey_or_hide_is_escaped(text: str, shown: str) -> None:
    assert escape_unprintable(text) == shown
    assert escape_unprintable(shown) == shown
    assert len(replace_unprintable(text)) == len(text)
    assert replace_unprintable(text).isprintable()


@pytest.mark.parametrize("text", UNPRINTABLE, ids=ascii)
def test_json_holds_the_same_text_in_printable_characters(text: str) -> None:
    written = dump_json({text: [text, {}]})
    assert json.loads(written) == {text: [text, {}]}
    assert written.replace("\n", "").isprintable()
    assert "##[" not in written


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", r"\x3a:error::x"),
        ("a\n  ::set-env name=x::y", "a\n  \\x3a:set-env name=x::y"),
        ("a ##[command]b", r"a \x23#[command]b"),
        ("##vso[task.setvariable]", r"\x23#vso[task.setvariable]"),
        ("## A heading\na::b\n::", "## A heading\na::b\n\\x3a:"),
    ],
)
def test_no_line_is_a_command_to_the_reader_of_a_log(text: str, shown: str) -> None:
    assert escape_commands(text) == shown


def test_numbers_that_are_not_finite_are_null_in_json() -> None:
    assert json.loads(dump_json({"a": [float("nan"), 1.5], "b": -float("inf")})) == {"a": [None, 1.5], "b": None}


class Word(StrEnum):
    A = "a"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PRINTABLE
KEYS = PRINTABLE | st.integers() | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS | st.just(Word.A),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


@given(VALUES)
def test_json_is_laid_out_as_the_standard_library_does(value: object) -> None:
    assert dump_json(value) == json.dumps(value, ensure_ascii=False, indent=1)


def test_an_object_that_stands_in_two_places_has_two_indents() -> None:
    shared = {"a": [1, 2]}
    value = [shared, [shared], shared, {"b": shared}]
    assert dump_json(value) == json.dumps(value, indent=1)


@given(st.text())
def test_a_text_is_printable_if_nothing_but_line_ends_is_escaped(text: str) -> None:
    assert is_printable(text) == all(escape_unprintable(line) == line for line in text.split("\n"))


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_no_text_within_json_escapes_the_escaping(value: object) -> None:
    written = dump_json(value)
    assert is_printable(written)
    assert json.loads(written) == value
