"""Equal rounds of a loop are walked once, and everything is as if each had been walked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from specnet.compiler import Checked, check_source
from specnet.elaborate.repetition import Rounds
from specnet.layers.conv import Conv
from specnet.source import Source

BLOCKS = """
block plain(K=4) { conv K=K F=3 P=1 -> bn -> relu }
block residual(K=4, S=1) {
  add {
    | conv K=K F=3 S=S P=1 bias=no -> bn
    | identity or { conv K=K F=1 S=S bias=no -> bn }
  }
  relu
}
block with_skip(skip) { conv K=C F=1 -> add @skip }
block nested { repeat 3 { plain } -> residual }
"""

BODIES = (
    "relu",
    "conv K=C F=3 P=1 -> bn -> relu",
    "plain",
    "residual",
    "residual K=8",
    "nested",
    "with_skip @start",
    "relu -> @inner\nconv K=C F=1\nwith_skip @inner",
    "pool max F=2",
    "identity -> @a\nadd @start",
    "add @start",
    "part: conv K=C F=1 -> relu\nadd @part @start",
    "first: conv K=C F=1\nsame first",
    "repeat 2 { relu -> conv K=C F=1 }",
    "repeat j in 0..3 { conv K=j+4 F=1 }",
    "for K in 4 4 8 { plain K=K }",
    "conv K=C F=3 P=1 => 32x32x4",
    "conv K=C F=3 P=1 => 16x16x4",
    "conv K=C F=1\nrelu => 32x32x4\nbn",
    "let k = C\nconv K=k F=1",
    "let k = i\nconv K=4+k F=1",
    "conv K=4+i%2 F=1",
    "conv K=4 F=1  # i is not read",
    "default bn momentum=0.2\nbn",
    "head aux { pool avg global -> fc 2 }",
    "relu -> @start",
    "add @start -> @start",
    "conv K=C F=2",
    "conv K=C F=3 S=2",
    "conv K=4 F=3 P=5",
    "nonsense",
    "conv K=C F=1 typo=3",
    "expect macs > 3\nrelu",
    "block local { relu }\nlocal",
    "if C > 4 { relu } else { conv K=6 F=1 }",
    "@start -> relu",
    "if i > 1 { relu }",
    "if no { relu } => 32x32x4",
    "train { data digits }\nrelu",
    "round floor\nrelu",
    "fc 10",
    "dropout 0.5 -> same outer",
)

LOOPS = (
    "repeat 5 { BODY }",
    "layer: repeat i in 0..5 { BODY }",
    "for i in 2 2 2 2 3 3 3 { BODY }",
    "repeat 3 { repeat 4 { BODY } }",
    "outer_line: repeat 4 { BODY }\nsame outer_line",
    "head side { repeat 4 { BODY } }\nrepeat 4 { BODY }",
)


CARRYING_LOOPS = (
    "repeat 5 carry @start @other { BODY }",
    "for i in 2 2 2 3 3 3 carry @start @other { BODY }",
    "repeat 3 carry @start @other { repeat 4 carry @start @other { BODY } }",
    "repeat 3 { repeat 4 carry @start { BODY } }\nadd @start",
)

CARRYING_BODIES = (
    "@start -> relu -> @start\n@other -> conv K=4 F=1 -> @other",
    "@start -> relu -> @x\n@other -> tanh -> @y\n@x -> add @y -> @start\n@y -> mul @x -> @other",
    "conv K=4 F=1 -> @start\nadd @start -> @other",
    "conv K=4 F=1 -> @start -> @other\nadd @start",
    "@other -> relu -> @start\n@start -> @other",
    "@start -> conv K=8 F=1 -> @start\n@other -> relu -> @other",
    "@start -> relu -> @start",
    "m: plain\n@m.conv1 -> @start\n@m -> add @start -> @other",
)


@cache
def make_source(loop: str, body: str) -> Source:
    """The same object for the same text, as spans of two sources are never equal."""
    other = "conv K=4 F=3 P=1 -> @other\n" if "carry" in loop else ""
    loop = loop.replace("BODY", f"\n{body}\n")
    return Source(
        "rounds.net",
        f"{BLOCKS}\nlet size = 32\ninput (size)x(size)x4\nouter: conv K=4 F=1 -> @start\n{other}{loop}\n",
    )


def check(loop: str, body: str, overrides: Mapping[str, str] | None = None) -> Checked:
    return check_source(make_source(loop, body), overrides)


def describe(checked: Checked) -> dict[str, Any]:
    """Everything that a check finds out, with the order of it."""
    elaborated = checked.elaborated
    return {
        "network": checked.network,
        "scopes": [*checked.network.scopes.items()],
        "taps": [[getattr(value, "tap", "") for _, value in s.values] for s in checked.network.scopes.values()],
        "places": [*elaborated.places.items()],
        "claims": [*elaborated.claims.items()],
        "restated": [*elaborated.restated.items()],
        "shape uses": vars(elaborated.shape_uses),
        "diagnostics": checked.diagnostics,
        "steps": elaborated.steps,
        "costs": [*checked.costs.items()],
    }


@pytest.mark.parametrize("overrides", [{}, {"size": "24"}], ids=["as written", "at another input"])
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("body", BODIES)
def test_rounds_are_as_if_each_were_walked(
    loop: str, body: str, overrides: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = describe(check(loop, body, overrides))
    monkeypatch.setattr(Rounds, "walk", lambda self, name, variable, value: self._walk(name, variable, value))
    assert found == describe(check(loop, body, overrides))


@pytest.mark.parametrize("loop", CARRYING_LOOPS)
@pytest.mark.parametrize("body", CARRYING_BODIES)
def test_rounds_that_carry_values_are_as_if_each_were_walked(
    loop: str, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_rounds_are_as_if_each_were_walked(loop, body, {}, monkeypatch)


def count_outputs(loop: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a check computes the output of a convolution while it walks."""
    calls, compute = list[object](), Conv.output
    monkeypatch.setattr(Conv, "macs", lambda self, inputs: 0)
    monkeypatch.setattr(Conv, "output", lambda self, inputs: calls.append(self) or compute(self, inputs))
    assert check_source(Source("x.net", f"{BLOCKS}\ninput 32x32x4\n{loop}")).ok
    return len(calls)


@pytest.mark.parametrize(
    "loop, walked",
    [
        ("repeat 500 { conv K=4 F=1 -> relu }", 3),
        ("repeat i in 0..500 { conv K=4 F=1 -> relu }", 3),
        ("repeat i in 0..50 { conv K=4+i-i F=1 -> relu }", 50),
        ("for K in 4 4 4 4 4 4 { conv K=K F=1 -> relu }", 3),
        ("repeat 500 { residual }", 3),
        ("repeat 100 { repeat 10 { conv K=4 F=1 -> relu } }", 9),
        ("repeat 4 { conv K=4 F=3 -> relu }", 4),
        ("relu -> @a\nrepeat 500 carry @a { @a -> conv K=4 F=1 -> relu -> @a }", 3),
    ],
)
def test_equal_rounds_are_walked_once(loop: str, walked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is never repeated, as the body may name what reaches it; the second shows that nothing changes."""
    assert count_outputs(loop, monkeypatch) == walked


@pytest.mark.parametrize("count", [6_665, 6_666, 6_667, 20_000])
def test_the_limits_are_met_at_the_same_place(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, body = f"relu -> relu\nrepeat {count} {{ BODY }}", "relu -> relu\ntanh"
    found = describe(check(loop, body))
    monkeypatch.setattr(Rounds, "walk", lambda self, name, variable, value: self._walk(name, variable, value))
    assert found == describe(check(loop, body))


def test_lines_that_are_alike_give_one_layer() -> None:
    text = "input 8x8x4\nconv K=4 F=1\nconv K=4 F=1\nconv F=1 K=4 bias=yes\nupsample 2\nupsample 2.0\nupsample 2"
    first, second, third, *enlarged = (node.layer for node in check_source(Source("x.net", text)).network.nodes)
    assert first is second
    assert first == third
    assert first is not third  # which says what is the default
    assert enlarged[0] is enlarged[2] is not enlarged[1]
