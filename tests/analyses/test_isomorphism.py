"""Two networks are the same graph if their layers correspond, whatever their names."""

from __future__ import annotations

import pytest
import torch

import specnet
from specnet.analyses.isomorphism import match_networks
from specnet.backends.torch_module import build_module

TEXT = """
input 8x8x4
conv K=4 F=3 P=1 -> relu -> @a
head side weight=0.3 { pool avg global -> fc 2 }
add { | @a -> conv K=4 F=1 | @a }
fc 3
"""

SAME = [
    ("relu -> @a", "relu -> @other"),
    ("@a ", "@b "),
    ("head side", "head aside"),
    ("fc 3", "last: fc 3"),
    ("input 8x8x4", "input picture 8x8x4"),
    ("add { | @a -> conv K=4 F=1 | @a }", "conv K=4 F=1 -> @c\nadd { | @c | @a }"),
]


def match(one: str, other: str) -> object:
    networks = [specnet.check(text).network for text in (one, other)]
    found, back = match_networks(*networks), match_networks(networks[1], networks[0])
    assert (found is None) == (back is None)
    return found


@pytest.mark.parametrize(("written", "instead"), SAME)
def test_names_and_layout_make_no_difference(written: str, instead: str) -> None:
    other = TEXT.replace(written, instead).replace("-> @a\n", "-> @b\n" if "@b" in instead else "-> @a\n")
    assert "@other" in other or match(TEXT, other)


OTHER = [
    ("F=3 P=1", "F=5 P=2"),
    ("add { | @a -> conv K=4 F=1 | @a }", "add { | @a | @a -> conv K=4 F=1 }"),
    ("add { |", "mul { |"),
    ("fc 3", "fc 4"),
    ("fc 3", "fc 3 -> relu"),
    ("input 8x8x4", "input 8x6x4"),
    ("weight=0.3", "weight=0.4"),
    ("head side weight=0.3 { pool avg global -> fc 2 }", ""),
    ("head side weight=0.3 { pool avg global -> fc 2 }", "head side weight=0.3 { pool max global -> fc 2 }"),
    ("conv K=4 F=1 | @a", "conv K=4 F=1 | @a -> relu"),
]


@pytest.mark.parametrize(("written", "instead"), OTHER)
def test_another_layer_edge_or_output_is_another_graph(written: str, instead: str) -> None:
    assert match(TEXT, TEXT.replace(written, instead)) is None


def test_heads_are_matched_by_name_whatever_their_order() -> None:
    first = "head a { fc 2 }\nhead b { fc 3 }\n"
    second = "head b { fc 3 }\nhead a { fc 2 }\n"
    begin, end = "input 8x8x4\nconv K=4 F=1\n", "fc 5\n"
    assert match(f"{begin}{first}{end}", f"{begin}{second}{end}")


def test_layers_that_nothing_reads_are_matched_in_order() -> None:
    begin = "input 8x8x4 -> @x\n"
    one, two = "@x -> conv K=4 F=1 -> relu\n", "@x -> conv K=5 F=1\n"
    assert match(f"{begin}{one}{two}@x -> fc 2", f"{begin}@x -> conv K=4 F=1\nrelu\n{two}@x -> fc 2")
    assert match(f"{begin}{one}{two}@x -> fc 2", f"{begin}{two}{one}@x -> fc 2") is None


def test_shared_weights_count() -> None:
    begin = "input a 8x8x4\ninput b 8x8x4\n@a -> conv1: conv K=4 F=1 -> @x\n"
    shared = f"{begin.replace('@a -> conv1: ', 'conv1: @a -> ')}@b -> same conv1 -> @y\nadd @x @y"
    apart = f"{begin.replace('@a -> conv1: ', 'conv1: @a -> ')}@b -> conv K=4 F=1 -> @y\nadd @x @y"
    assert match(shared, shared) and match(shared, apart) is None


def test_the_names_are_those_of_both_sides() -> None:
    one = specnet.check("input 8x8x4\nfirst: conv K=4 F=1 -> relu").network
    other = specnet.check("input 8x8x4\nconv K=4 F=1 -> relu").network
    assert match_networks(one, other) == {"input": "input", "first": "conv1", "first_relu": "relu1"}


FUNCTIONS = [
    ("pool max F=2", "pool max F=2 S=2", True),
    ("pool max F=2", "pool max F=2 S=1", False),
    ("pool max F=4x2", "pool max F=4x2 S=4x2", True),
    ("conv K=4 F=3 P=same", "conv K=4 F=3 P=1", True),
    ("conv K=4 F=3 D=2 P=same", "conv K=4 F=3 D=2 P=2", True),
    ("conv K=4 F=2 P=same", "conv K=4 F=2 P=0:1", True),
    ("conv K=4 F=2 P=same", "conv K=4 F=2 P=1:0", False),
    ("conv K=4 F=3 S=2 P=same", "conv K=4 F=3 S=2 P=0:1", False),
    ("filter sobel_x P=same", "filter sobel_x P=1", True),
    ("pool max F=3 S=1 P=same", "pool max F=3 S=1 P=1", True),
    ("pool max F=3 S=1 P=1", "pool max F=3 S=1 P=1 exclude_padding", True),
    ("pool avg F=3 S=1 P=same", "pool avg F=3 S=1 P=1", False),
    ("pool avg F=3 S=1 P=same", "pool avg F=3 S=1 P=1 exclude_padding", True),
    ("pool avg F=2", "pool avg F=2 exclude_padding", True),
    ("pool avg F=3 S=1 P=1", "pool avg F=3 S=1 P=1 exclude_padding", False),
    ("pool avg global", "pool max global", False),
]


@pytest.mark.parametrize(("one", "other", "is_same"), FUNCTIONS)
def test_layers_are_the_same_where_they_are_one_function(one: str, other: str, is_same: bool) -> None:
    """PyTorch says whether they are."""
    networks = [specnet.check(f"input 8x8x4\n{text}").network for text in (one, other)]
    assert (match(f"input 8x8x4\n{one}", f"input 8x8x4\n{other}") is not None) == is_same
    modules = [build_module(network).eval() for network in networks]
    for module in modules[1:]:
        module.load_state_dict(modules[0].state_dict())
    torch.manual_seed(0)
    image = torch.randn(1, 4, 8, 8)
    outputs = [module(image) for module in modules]
    is_equal = outputs[0].shape == outputs[1].shape and torch.allclose(*outputs, atol=1e-6)
    assert is_equal == (is_same or "S=2 P=same" in one)  # which, at a stride of 2, depends on the size of the input
