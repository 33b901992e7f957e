"""The difference of two networks as a diagram: what is marked, what is folded, and what stands where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from paths import SPECS

from specnet.backends.diagram.contraction import list_depths
from specnet.backends.diagram.difference import describe_difference
from specnet.backends.diagram.dot import to_dot
from specnet.backends.diagram.model import Diagram, State
from specnet.compiler import check_source
from specnet.source import Source


def compare(before: str, after: str) -> Diagram:
    sides = [check_source(Source(f"{name}.net", text)) for name, text in (("a", before), ("b", after))]
    assert all(side.ok for side in sides)
    return describe_difference(*sides)


def read(name: str) -> str:
    return (SPECS / f"{name}.net").read_text(encoding="utf-8")


def list_boxes(diagram: Diagram) -> list[tuple[str, str, State]]:
    return [(box.title, box.call, box.state) for box in diagram.boxes.values()]


START = "input 8x8x3\na: conv K=4 F=3 P=1 -> relu\n"


@pytest.mark.parametrize(
    "before, after, expected",
    [
        ("b: fc 10", "b: fc 10", [("a", "conv K=4 F=3 P=1", State.SAME), ("b", "fc 10", State.SAME)]),
        ("b: fc 10", "b: fc 20", [("a", "conv K=4 F=3 P=1", State.SAME), ("~ b", "fc 20", State.CHANGED)]),
        (
            "fc 10",
            "p: pool max F=2\nfc 10",
            [
                ("a", "conv K=4 F=3 P=1", State.SAME),
                ("+ p", "pool max F=2", State.ADDED),
                ("fc1", "fc 10", State.SAME),
            ],
        ),
        (
            "p: pool max F=2\nfc 10",
            "fc 10",
            [
                ("a", "conv K=4 F=3 P=1", State.SAME),
                ("fc1", "fc 10", State.SAME),
                ("− p", "pool max F=2", State.REMOVED),
            ],
        ),
    ],
)
def test_boxes_are_marked(before: str, after: str, expected: list[tuple[str, str, State]]) -> None:
    assert list_boxes(compare(START + before, START + after)) == expected


def test_a_changed_layer_shows_both_values_and_an_edge_both_sizes() -> None:
    diagram = compare(START + "b: fc 10", START.replace("K=4", "K=6") + "b: fc 10")
    assert diagram.boxes["a"].facts == ("was conv K=4 F=3 P=1",)
    assert [(edge.label, edge.state) for edge in diagram.edges[1:2]] == [("8×8×4 → 8×8×6", State.CHANGED)]
    assert "(+" in diagram.totals


def test_layers_within_a_box_are_marked_by_themselves() -> None:
    before = "input 8x8x3\na: conv K=4 F=3 P=1 -> bn -> relu\nb: fc 10 -> dropout 0.5"
    after = "input 8x8x3\na: conv K=4 F=3 P=1 -> relu\nb: fc 10 -> dropout 0.2"
    diagram = compare(before, after)
    assert [(part.text, part.state) for part in diagram.boxes["a"].parts] == [
        ("relu", State.SAME),
        ("− bn", State.REMOVED),
    ]
    assert [part.text for part in diagram.boxes["b"].parts] == ["~ dropout 0.5 → dropout 0.2"]


def test_what_is_removed_stands_where_it_was() -> None:
    diagram = compare(START + "p: pool max F=2\nq: lrn\nfc 10", START + "fc 10")
    assert diagram.contents == ("a", "removed p", "fc1")
    removed = [(edge.source, edge.target) for edge in diagram.edges if edge.state is State.REMOVED]
    assert removed == [("a", "removed p"), ("removed p", "fc1")]


def test_a_removed_block_is_folded_in_its_place() -> None:
    block = "block unit(K) { conv K=K F=3 P=1 -> bn -> relu\nconv K=K F=3 P=1 }\n"
    diagram = compare(
        block + START + "x: unit 4\ny: unit 4\nfc 10",
        block + START + "x: unit 4\nfc 10",
    )
    assert [box.call for box in diagram.boxes.values() if box.state is State.REMOVED] == ["unit K=4"]
    assert "removed y" in diagram.contents


def test_a_longer_resnet_is_a_few_boxes() -> None:
    diagram = compare(read("resnet50"), read("resnet101"))
    states = Counter(box.state for box in diagram.boxes.values())
    assert states == {State.SAME: 3, State.ADDED: 1}
    assert any(box.call.startswith("17 × bottleneck K=256") for box in diagram.boxes.values())


@pytest.mark.parametrize(
    "before, after",
    [*pairwise(["resnet18", "resnet50", "unet", "googlenet", "lenet5", "siamese", "googlenet-heads", "vgg11"])],
)
def test_any_two_networks_have_a_difference(before: str, after: str) -> None:
    """Each box and scope stands in one place, and each edge has two ends."""
    diagram = compare(read(before), read(after))
    held = [*diagram.contents, *(inner for scope in diagram.scopes.values() for inner in scope.contents)]
    assert sorted(held) == sorted([*diagram.boxes, *diagram.scopes])
    ends = {*diagram.boxes, *(terminal.identity for terminal in (*diagram.inputs, *diagram.ends))}
    assert all({edge.source, edge.target} <= ends for edge in diagram.edges)


def test_it_looks_like_this(golden: Callable[[str, str], None]) -> None:
    golden("alexnet-difference.dot", to_dot(compare(read("alexnet"), read("alexnet-torchvision"))).source)


def test_a_large_difference_is_folded_until_it_is_readable() -> None:
    diagrams = [*list_depths(compare(read("resnet50"), read("wide-resnet50-2")))]
    sizes = [len(diagram.boxes) for diagram in diagrams]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] < 10
    shown = next(box for box in diagrams[1].boxes.values() if box.call == "3 × bottleneck K=128 out=256")
    assert shown.state is State.CHANGED and [part.text for part in shown.parts] == [
        "~ conv1  conv K=128 F=1 bias=no",
        "~ conv2  conv K=128 F=3 P=1 bias=no",
    ]


def test_the_same_layer_with_other_parameters_says_so() -> None:
    diagram = compare(START + "b: fc 10", START.replace("K=4", "K=6") + "b: fc 10")
    assert diagram.boxes["b"].facts == ("+1,280 parameters",)
