"""A layer that lacks a needed attribute is offered what the file tells, or what is usual, in one round."""

from __future__ import annotations

import pytest
from paths import SPECS

from specnet.compiler import Checked, check_source, read_beside
from specnet.diagnostics import Code
from specnet.fixes import add_fixes, apply_edits
from specnet.layers import get_layer_class, list_kinds
from specnet.source import Source

USUAL = [(kind, usual) for kind in list_kinds() if (layer := get_layer_class(kind)) for usual in layer.usual]

OF_TOKENS = {"token"}
"""The kinds that take sequences alone."""

HEAD = "input 32x32x16\nconv K=16 F=1\n"


def check(text: str) -> Checked:
    return add_fixes(check_source(Source("test.net", text)), {}, read_beside)


def fixed(text: str) -> str:
    """Return a spec after the first fix of each of its errors."""
    checked = check(text)
    return apply_edits(checked.source, [edit for error in checked.errors for edit in error.fixes[0].edits]).text


@pytest.mark.parametrize(("kind", "usual"), USUAL, ids=lambda value: str(value))
def test_what_is_usual_makes_a_sound_line(kind: str, usual: str) -> None:
    layer = get_layer_class(kind)
    assert layer
    channels = " K=8" if layer.output_field else ""
    tokens = "tokens -> " if kind in OF_TOKENS else ""
    assert check_source(Source("test.net", f"{HEAD}{tokens}{kind} {usual}{channels}\n")).ok


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("conv 16 3x3 -> relu -> pool", "conv 16 F=3x3 -> relu -> pool max F=2"),
        ("pool", "pool max F=2"),
        ("pool max", "pool max F=2"),
        ("pool avg P=1", "pool avg F=2 P=1"),
        ("pool S=2", "pool max F=2 S=2"),
        ("conv 16", "conv 16 F=3 P=1"),
        ("conv 16 P=0", "conv 16 F=3 P=0"),
        ("conv S=2 K=16", "conv F=3 P=1 S=2 K=16"),
        ("conv => 32x32x8", "conv K=8 F=3 P=1 => 32x32x8"),
        ("deconv 8", "deconv 8 F=2 S=2"),
        ("pad", "pad 1"),
        ("space_to_depth", "space_to_depth 2"),
        ("repeat 2 { conv 16 -> relu }", "repeat 2 { conv 16 F=3 P=1 -> relu }"),
    ],
)
def test_a_missing_attribute_is_the_usual_one(written: str, meant: str) -> None:
    after = fixed(f"{HEAD}{written}\n")
    assert after == f"{HEAD}{meant}\n"
    assert check_source(Source("test.net", after)).ok


@pytest.mark.parametrize("line", ["conv F=3", "fc", "reshape", "slice", "times"])
def test_nothing_is_offered_where_only_the_author_knows(line: str) -> None:
    (error,) = check(f"{HEAD}{line}\n").errors
    assert not error.fixes


@pytest.mark.parametrize(
    ("lines", "title"),
    [("fc", "fc K=10, line 3"), ("fc -> relu\nfc 10", None), ("fc -> softmax", "fc K=10, line 3")],
)
def test_the_last_layer_has_an_output_for_each_class_of_the_data(lines: str, title: str | None) -> None:
    (error,) = check(f"{HEAD}{lines}\ntrain {{ data mnist }}\n").errors
    assert [fix.title for fix in error.fixes] == ([title] if title else [])


@pytest.mark.parametrize(
    ("written", "data", "meant"),
    [
        ("64x64", "", ["64x64x3", "64x64x1"]),
        ("28x28", "train { data mnist }\n", ["28x28x1"]),
        ("32x32", "train { data cifar10 }\n", ["32x32x3"]),
        ("8x3x64x64", "", ["64x64x3"]),
        ("8x64x64x3", "", ["64x64x3"]),
        ("4x4x3x2x1", "", []),
    ],
)
def test_an_input_gets_channels_and_loses_its_batch(written: str, data: str, meant: list[str]) -> None:
    (error,) = check(f"input {written}\nconv K=8 F=1\n{data}").errors
    assert [fix.edits[0].text for fix in error.fixes][: len(meant) or 9] == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("add {\n  relu\n  tanh -> relu\n}\n", "add {\n  | relu\n  | tanh -> relu\n}\n"),
        ("fc 10\ntrain # on digits\n  data mnist\n", "fc 10\ntrain { # on digits\n  data mnist\n}\n"),
        ("fc 10\ntrain\n\tdata mnist\n\n\tepochs 3", "fc 10\ntrain {\n\tdata mnist\n\n\tepochs 3\n}"),
    ],
)
def test_bars_and_braces_are_put_where_lines_are_indented(written: str, meant: str) -> None:
    checked = check(f"{HEAD}{written}")
    after = apply_edits(checked.source, checked.errors[0].fixes[0].edits)
    assert after.text == f"{HEAD}{meant}"
    assert check_source(after).ok


GATE = "pool avg global -> conv K=C//16 F=1 -> relu -> conv K={} F=1 -> sigmoid"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (f"mul {{ | identity | {GATE.format('C')} }}", f"let width = C\nmul {{ | identity | {GATE.format('width')} }}"),
        (f"relu -> @x\n{GATE.format('C')} -> mul @x", f"relu -> @x\nlet width = C\n{GATE.format('width')} -> mul @x"),
        (
            f"relu -> mul {{\n  | identity\n  | {GATE.format('C*1')}\n}}",
            f"relu -> mul {{\n  | identity\n  | let width = C\n    {GATE.format('width*1')}\n}}",
        ),
        (
            "g: mul {\n\t| identity\n\t| pool avg global -> fc 4 -> fc C\n}",
            "let width = C\ng: mul {\n\t| identity\n\t| pool avg global -> fc 4 -> fc width -> reshape 1x1x(width)\n}",
        ),
    ],
)
def test_a_gate_whose_channels_are_its_own_reads_those_of_the_join(written: str, meant: str) -> None:
    head = "input 32x32x64\nlet size = 1\n"
    (error,) = check(f"{head}{written}\n").errors
    assert any(note.startswith("`C` in `") and note.endswith(": 4, not 64") for note in error.notes)
    after = fixed(f"{head}{written}\n")
    assert after == f"{head}{meant}\n"
    assert check_source(Source("test.net", after)).ok


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "input 16x64\nadd {{ | ln -> fc 4*C -> gelu -> fc {} | identity }}\n",
            ("C", "C//4"),
        ),
        (
            "input 8x8x64\nadd {{ | ln -> conv K=4*C F=1 -> gelu -> conv K={} F=1 | identity }}\n",
            ("C", "C//4"),
        ),
        (
            "input 16x64\nblock mlp {{\n  add {{ | fc 4*C -> gelu -> fc {} | identity }}\n}}\nmlp\n",
            ("C", "@in.C"),
        ),
        (
            "input 16x64\nadd {{ | fc 100 -> gelu -> fc {} | identity }}\n",
            ("C", "width"),
        ),
    ],
)
def test_an_arm_that_widens_the_channels_gets_back_those_that_began_it(written: str, meant: tuple[str, str]) -> None:
    text = written.format(meant[0])
    (error,) = check(text).errors
    assert any(note.endswith(", not 64") for note in error.notes)
    after = fixed(text)
    assert after.replace("let width = C\n", "") == written.format(meant[1])
    assert check_source(Source("test.net", after)).ok


def test_an_arm_whose_first_layer_reads_c_has_misread_nothing() -> None:
    (error,) = check("input 16x64\nadd { | fc 2*C | identity }\n").errors
    assert not error.notes


def test_a_name_that_the_spec_has_is_not_taken_again() -> None:
    after = fixed(f"let width = 2\ninput 32x32x64\nmul {{ | identity | {GATE.format('C')} }}\n")
    assert "let channels = C\n" in after


def test_arms_whose_shapes_are_not_known_again_are_no_gate() -> None:
    """The error is that of the first turn of a `repeat`, and its arms have no shape behind it."""
    text = (SPECS / "mobilenet-v2.net").read_text(encoding="utf-8").replace("S=s P=1 G=C", "S=s P=2 G=C")
    errors = [error for error in check(text).errors if error.code is Code.E310]
    assert errors
    assert not any("arrive at that very layer" in note for error in errors for note in error.notes)
