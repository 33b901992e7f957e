"""`carry`: each turn of a loop reads what the turn before named."""

from __future__ import annotations

import pytest

from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code
from specnet.source import Source

STREAMS = """
input 8x8x4
conv K=4 F=1 -> @a
conv K=8 F=3 P=1 -> @b
"""


def check(text: str) -> Checked:
    return check_source(Source("test.net", text))


def edges(checked: Checked) -> dict[str, tuple[str, ...]]:
    assert not checked.diagnostics, [each.message for each in checked.diagnostics]
    return {node.name: node.inputs for node in checked.network.nodes}


def codes(text: str) -> list[Code]:
    return [each.code for each in check(text).diagnostics]


def test_each_turn_reads_what_the_turn_before_named_and_the_lines_below_the_last() -> None:
    found = edges(check(f"{STREAMS}repeat 3 carry @a {{ @a -> relu -> @a }}\n@a -> concat @b"))
    assert found["repeat1.0.relu1"] == ("conv1",)
    assert found["repeat1.1.relu1"] == ("repeat1.0.relu1",)
    assert found["repeat1.2.relu1"] == ("repeat1.1.relu1",)
    assert found["concat1"] == ("repeat1.2.relu1", "conv2")


def test_streams_exchange_their_values() -> None:
    body = "@a -> add { | identity | @b -> conv K=4 F=1 } -> @x\n"
    body += "@b -> add { | identity | @a -> conv K=8 F=1 } -> @b\n@x -> @a"
    found = edges(check(f"{STREAMS}repeat 4 carry @a @b {{\n{body}\n}}\n@b -> concat @a"))
    for turn in range(1, 4):
        before = f"repeat1.{turn - 1}."
        assert found[f"repeat1.{turn}.add1"] == (f"{before}add1", f"repeat1.{turn}.conv1")
        assert found[f"repeat1.{turn}.conv1"] == (f"{before}add2",)
        assert found[f"repeat1.{turn}.conv2"] == (f"{before}add1",)


def test_a_turn_that_begins_with_a_carried_value_leaves_nothing_unread() -> None:
    """The chain ends with `@b`, which the next turn takes up by its name, and nothing reads it after the last one."""
    assert not codes(f"{STREAMS}repeat 3 carry @a @b {{\n@a -> relu -> @a\n@b -> tanh -> @b\n}}\n@a -> fc 3")


def test_no_turn_leaves_the_values_as_they_are() -> None:
    assert edges(check(f"{STREAMS}repeat 0 carry @a {{ @a -> relu -> @a }}\n@a -> concat @b"))["concat1"] == (
        "conv1",
        "conv2",
    )


def test_a_loop_within_a_loop_carries_on() -> None:
    inner = "repeat 2 carry @a { @a -> relu -> @a }"
    found = edges(check(f"{STREAMS}repeat 2 carry @a {{ {inner} }}\n@a -> concat @b"))
    assert found["repeat1.1.repeat1.0.relu1"] == ("repeat1.0.repeat1.1.relu1",)
    assert found["concat1"] == ("repeat1.1.repeat1.1.relu1", "conv2")


def test_a_for_may_change_the_shape_of_what_it_carries() -> None:
    found = check(f"{STREAMS}for K in 8 16 carry @a {{ @a -> conv K=K F=1 S=2 -> @a }}\n@a -> relu\nrelu\n@b -> relu")
    assert found.network.by_name["relu1"].output == (2, 2, 16)


def test_a_block_carries_its_own_values() -> None:
    block = "block b(n) { relu -> @a\nrepeat n carry @a { @a -> tanh -> @a }\n@in -> add @a }"
    found = edges(check(f"{block}\ninput 4x4x2\nb 2"))
    assert found["b1.add1"] == ("input", "b1.repeat1.1.tanh1")


@pytest.mark.parametrize(
    ("loop", "code"),
    [
        ("repeat 3 carry @a { relu }", Code.E202),
        ("repeat 3 carry @c { relu -> @c }", Code.E202),
        ("repeat 3 carry @a @a { @a -> relu -> @a }", Code.E113),
        ("repeat 3 carry @a { @a -> pool max F=2 -> @a }", Code.E310),
        ("repeat 3 carry @a { @a -> conv K=8 F=1 -> @a }\n@a -> relu", Code.E310),
        ("repeat 3 { @a -> relu -> @a }", Code.E202),
        ("repeat 3 carry @a { if C == 5 { relu -> @a } }", Code.E202),
        ("repeat 3 carry @a.b { relu }", Code.E202),
        ("for F in 3 5 7 { @a -> relu -> @a }\n@a -> relu", Code.E202),
    ],
)
def test_a_wrong_loop_is_one_error(loop: str, code: Code) -> None:
    assert [each.code for each in check(STREAMS + loop).errors] == [code]


def test_the_fix_of_a_tap_that_is_named_again_carries_it() -> None:
    from specnet.compiler import read_beside
    from specnet.fixes import add_fixes

    found = add_fixes(check(f"{STREAMS}repeat 2 {{ @a -> relu -> @a }}\n@a -> concat @b"), {}, read_beside)
    (fix,) = (fix for error in found.errors for fix in error.fixes)
    assert fix.edits[0].text == " carry @a"


def test_a_line_is_repeated_within_a_loop_with_the_same_weights() -> None:
    found = check("input 8x8x4\na: conv K=4 F=1 -> relu\nrepeat 4 { same a }")
    assert not found.errors
    assert {node.shares for node in found.network.nodes[2:]} == {"a", "a_relu"}
