"""`@label.tap`, `@in`, the sizes `@x.H`, and `like=@x`."""

from __future__ import annotations

import pytest

import specnet
from specnet.diagnostics import Code

FORK = """
block fork(K) {
  conv K=K F=1 -> @left
  part: pool max F=2
  fire -> @right
}
block fire { conv K=3 F=1 -> @squeeze -> relu }
input 16x12x4
"""


def inputs(text: str, name: str) -> tuple[str, ...]:
    found = specnet.check(FORK + text)
    assert not found.errors, [each.message for each in found.errors]
    return found.network.by_name[name].inputs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m: fork 5\nconcat @m.right", ("m.fire1.relu1", "m.fire1.relu1")),
        ("m: fork 5\n@m.left -> concat @m.left", ("m.conv1", "m.conv1")),
        ("m: fork 5\nconcat @m.part", ("m.fire1.relu1", "m.part")),
        ("m: relu -> fork 5\nconcat { | @m_fork.left | relu }", None),
        ("m: fork 5 -> fork 5\nconcat @m.left", None),
        ("m: relu -> fork 5\n@m.left -> concat @m.left", ("m_fork.conv1", "m_fork.conv1")),
        ("block b { n: fork 5 }\nm: b\n@m.n.left -> concat @m.n.left", ("m.n.conv1", "m.n.conv1")),
        ("conv K=3 F=1\nm: fork 4\nn: same m\n@n.left -> concat @n.left", ("n.conv1", "n.conv1")),
    ],
)
def test_a_label_gives_access_to_the_values_within_its_call(text: str, expected: tuple[str, ...] | None) -> None:
    if expected:
        assert inputs(text, "concat1") == expected
    else:
        assert [each.code for each in specnet.check(FORK + text).errors] == [Code.E202]


def test_in_is_the_value_that_reaches_a_block() -> None:
    text = "block b(K) { conv K=K F=1\nrepeat 2 { conv K=C F=1 }\nconcat @in }\nrelu\nb 5"
    assert inputs(text, "b1.concat1") == ("b1.repeat1.1.conv1", "relu1")


def test_a_parameter_may_be_called_in() -> None:
    assert inputs("block b(in) { conv K=in F=1\nconcat @in }\nrelu\nb 5", "b1.concat1") == ("b1.conv1", "relu1")


def test_sizes_of_any_value() -> None:
    sizes = "relu -> @x\nconv K=@x.H+@x.W*@x.C F=1 => 16x12x64\n"
    text = f"{sizes}b: fork @x.C//2 => 8x6x3\nupsample to=(@b.left.H)x(@b.left.W)"
    assert inputs(text, "upsample1") == ("b.fire1.relu1",)
    assert specnet.check(FORK + text).network.by_name["upsample1"].output == (16, 12, 3)


def test_the_variable_of_a_loop_over_values_is_a_tap() -> None:
    arms = "add { | for v in @x @y { | @v -> conv K=@v.C*2 F=1 } }"
    assert inputs(f"relu -> @x\ntanh -> @y\n{arms}", "for1.1.conv1") == ("tanh1",)


@pytest.mark.parametrize("name", ["x.C", "v.C"])
def test_a_size_without_its_at_sign_is_meant_as_one(name: str) -> None:
    (error,) = specnet.check(f"{FORK}relu -> @x\nfor v in @x {{ conv K={name} F=1 }}").errors
    assert error.code is Code.E102
    assert f"did you mean `@{name}`?" in error.message


@pytest.mark.parametrize("layer", ["upsample like=@x", "crop like=@x", "upsample bilinear like=@x"])
def test_like_takes_height_and_width_of_a_value(layer: str) -> None:
    before = "pool max F=2" if "upsample" in layer else "pad P=3"
    found = specnet.check(f"input 8x6x4\nrelu -> @x\n{before}\n{layer} => 8x6x4")
    assert not found.errors, [each.message for each in found.errors]
    resized = found.network.nodes[-1]
    assert resized.inputs[-1] == resized.like == "relu1"
    assert resized.operands == resized.inputs[:-1]


def test_sizes_in_expressions_are_shapes_that_the_network_depends_on() -> None:
    found = specnet.check("input 8x6x4\nrelu -> @x\npool max F=2\nupsample like=@x\nconv K=@x.C F=1")
    assert found.elaborated.shape_uses.sizes == {("relu1", 2)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("relu -> @C", Code.E107),
        ("relu -> @in", Code.E107),
        ("relu -> @L", Code.E107),
        ("relu -> @a.b", Code.E107),
        ("C: relu\nadd @C", Code.E107),
        ("add @in", Code.E202),
        ("fork 5\nadd @fork.left", Code.E202),
        ("m: repeat 2 { relu -> fork 4 }\nadd @m.left", Code.E202),
        ("m: relu\nadd @m.left", Code.E202),
        ("fork 5\nadd @fork1.left", Code.E202),
        ("repeat 2 { m: fork 4 }\nadd @m.left", Code.E202),
        ("relu -> @x\nupsample to=@x", Code.E112),
        ("m: fork 5\n@m.lft -> relu", Code.E202),
        ("m: fork 5\n@left -> relu", Code.E202),
        ("relu -> @x\nadd @x.C", Code.E202),
        ("relu -> @x\n@x.C -> relu", Code.E202),
        ("relu -> @x\nconv K=@x.D F=1", Code.E202),
        ("relu -> @x\nconv K=@x.c F=1", Code.E202),
        ("fc 5 -> @x\nfc @x.H", Code.E102),
        ("relu -> @x\nupsample 2 like=@x", Code.E115),
        ("relu -> @x\nupsample to=3 like=@x", Code.E113),
        ("relu -> @x\nupsample like=@x like=@x", Code.E113),
        ("upsample like=3", Code.E112),
        ("upsample like=yes", Code.E112),
        ("default upsample like=yes bilinear", Code.E110),
        ("relu -> @x\ndefault crop like=@x", Code.E110),
        ("relu -> @x\npool max F=2 -> crop like=@x", Code.E306),
        ("relu -> @x\nupsample like=@x { | relu }", Code.E106),
        ("fc 3 -> @x\nupsample like=@x", Code.E305),
        ("relu -> @x\nconv K=3 F=1 like=@x", Code.E110),
    ],
)
def test_a_wrong_name_is_one_error(text: str, code: Code) -> None:
    assert [each.code for each in specnet.check(FORK + text).errors] == [code]


def test_values_within_a_call_are_unknown_in_a_block_that_nobody_calls() -> None:
    block = "block b { m: fork 5\nconcat @m.left @m.anything @in\nconv K=@m.left.C F=3 Q=4 }\n"
    assert [each.code for each in specnet.check(f"{block}{FORK}relu").errors] == [Code.E110]
