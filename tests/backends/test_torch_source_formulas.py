"""The arguments in generated classes are the expressions of the spec, so that they are right for other calls, too."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from same_modules import assert_same

from specnet.backends.source.formulas import NOWHERE, translate_formula
from specnet.backends.source.pretty_printer import format_flat
from specnet.backends.torch_source import generate_source
from specnet.compiler import Checked, check_source
from specnet.elaborate.formulas import find_formulas
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.expressions import evaluate
from specnet.syntax.parser import parse

MOBILE = """
block mb(K, exp, F=3, S=1) {
  add {
    | conv K=exp F=1 -> bn -> relu
      conv K=C F=F S=S P=%s G=C -> bn -> relu
      conv K=K F=1 -> bn
    | if S == 1 and C == K { | identity }
  }
}
input 32x32x24
mb 24 88
mb 40 88  S=2
mb 40 240 F=5
pool avg global -> fc 10
"""

SQUEEZED = """
block b(K, r=4, least=8) {
  let d = max(K//r, least)
  conv K=d F=1 -> bn -> relu -> conv K=K F=1 -> bn
}
"""


def check(text: str) -> Checked:
    checked = check_source(Source("<text>", text))
    assert checked.ok, [diagnostic.message for diagnostic in checked.diagnostics]
    return checked


def write(checked: Checked) -> str:
    return generate_source(checked.network, "", find_formulas(checked.elaborated))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MOBILE % "F//2", "padding=kernel_size // 2,"),
        (MOBILE % "(F-1)/2", "padding=(kernel_size - 1) // 2,"),
        (MOBILE % "same", "padding=kernel_size // 2,"),
        (f"{SQUEEZED}input 8x8x3\nb 16\nb 64\n", "nn.Conv2d(in_channels, max(filters // 4, 8), 1)"),
        (f"{SQUEEZED}input 8x8x3\nb 16\nb 64 r=2\n", "nn.Conv2d(max(filters // r, 8), filters, 1)"),
        (f"{SQUEEZED}input 8x8x3\nb 16\nb 64\n", "nn.BatchNorm2d(max(filters // 4, 8))"),
        (
            "block b(K) { conv K=3*K F=3 P=1 }\ninput 8x8x1\nb 4\nb 5",
            "nn.Conv2d(in_channels, 3 * filters, 3, padding=1)",
        ),
        (
            "block b(r) { conv K=C//r F=1 -> conv K=@in.C F=1 }\ninput 8x8x16\nb 4\nb 8\nb 4",
            "nn.Conv2d(16 // r, 16, 1)",
        ),
        (
            "block b(r) { conv K=C//r F=1 -> conv K=2*@in.C F=1 }\ninput 8x8x16\nb 4\nb 8",
            "nn.Conv2d(in_channels // r, 2 * in_channels, 1)",
        ),
        (
            "let w = 2\nblock b(K) { conv K=w*K F=1 -> conv K=C+1 F=1 }\ninput 8x8x1\nb 4\nb 5",
            "nn.Conv2d(2 * filters, 2 * filters + 1, 1)",
        ),
        ("block b(F) { conv K=2 F=1x(F) P=0x(F//2) }\ninput 8x8x2\nb 3\nb 5", "padding=(0, kernel_size // 2)"),
        ("block b(S) { conv K=2 F=(3 if S == 1 else 4) S=S P=1 }\ninput 8x8x2\nb 1\nb 2", "3 if stride == 1 else 4"),
        ("block b(p) { conv K=4 F=1 -> dropout max(p/2, 0.1) }\ninput 8x8x2\nb 0.5\nb 0.1", "max(self.p / 2, 0.1)"),
        ("block b(p) { conv K=4 F=1 -> dropout (0.5 if p > 2 else 0.1) }\ninput 8x8x2\nb 1\nb 3", "if self.p > 2 else"),
        ("block b(max) { conv K=max(max, 3) F=1 }\ninput 8x8x2\nb 1\nb 4", "max(max_, 3)"),
        (
            "block b(n) { conv K=n F=1 -> pool avg global -> relu -> conv K=max(C//4, 2) F=1 }\ninput 8x8x2\nb 4\nb 16",
            "nn.Conv2d(n, max(n // 4, 2), 1)",
        ),
        # where a class cannot know the expression, it takes the value
        ("block b(K) { repeat i in 2 { conv K=K+i F=1 } }\ninput 8x8x2\nb 3\nb 8", "conv1 = nn.Conv2d(in_channels, "),
    ],
)
def test_expressions_of_the_spec(text: str, expected: str) -> None:
    checked = check(text)
    assert expected in write(checked)
    assert_same(checked.network, find_formulas(checked.elaborated))


def test_a_class_takes_other_arguments() -> None:
    names: dict[str, type[torch.nn.Module]] = {"__name__": "generated"}  # type: ignore[dict-item]
    exec(write(check(MOBILE % "F//2")), names)
    assert names["Mb"](64, 64, 384, 3)(torch.zeros(1, 64, 9, 9)).shape == (1, 64, 9, 9)


@pytest.mark.parametrize("formulas", [True, False])
def test_paddings_without_the_spec(formulas: bool) -> None:
    checked = check(MOBILE % "F//2")
    text = generate_source(checked.network) if not formulas else write(checked)
    assert "padding=kernel_size // 2" in text


@pytest.mark.parametrize(
    ("text", "unexpected"),
    [
        ("block b(n, m) { conv K=n F=1 -> upsample to=(m+1)x(m+1) }\ninput 8x8x1\nb 40 9\nb 80 19", "n // 4"),
        ("block b(n, m) { conv K=n F=1 -> conv K=m+1 F=1 }\ninput 8x8x1\nb 60 19\nb 90 29", "n // 3"),
        ("block b(F) { conv K=2*F F=F P=same }\ninput 8x8x1\nb 3\nb 5", "2 * kernel_size"),
        ("block b(F, n) { conv K=n*F F=F P=same }\ninput 8x8x1\nb 3 2\nb 5 3", "kernel_size * n"),
        ("block b(S) { conv K=2 F=(S+2) S=S P=S floor }\ninput 9x9x1\nb 1\nb 2", "padding=stride"),
    ],
)
def test_unrelated_quantities(text: str, unexpected: str) -> None:
    assert unexpected not in generate_source(check(text).network)


FORMULAS = ["a", "a//b", "a/b", "a*b+1", "-a+2*b", "max(a//b, 8)", "min(a, b)-1", "a%b", "(a+b)*2", "a-(b-1)"]
FORMULAS += ["a if a > b else b", "a*2 if a == b and not b > 3 else b", "(a-1)/2"]


@given(st.sampled_from(FORMULAS), st.integers(1, 400), st.integers(1, 40))
def test_translation(text: str, a: int, b: int) -> None:
    (line,), _ = parse(Source("", f"let x = {text}"))
    assert isinstance(line, tree.Let)
    values = {"a": a, "b": b}
    wanted = evaluate(line.value, lambda name: values[getattr(name, "text", "")])
    if isinstance(wanted, int):
        vectors = {name: (value,) for name, value in values.items()}
        found = translate_formula(line.value, lambda name: tree.Name(NOWHERE, name), vectors, (wanted,))
        assert found and eval(format_flat(found.text), {}, values) == wanted
        assert translate_formula(line.value, lambda name: tree.Name(NOWHERE, name), vectors, (wanted + 1,)) is None


@pytest.mark.parametrize(
    ("text", "wanted", "has_counterpart"),
    [
        ("a*w", (4, 12), False),  # in Python, 4.0
        ("2*(a if a < 9 else a*0.5)", (16, 16), False),
        ("a if w > 0.7 else 4", (4, 8), True),
        ("0.2*(a - 8)/16", (0.0, 0.0), True),
        ("a*w/16", (0.25, 0.75), True),
    ],
)
def test_a_whole_number_that_python_computes_as_a_fraction(
    text: str, wanted: tuple[float, ...], has_counterpart: bool
) -> None:
    (line,), _ = parse(Source("", f"let x = ({text})"))
    assert isinstance(line, tree.Let)
    found = {name: tree.Name(NOWHERE, name) for name in "aw"}.get
    assert bool(translate_formula(line.value, found, {"a": (8, 8), "w": (0.5, 1.5)}, wanted)) == has_counterpart


@pytest.mark.parametrize("text", ["ceil(a/2)", "[a, 1]", "0..a", "1:a", "(1 if a/2 > 3 else 2)", "@x", "c"])
def test_what_has_no_counterpart(text: str) -> None:
    (line,), _ = parse(Source("", f"let x = {text}"))
    assert isinstance(line, tree.Let)
    assert translate_formula(line.value, {"a": tree.Name(NOWHERE, "a")}.get, {"a": (3,)}, (1,)) is None
