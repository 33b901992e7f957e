"""Layers unfolded into their steps in a diagram: attention with its q, k and v."""

from __future__ import annotations

import pytest

from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.heat import Heat
from specnet.backends.diagram.model import Diagram
from specnet.backends.diagram.parts import list_parts
from specnet.compiler import Checked, check_source
from specnet.layers.base import Family
from specnet.source import Source


def check(text: str) -> Checked:
    return check_source(Source("a.net", text))


def describe(text: str, depth: int | None = 1, expand: bool = False) -> Diagram:
    return describe_network(check(text), depth, expand)


def list_edges(diagram: Diagram) -> dict[tuple[str, str], str]:
    """Return the sizes on all edges by their ends, without the name of the attention before those of its steps."""
    start = "attention1."
    return {(e.source.removeprefix(start), e.target.removeprefix(start)): e.label for e in diagram.edges}


def test_self_attention_is_unfolded_into_its_products() -> None:
    diagram = describe("input 10x12\nattention heads=3 -> fc 5")
    assert diagram.contents == ("attention1", "fc1")
    assert diagram.scopes["attention1"].contents == tuple(
        f"attention1.{each}" for each in ["q", "k", "v", "weights", "mean", "proj"]
    )
    assert list_edges(diagram) == {
        ("input", "q"): "10×12",
        ("input", "k"): "",
        ("input", "v"): "",
        ("q", "weights"): "3×10×4",
        ("k", "weights"): "3×10×4",
        ("weights", "mean"): "3×10×10",
        ("v", "mean"): "3×10×4",
        ("mean", "proj"): "10×12",
        ("proj", "fc1"): "10×12",
        ("fc1", "the output"): "10×5",
    }
    weights = diagram.boxes["attention1.weights"]
    assert weights.call == "q·kᵀ/√4" and weights.family is Family.ATTENTION
    assert [part.text for part in weights.parts] == ["softmax"]
    assert diagram.arms == (("attention1.q", "attention1.k", "attention1.v"),)


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        (
            "input 10x12 -> @memory\nfc 6 -> slice 0..4 axis=L -> attention @memory heads=2",
            {("slice1", "q"): "4×6", ("input", "k"): "", ("input", "v"): "", ("weights", "mean"): "2×4×10"},
        ),
        (
            "input 10x12 -> @memory\nattention @memory heads=2",
            {("input", "q"): "10×12", ("input", "k"): "", ("input", "v"): ""},
        ),
        (
            "input 8x8x4\nattention heads=2 reduce=4",
            {
                ("input", "reduced"): "8×8×4",
                ("input", "q"): "",
                ("reduced", "k"): "2×2×4",
                ("weights", "mean"): "2×64×4",
            },
        ),
        (
            "input 14x7x4\nattention heads=2 window=7 shift=3",
            {("input", "windows"): "14×7×4", ("windows", "q"): "2×49×4", ("weights", "mean"): "2×2×49×49"},
        ),
        (
            "input 8x8x4\nattention heads=2 patch=2",
            {("input", "patches"): "8×8×4", ("patches", "q"): "4×16×4", ("weights", "mean"): "4×2×16×16"},
        ),
    ],
)
def test_each_way_of_attending_is_drawn_as_it_is(text: str, edges: dict[tuple[str, str], str]) -> None:
    found = list_edges(describe(text))
    assert {ends: found.get(ends) for ends in edges} == edges


def test_what_is_added_to_the_products_stands_with_them() -> None:
    diagram = describe("input 14x14x4\nattention heads=2 window=7 shift=3 bias=relative")
    texts = [part.text for part in diagram.boxes["attention1.weights"].parts]
    assert texts == ["+ bias by distance", "+ mask between windows", "softmax"]
    assert diagram.boxes["attention1.windows"].call == "7×7, shifted by 3"


TWICE = "input 10x12\nrepeat 2 { attention heads=3 -> dropout 0.1 }\nattention heads=4"


@pytest.mark.parametrize(("depth", "opened"), [(None, []), (0, []), (1, ["attention1"]), (2, ["attention1"])])
def test_a_depth_unfolds_what_stands_above_it(depth: int | None, opened: list[str]) -> None:
    assert [each for each in describe(TWICE, depth).scopes if "attention" in each] == opened


def test_alike_ones_are_unfolded_once_with_what_is_in_their_box() -> None:
    diagram = describe(TWICE, 3)
    scope = diagram.scopes["repeat1.0.attention1"]
    assert (scope.count, scope.call) == (2, "attention heads=3")
    assert [part.text for part in diagram.boxes["repeat1.0.attention1.proj"].parts] == ["dropout 0.1"]
    assert "repeat1.1.attention1.q" in describe(TWICE, 3, expand=True).boxes


def test_sizes_that_differ_are_a_range() -> None:
    sizes = "input 16x16x4\nblock b { attention heads=2 -> pool max F=2 }\nrepeat 2 { b }"
    assert "2×256…64×2" in {edge.label for edge in describe(sizes, 3).edges}


def test_an_attention_at_an_error_and_one_coloured_by_heat_stay_whole() -> None:
    assert "attention1" in describe("input 10x12\nattention heads=5").boxes
    checked = check("input 10x12\nattention heads=3")
    assert "attention1" in describe_network(checked, 1, heat=Heat(checked, "macs", None)).boxes


def test_a_page_can_open_an_attention_and_knows_its_layers() -> None:
    parts = list_parts(check("input 10x12\nrepeat 2 { attention heads=3 -> dropout 0.1 }\nfc 5"))
    scope = parts["scopes"]["repeat1.0.attention1"]
    assert not scope["open"] and scope["layers"] == ("repeat1.0.attention1", "repeat1.0.dropout1")
    assert parts["boxes"]["repeat1.0.attention1.q"]["layers"] == ()
    assert [run["scopes"] for run in parts["runs"]] == [["repeat1.0.attention1", "repeat1.1.attention1"]]
    assert "×2" in parts["runs"][0]["caption"]
