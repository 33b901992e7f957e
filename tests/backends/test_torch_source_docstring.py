"""The docstring of generated source holds any title and file name as text, and never as code."""

from __future__ import annotations

import ast
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from specnet.backends.source.docstring import write_docstring
from specnet.backends.torch_source import generate_source
from specnet.compiler import check_source
from specnet.layers.base import order_as_torch
from specnet.source import Source

NETWORK = check_source(Source("a.net", "input 8x8x1\nconv K=4 F=3 -> relu\nfc 10\n")).network

HOSTILE = st.text(st.sampled_from('\\\\\\""\'\n\r\t #{}()ab\u2028\ud800é'), max_size=300)


def words_of(text: str) -> list[str]:
    return "".join(character if character.isprintable() else " " for character in text).split()


@given(description=HOSTILE, origin=HOSTILE)
@example(description="x" * 110 + '\\"""; import os; """', origin="a.net")
@example(description="", origin="a" * 100 + '\\"""\nprint("run")\n"""')
def test_the_docstring_is_one_text_that_holds_title_and_origin(description: str, origin: str) -> None:
    docstring = write_docstring(replace(NETWORK, description=description), origin, order_as_torch)
    (statement,) = ast.parse(docstring).body
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    text = "".join(str(statement.value.value).split())
    assert "".join(words_of(description)) in text
    assert "".join(words_of(origin)) in text


@pytest.mark.parametrize("origin", ['a\\"""\nraise SystemExit(3)\n"""', "C:\\users\\nets\\u.net", '"', '"""'])
def test_source_from_a_file_of_any_name_runs(origin: str) -> None:
    tree = ast.parse(generate_source(NETWORK, origin * 30))
    expected = ast.parse(generate_source(NETWORK, "a.net"))
    assert [ast.dump(node) for node in tree.body[1:]] == [ast.dump(node) for node in expected.body[1:]]


@pytest.mark.parametrize(
    ("up", "is_for_one_size"), [("upsample like=@x", False), ("upsample to=8x8", True), ("upsample 2", False)]
)
def test_the_docstring_says_where_the_module_is_for_one_size_of_input(up: str, is_for_one_size: bool) -> None:
    spec = f"input 8x8x4 -> @x\nconv K=4 F=3 S=2 P=1\n{up}\nadd @x\n"
    network = check_source(Source("a.net", spec)).network
    assert ("for inputs of this size only" in write_docstring(network, "a.net", order_as_torch)) is is_for_one_size
    names: dict[str, Any] = {"__name__": "generated"}
    exec(generate_source(network, "a.net"), names)
    module = names[network.name or "Network"]()
    for size in (8, 12):
        fits = size == 8 or not is_for_one_size
        with nullcontext() if fits else pytest.raises(RuntimeError):
            assert module(torch.zeros(1, 4, size, size)).shape == (1, 4, size, size)
