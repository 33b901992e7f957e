"""Parameters of a block that stand for layers: `block unit(K, act={ relu })`, `unit 64 act={ silu }`."""

from __future__ import annotations

import pytest

import specnet
from specnet.diagnostics import Code

UNIT = "block unit(K, act={ relu }, S=1) { conv K=K F=1 S=S -> act }\ninput 8x8x4\n"


def kinds(text: str) -> list[str]:
    found = specnet.check(UNIT + text)
    assert not found.errors, [each.message for each in found.errors]
    return [node.kind for node in found.network.nodes]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("unit 8", ["conv", "relu"]),
        ("unit 8 act={ silu }", ["conv", "silu"]),
        ("unit act={ silu } K=8", ["conv", "silu"]),
        ("unit 8 2 act={ bn -> leaky_relu slope=0.1 }", ["conv", "bn", "leaky_relu"]),
        ("unit 8 act={\nbn\nrelu\n}", ["conv", "bn", "relu"]),
        ("unit 8 act={ }", ["conv"]),
        ("unit 8 act={ unit 4 act={ tanh } }", ["conv", "conv", "tanh"]),
        ("repeat 2 { unit 8 act={ gelu } }", ["conv", "gelu", "conv", "gelu"]),
    ],
)
def test_the_layers_of_a_call_stand_where_the_block_names_them(call: str, expected: list[str]) -> None:
    assert kinds(call) == expected


def test_layers_see_the_names_and_defaults_of_the_place_where_they_are_written() -> None:
    block = "block inner(f={ relu }) { default conv bias=no\nlet k = 1\nf }\n"
    found = specnet.check(f"{block}input 8x8x4\nlet k = 6\ninner f={{ conv K=k F=1 }}")
    assert not found.errors
    assert found.totals.parameters == 4 * 6 + 6


def test_a_block_passes_its_layers_on() -> None:
    text = "block two(act={ relu }) { unit 8 act={ act } -> unit 6 act={ bn -> act } -> unit 4 }\ntwo act={ silu }"
    assert kinds(text) == ["conv", "silu", "conv", "bn", "silu", "conv", "relu"]
    names = [node.name for node in specnet.check(UNIT + text).network.nodes]
    assert names[1] == "two1.unit1.act1.silu1"


def test_given_layers_see_the_values_of_the_place_where_they_are_written() -> None:
    found = specnet.check(f"{UNIT}relu -> @x\nunit 4 act={{ add @x }}\nunit 4 act={{ add @in }}")
    assert not found.errors
    assert found.network.by_name["unit1.act1.add1"].inputs == ("unit1.conv1", "relu1")
    assert found.network.by_name["unit2.act1.add1"].inputs == ("unit2.conv1", "unit2.conv1")


def test_a_default_may_use_the_parameters_before_it() -> None:
    block = "block b(K, down={ conv K=K F=1 }) { down -> relu }\n"
    found = specnet.check(f"{block}input 4x4x2\nb 6")
    assert [node.output for node in found.network.nodes] == [(4, 4, 6), (4, 4, 6)]


def test_a_value_named_like_a_layer_stays_a_value() -> None:
    found = specnet.check("block b(pool) { conv K=pool F=1 -> pool max F=2 }\ninput 4x4x2\nb 6")
    assert [node.kind for node in found.network.nodes] == ["conv", "pool"]


def test_the_figure_and_the_report_show_the_layers() -> None:
    found = specnet.check(UNIT + "unit 8 act={ bn -> silu }\nunit 8")
    from specnet.printer.scopes import Scopes

    scopes = Scopes(found.network)
    assert [scopes.format_call(name) for name in ("unit1", "unit2")] == ["unit K=8 act={ bn -> silu }", "unit K=8"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("unit K={ relu }", Code.E112),
        ("block b(act=relu) { relu -> act }\nb", Code.E112),
        ("block b(act) { relu -> act }\nb act=silu", Code.E112),
        ("block b(act) { relu }\nb act={ silu }", Code.E112),
        ("unit 8 act=silu", Code.E112),
        ("unit 8 act=3", Code.E112),
        ("unit 8 1 silu", Code.E114),
        ("unit 8 { silu }", Code.E106),
        ("unit 8 act={ relu } act={ silu }", Code.E113),
        ("unit 8 act={ | relu | silu }", Code.E106),
        ("unit 8 act={ add { | relu | silu } }", Code.E106),
        ("unit 8 act={ x: relu }", Code.E106),
        ("unit 8 act={ relu -> @x }", Code.E106),
        ("unit 8 atc={ relu }", Code.E110),
        ("unit 8 act={ rleu }", Code.E101),
        ("conv K={ relu } F=1", Code.E112),
        ("add { | relu } @x act={ relu }", Code.E003),
        ("act", Code.E101),
        ("block b(relu={ silu }) { relu }", Code.E107),
        ("block b(unit={ silu }) { unit }", Code.E103),
        ("block b(a={ silu }) { a slope=3 }\nb", Code.E114),
        ("block b(a={ a }) { a }\nb", Code.E201),
        ("block b(f={ relu }) { b f={ relu } }\nb", Code.E201),
    ],
)
def test_a_wrong_call_is_one_error(call: str, code: Code) -> None:
    assert [each.code for each in specnet.check(f"{UNIT}{call}").errors] == [code]


def test_layers_that_change_the_shape_are_named_where_they_are_given() -> None:
    block = "block r(act={ relu }) { add { | conv K=4 F=1 -> act | identity } }\n"
    (error,) = specnet.check(f"{block}input 8x8x4\nr\nr act={{ pool max F=2 }}").errors
    assert error.code is Code.E310
    assert "act={ pool max F=2 }" in error.trace[0].text


def test_a_block_that_nobody_calls_is_checked_with_its_default_layers() -> None:
    block = "block b(K, act={ rleu }) { conv K=K F=1 -> act }\n"
    assert [each.code for each in specnet.check(f"{block}input 4x4x2\nrelu").errors] == [Code.E101]


def test_deeply_nested_layers_are_refused() -> None:
    text = "u a={ " * 55 + "relu" + " }" * 55
    (error,) = (found := specnet.check(f"block u(a={{ relu }}) {{ a }}\ninput 8x8x4\n{text}")).errors
    assert error.code is Code.E002
    assert found.digest.startswith("sha256:")
