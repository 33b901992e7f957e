"""Arms of a join that a loop or a condition stands for."""

from __future__ import annotations

import pytest

import specnet
from specnet.compiler import Checked
from specnet.diagnostics import Code

TOP = "input 8x8x4\n"


def inputs(text: str, name: str) -> list[str]:
    found = specnet.check(TOP + text)
    assert not found.errors, [each.message for each in found.errors]
    return [*found.network.by_name[name].inputs]


def errors(found: Checked) -> list[Code]:
    return [each.code for each in found.errors]


def test_a_loop_after_a_bar_gives_an_arm_for_each_turn() -> None:
    found = inputs("concat { | for F in 3 5 7 { | conv K=16 F=F P=same } | relu }", "concat1")
    assert found == ["for1.0.conv1", "for1.1.conv1", "for1.2.conv1", "relu1"]


def test_arms_of_a_loop_may_be_several_and_loops_nest() -> None:
    found = inputs("concat { | repeat i in 1..3 { | conv K=i F=1 | for j in 0..i { | conv K=j+1 F=1 } } }", "concat1")
    turns = ["repeat1.0.conv1", "repeat1.0.for1.0.conv1", "repeat1.1.conv1", "repeat1.1.for1.0.conv1"]
    assert found == [*turns, "repeat1.1.for1.1.conv1"]


def test_a_loop_without_bars_stays_one_arm() -> None:
    assert inputs("add { | repeat 2 { conv K=4 F=1 } | identity }", "add1") == ["repeat1.1.conv1", "input"]


@pytest.mark.parametrize(
    ("condition", "arms"),
    [("C == 4", ["relu1", "tanh1", "sigmoid1"]), ("C == 5", ["relu1", "sigmoid1"])],
)
def test_a_condition_gives_its_arms_or_none(condition: str, arms: list[str]) -> None:
    assert inputs(f"add {{ | relu | if {condition} {{ | tanh }} | sigmoid }}", "add1") == arms


def test_the_other_branch_may_be_arms_too() -> None:
    text = "concat { | if C == 3 { | relu } else if C == 4 { | tanh | sigmoid } else { | gelu } | selu }"
    assert inputs(text, "concat1") == ["tanh1", "sigmoid1", "selu1"]


def test_a_branch_without_bars_is_one_arm() -> None:
    assert inputs("add { | identity | if C == 3 { | relu } else { tanh } }", "add1") == ["input", "tanh1"]


def test_the_only_arm_that_is_left_needs_no_join() -> None:
    found = specnet.check(f"{TOP}x: add {{ | conv K=4 F=1 | if C == 3 {{ | bn }} }}\nconcat @x")
    assert not found.errors
    assert [node.kind for node in found.network.nodes] == ["conv", "concat"]


def test_an_alternative_meets_the_arms_of_a_loop() -> None:
    text = "add { | for F in 3 5 { | conv K=8 F=F P=same } | identity or { conv K=8 F=1 } }"
    assert inputs(text, "add1") == ["for1.0.conv1", "for1.1.conv1", "conv1"]


def test_a_condition_on_an_unknown_shape_is_silent() -> None:
    found = specnet.check(f"{TOP}conv K=4 F=99\nadd {{ | relu | if C == 3 {{ | tanh }} }}\nfc 3")
    assert errors(found) == [Code.E302]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("add { | if C == 3 { | bn } }", Code.E202),
        ("concat { | for i in 0..0 { | relu } | repeat 0 { | relu } }", Code.E202),
        ("for F in 3 5 { | conv K=4 F=F P=same }", Code.E106),
        ("if C == 4 { | relu }", Code.E106),
        ("add { for F in 3 5 { | conv K=4 F=F P=same } }", Code.E106),
        ("add { | for F in 3 5 { relu | tanh } | relu }", Code.E106),
        ("relu -> @a\nadd { | relu | repeat 2 carry @a { | relu -> @a } }", Code.E106),
        ("add { | if X == 3 { | bn } | relu }", Code.E102),
        ("sub { | if C == 3 { | bn } | relu }", Code.E202),
        ("add { | for F in 1 3 { | conv K=4 F=F P=same } => 8x8x999 | identity }", Code.E106),
        ("add { | relu | if C == 4 { | bn } => 8x8x999 }", Code.E106),
        ("concat { | for F in 3 5 { conv K=4 F=F P=same } }", Code.E202),
        ("add { | relu -> for F in 3 5 { | conv K=4 F=F P=same } | relu }", Code.E106),
    ],
)
def test_a_wrong_arm_is_one_error(text: str, code: Code) -> None:
    assert errors(specnet.check(TOP + text)) == [code]


def test_the_arms_of_a_block_that_nobody_calls_are_checked() -> None:
    block = "block b(S, n) { add { | if S == 1 { | konv K=3 } else { | relu } | repeat n { | conv F=1 } } }\n"
    assert sorted(code.name for code in errors(specnet.check(f"{block}{TOP}fc 3"))) == ["E101", "E111"]


@pytest.mark.parametrize("arm", ["identity", "identity or { bn }", "relu"])
def test_a_claim_behind_an_arm_is_compared(arm: str) -> None:
    assert not errors(specnet.check(f"{TOP}add {{ | tanh | {arm} => 8x8x4 }}"))
    assert Code.E401 in errors(specnet.check(f"{TOP}add {{ | tanh | {arm} => 8x8x999 }}"))


def test_a_slip_within_the_arms_of_a_condition_is_one_error() -> None:
    found = specnet.check(f"{TOP}add {{\n  | relu\n  | if C > 1 {{ | conv K=4 F=1, S=1 -> bn }}\n}}\n")
    assert errors(found) == [Code.E003]
