"""Sizes of an input at which every layer takes its inputs, and shapes behind a change."""

from __future__ import annotations

from itertools import islice

import pytest

from specnet.analyses.input_sizes import find_fitting_sizes, list_near_sizes
from specnet.analyses.propagation import propagate
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.layers.base import Shape
from specnet.source import Source


def build(text: str) -> Network:
    return check_source(Source("a.net", text)).network


def test_near_sizes_begin_with_the_nearest_and_keep_the_channels() -> None:
    assert list(islice(list_near_sizes((8, 8, 3)), 3)) == [(9, 9, 3), (7, 7, 3), (10, 10, 3)]


def test_a_size_that_is_not_square_is_first_made_square_then_changed_along_one_axis() -> None:
    found = list(islice(list_near_sizes((8, 9, 3)), 4))
    assert found == [(9, 9, 3), (8, 8, 3), (9, 9, 3), (8, 10, 3)]


def test_a_vector_has_no_near_sizes() -> None:
    assert not list(list_near_sizes((8,)))


@pytest.mark.parametrize(
    ("layers", "sizes"),
    [
        ("conv K=96 F=11 S=4\npool max F=3 S=2\n", [(227, 227, 3), (219, 219, 3)]),
        ("conv K=96 F=11 S=4\n", [(223, 223, 3), (227, 227, 3)]),
    ],
)
def test_fitting_sizes_are_those_that_no_layer_refuses(layers: str, sizes: list[Shape]) -> None:
    network = build(f"input 224x224x3\n{layers}")
    assert [shape for shape, _ in islice(find_fitting_sizes(network, "input"), 2)] == sizes


def test_a_change_is_followed_to_the_layers_that_refuse_it() -> None:
    network = build("input 8x8x3\nconv K=4 F=3 P=1 -> @a\npool max F=2\nupsample 2\nadd @a\nfc 10\n")
    through = propagate(network, {"input": (9, 9, 3)}, {})
    assert through.refused == ("pool1",)
    assert through.shapes["conv1"] == (9, 9, 4)
    assert through.shapes["add1"] is None
    assert propagate(network, {"input": (10, 10, 3)}, {}, "pool1").shapes == {
        "input": (10, 10, 3),
        "conv1": (10, 10, 4),
        "pool1": (5, 5, 4),
    }
