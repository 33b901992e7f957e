"""Blocks that nobody calls: what their text tells is checked, what depends on unknown values is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from paths import SPECS

import specnet
from specnet.compiler import check_source
from specnet.source import Source


def codes(body: str, parameters: str = "K, n=2, skip=0") -> list[str]:
    """Return the codes of the errors in a block with this body, which nobody calls."""
    return [error.code.name for error in specnet.check(f"block b({parameters}) {{ {body} }}\ninput 8\nfc 3\n").errors]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("konv K=K", "E101"),
        ("conv K=K F=3 Q=4", "E110"),
        ("conv K=K", "E111"),
        ("fc n 3", "E114"),
        ("conv K=K F=0", "E112"),
        ("conv K=k F=3", "E102"),
        ("let a = K*k", "E102"),
        ("fc min(K, k)", "E102"),
        ("fc (K if K > 1 else k)", "E102"),
        ("if K > 3 and k { relu }", "E102"),
        ("relu => nx3", "E102"),
        ("relu => (K)x(k)x3", "E102"),
        ("relu -> @a -> concat @b", "E202"),
        ("same a", "E202"),
        ("add { | relu | identity or { knov } }", "E101"),
        ("add { | relu }", "E202"),
        ("if K > 3 { konv } else { relu }", "E101"),
        ("if K > 3 { relu } else { konv }", "E101"),
        ("if K > 3 { relu } else if K > 2 { konv }", "E101"),
        ("if yes { relu } else if K > 2 { konv }", None),
        ("repeat K { konv }", "E101"),
        ("for i in 1 2 { konv }", "E101"),
        ("head h { konv }", "E101"),
        ("block inner(z) { konv }", "E101"),
        ("b 3", "E201"),
        ("b k=3", "E201"),
        ("input 3", "E106"),
        ("expect macs k", "E102"),
        ("default conv F=3 Z=1", "E110"),
    ],
)
def test_an_error_that_the_text_shows_is_reported(body: str, code: str | None) -> None:
    assert codes(body) == ([code] if code else [])


@pytest.mark.parametrize(
    "body",
    [
        "conv K=K F=3 P=1 -> relu => (H)x(W)x(K)",
        "let half = C//2\nconv K=half F=n",
        "if K > 3 { relu -> @a } else { bn -> @a }\n@a -> concat @a",
        "if K > 3 { l: relu } else { l: bn }\nsame l -> concat @l",
        "if K > 3 { let a = 1 } else { let a = 2 }\nfc a",
        "if K > 3 { block a { relu } }\na",
        "default conv K=K\nconv F=3",
        "concat skip -> add { | relu | identity or { conv K=K F=1 } }",
        "repeat i in 0..K { conv K=(K+i) F=1 -> @t -> concat @t }",
        "for S in 1 n { conv K=K F=3 S=S }",
        "conv K=K F=3 P=(n if K > 1 else 0/K)",
        "pool max F=n -> slice 0..K -> dropout K/9",
        "repeat K { relu }\nrepeat K { relu }",
    ],
)
def test_what_depends_on_unknown_values_is_no_error(body: str) -> None:
    assert codes(body) == []


@pytest.mark.parametrize("file", sorted((SPECS / "blocks").glob("*.net")), ids=lambda file: file.stem)
def test_the_blocks_of_the_zoo_are_sound_without_a_call(file: Path) -> None:
    assert specnet.check(file).ok


def test_a_block_is_checked_once_however_many_others_call_it() -> None:
    chain = "".join(f"block b{n} {{ b{n + 1} -> b{n + 1} }}\n" for n in range(60))
    errors = specnet.check(f"{chain}block b60 {{ konv }}\n").errors
    assert [error.code.name for error in errors] == ["E101"]


def test_a_call_within_a_block_that_nobody_calls_is_checked() -> None:
    text = "block a(K) { fc K }\nblock b(K) { a }\nblock c(K) { a K 3 }\nblock d { a Z=3 }\ninput 8\na 3\n"
    assert [error.code.name for error in specnet.check(text).errors] == ["E111", "E114", "E110"]


def test_blocks_of_used_files_are_left_to_the_check_of_these_files(tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text("block a { relu }\nblock b { konv }\n", encoding="utf-8")
    spec = Source(str(tmp_path / "x.net"), 'use "blocks.net"\ninput 8\na -> fc 3')
    assert check_source(spec).ok
    assert not specnet.check(tmp_path / "blocks.net").ok


def test_an_uncalled_block_adds_nothing_to_the_network() -> None:
    network = specnet.check("block b(K) { head h { fc K }\nexpect macs 1\nfc K }\ninput 8\nfc 3\n").network
    assert [node.name for node in network.nodes] == ["fc1"]
    assert not network.heads


SHADOWED = [
    "conv K=8 F=1 -> @a\nrepeat 2 { @a -> conv K=8 F=3 P=1 -> relu -> @a }\nfc 10",
    "conv K=8 F=1 -> @a\nrepeat 2 { relu -> @a }\n@a -> fc 10",
    "a: conv K=8 F=1\nfor F in 1 3 { conv K=8 F=F P=same -> @a }\nconcat @a -> fc 10",
    "a: conv K=8 F=1\nrepeat 2 { a: @a -> relu }\nfc 10",
    "conv K=8 F=1 -> @a\nrepeat 1 { repeat 1 { relu -> @a } }\nadd @a -> fc 10",
    "conv K=8 F=1 -> @a\nhead h { relu -> @a -> fc 3 }\nadd @a -> fc 10",
    "block b { relu -> @a\nrepeat 2 { relu -> @a }\nadd @a }\nb -> fc 10",
]


@pytest.mark.parametrize("lines", SHADOWED)
def test_a_tap_that_is_named_again_within_braces_cannot_be_read_outside(lines: str) -> None:
    errors = specnet.check(f"input 8x8x8\n{lines}\n").errors
    assert {error.code.name for error in errors} == {"E202"}
    assert all("from before the braces" in error.message for error in errors)


@pytest.mark.parametrize(
    "lines",
    [
        "relu -> @a\nrepeat 2 { relu -> @a -> conv K=8 F=1 -> add @a }\nfc 10",
        "relu -> @a\nadd @a\nrepeat 2 { relu -> @a }\nfc 10",
        "repeat 2 { relu -> @a -> add @a }\nrelu -> @a\nadd @a -> fc 3",
        "block b { relu -> @a\nadd @a }\nrelu -> @a\nb\nadd @a -> fc 3",
    ],
)
def test_a_tap_may_be_named_again_within_braces_if_it_is_read_there_alone(lines: str) -> None:
    assert specnet.check(f"input 8x8x8\n{lines}\n").ok
