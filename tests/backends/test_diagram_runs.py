"""Alike neighbours are drawn once: which form a run, what it is called, and what its sizes are."""

from __future__ import annotations

import pytest
from paths import SPECS

from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.model import Diagram
from specnet.backends.diagram.ranges import join_names
from specnet.compiler import check_source
from specnet.source import Source

START = """input 32x32x16
block unit(K, S=1) { conv K=K F=3 S=S P=1 -> relu -> conv K=K F=3 P=1 -> relu }
block residual(K, S=1) { add { | conv K=K F=3 S=S P=1 -> relu -> conv K=K F=3 P=1 | identity or { conv K=K F=1 S=S } } }
"""


def describe(text: str, depth: int | None = None, expand: bool = False) -> Diagram:
    return describe_network(check_source(Source("a.net", text)), depth, expand)


def counts(diagram: Diagram) -> dict[str, int]:
    """The boxes and scopes that stand for several, by their titles."""
    return {each.title: each.count for each in (*diagram.scopes.values(), *diagram.boxes.values()) if each.count > 1}


@pytest.mark.parametrize(
    "lines, expected",
    [
        ("repeat 3 { unit 16 }", {"repeat1": 3}),
        ("repeat 3 { unit 16 -> bn }", {"repeat1": 3}),
        ("repeat 4 { conv K=16 F=3 P=1 -> relu }", {"repeat1": 4}),
        ("stage: repeat 3 { residual 32 }", {"stage.1…2": 2}),
        ("stage: repeat 4 { residual 32 S=2 }", {"stage": 4}),
        ("a: unit 16\nb: unit 16\nc: unit 16\nfc 3", {"a…c": 3}),
        ("b1: unit 16\nb2: unit 16\nfc 3", {"b1…2": 2}),
        ("a: unit 16\nb: unit 32", {}),
        ("a: unit 16 -> @x\nb: unit 16\nadd @x", {}),
        ("a: unit 16\nrelu\nb: unit 16", {}),
        ("repeat 2 { repeat 2 { unit 16 } }", {"repeat1": 4}),
        ("repeat 3 { concat { | identity | conv K=8 F=3 P=1 -> relu } }", {"repeat1": 3}),
        ("repeat i in 0..3 { conv K=16 F=3 P=1 -> dropout 0.1*(i + 1) }", {"repeat1": 3}),
        ("same_size: repeat 2 { conv K=C*2 F=3 P=1 }", {}),
    ],
)
def test_what_is_drawn_once(lines: str, expected: dict[str, int]) -> None:
    diagram = describe(START + lines)
    assert counts(diagram) == expected
    assert counts(describe(START + lines, expand=True)) == {}


def test_sizes_of_a_run_are_a_range() -> None:
    diagram = describe(START + "dense: repeat 3 { concat { | identity | bn -> conv K=8 F=3 P=1 } }")
    inside = [edge.label for edge in diagram.edges if edge.value == "dense.0.bn1"]
    assert inside == ["32×32×16…32"]
    assert [edge.label for edge in diagram.edges if edge.target == "the output"] == ["32×32×40"]


def test_rates_of_a_run_are_a_range() -> None:
    diagram = describe("input 8x8x4\nrepeat i in 1..4 { conv K=4 F=1 -> dropout i/10 }")
    assert [part.text for box in diagram.boxes.values() for part in box.parts] == ["dropout 0.1…0.3"]


def test_a_run_stands_for_all_of_its_layers() -> None:
    (box,) = describe("input 8x8x4\nrepeat 3 { conv K=4 F=1 -> relu }").boxes.values()
    assert len(box.layers) == 6 and box.layers[-1] == "repeat1.2.relu1"


@pytest.mark.parametrize(
    "names, title",
    [
        (["a", "b"], "a…b"),
        (["b1", "b2", "b12"], "b1…12"),
        (["conv3_x.1", "conv3_x.3"], "conv3_x.1…3"),
        (["mixed_5c", "mixed_5d"], "mixed_5c…5d"),
        (["left_1", "right_1"], "left_1…right_1"),
        (["alone"], "alone"),
    ],
)
def test_names_of_neighbours_are_a_range(names: list[str], title: str) -> None:
    assert join_names(names) == title


def test_a_broken_scope_is_drawn_by_itself() -> None:
    diagram = describe("input 32x32x4\nblock odd() { conv K=4 F=3 P=1 -> conv K=4 F=4 S=3 }\na: odd\nb: odd\nc: odd")
    assert counts(diagram) == {"b…c": 2}


@pytest.mark.parametrize(
    "name, call",
    [
        ("resnet50", "bottleneck K=128"),
        ("mobilenet-v2", "bottleneck t=6 c=32 s=2"),
        ("googlenet", "inception n1=64 r3=96 n3=128 r5=16 n5=32 pool=32"),
        ("unet", "up K=512 copy=@copy4"),
        ("densenet121", "dense_layer"),
    ],
)
def test_a_call_is_as_it_is_written(name: str, call: str) -> None:
    diagram = describe((SPECS / f"{name}.net").read_text(encoding="utf-8"))
    assert call in [scope.call for scope in diagram.scopes.values()]


def test_a_default_that_is_written_out_is_left_out() -> None:
    diagram = describe(START + "a: residual 32 S=1\nb: residual 16 S=2")
    assert [scope.call for scope in diagram.scopes.values()] == ["residual K=32", "residual K=16 S=2"]


def test_resnet152_folds_into_less_than_40_boxes() -> None:
    diagram = describe((SPECS / "resnet152.net").read_text(encoding="utf-8"), depth=1)
    assert len(diagram.boxes) < 40
