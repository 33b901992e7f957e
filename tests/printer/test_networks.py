"""Networks made by programs, and networks printed as text that reads back to the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import SPECS

import specnet
from specnet.graph import Network
from specnet.printer.formatter import format_source
from specnet.printer.networks import format_network
from specnet.source import Source
from specnet.syntax.parser import parse

LONGER = ("densenet161", "densenet169", "densenet201", "resnet101", "resnet152")
"""Networks with more of the blocks of others, which the slow tests print."""

FILES = [
    pytest.param(file, marks=pytest.mark.slow if file.stem in LONGER else (), id=file.stem)
    for file in sorted(SPECS.glob("*.net"))
]


def assert_canonical(text: str) -> None:
    """Formatting leaves the text as it is."""
    source = Source("<printed>", text)
    lines, unreadable = parse(source)
    assert not unreadable
    assert format_source(source, lines) == text


def read_back(network: Network) -> Network:
    return specnet.check(format_network(network)).network


@pytest.mark.parametrize("file", FILES)
def test_what_is_printed_reads_back_to_the_same(file: Path) -> None:
    network = specnet.check(file).network
    assert_canonical(format_network(network))
    again = read_back(network)
    if any("." in name for name in network.shapes):
        assert [node.output for node in again.nodes] == [node.output for node in network.nodes]
        assert [node.layer for node in again.nodes] == [node.layer for node in network.nodes]
        network = again
    assert read_back(network) == network


def builder() -> specnet.NetworkBuilder:
    return specnet.NetworkBuilder("Made", "by a program")


def test_a_network_made_by_a_program() -> None:
    net = builder()
    x = net.input((32, 32, 3))
    left = net.add("conv", x, K=16, F=3, P=1, name="left")
    right = net.add("conv", x, out_channels=16, kernel_size=1, name="right")
    network = net.network(net.add("fc", net.add("add", left, right), K=10))
    assert read_back(network) == network
    assert "right: @input -> conv K=16 F=1\nadd1:  @left  -> add @right\n" in format_network(network)


LIKE = """input 8x8x3
block b {
  conv K=3 F=3 P=1 -> @s
  pool max F=2 -> upsample bilinear like=@s -> add @s
}
m: b
n: same m
pad 1 -> crop like=@m
"""


def test_a_layer_names_the_value_whose_size_it_comes_to() -> None:
    """Where weights are shared, it is that of its own line."""
    network = specnet.check(LIKE).network
    text = format_network(network)
    assert "m_upsample1: upsample bilinear like=@m_conv1\n" in text
    assert "n_upsample1: upsample bilinear like=@n_conv1\n" in text
    again = read_back(network)
    labels = {name: name.replace(".", "_") for name in network.shapes}
    assert [node.inputs for node in again.nodes] == [
        tuple(labels[name] for name in node.inputs) for node in network.nodes
    ]
    assert read_back(again) == again
    assert_canonical(text)


def test_names_that_differ_in_dots_have_different_labels() -> None:
    net = builder()
    x = net.add("relu", net.input((4, 4, 3)), name="a.b")
    network = net.network(net.add("add", x, net.add("tanh", x, name="a_b")))
    labels = {"a.b": "a_b_", "a_b": "a_b", "add1": "add1"}
    assert [node.name for node in read_back(network).nodes] == [labels[node.name] for node in network.nodes]


@pytest.mark.parametrize("name", ["C", "H", "L"])
def test_a_layer_named_as_no_value_can_be_is_read_by_another_name(name: str) -> None:
    net = builder()
    x = net.add("conv", net.input((8, 8, 3), name=name.lower()), K=4, F=1, name=name)
    network = net.network(net.add("add", net.add("relu", x), x))
    assert f"{name}:     conv K=4 F=1 -> @{name}_\n" in format_network(network)
    assert read_back(network) == network


def test_an_input_named_as_no_value_can_be_gets_another_name() -> None:
    net = builder()
    x = net.input((8, 8, 3), name="C")
    assert read_back(net.network(net.add("concat", x, net.add("relu", x)))).inputs[0].name == "C_"


def test_a_broken_network_cannot_be_printed() -> None:
    network = specnet.check("input 8x8x3\nconv K=3 F=9\n").network
    with pytest.raises(ValueError, match="cannot be printed"):
        format_network(network)


def test_heads_shared_weights_and_training_are_printed_too() -> None:
    text = (
        "input a 9x9x1\nf: conv K=4 F=3\ninput b 9x9x1\ng: same f\nj: add @f\nhead side weight=0.5 { }\n"
        "o: fc 3\ntrain {\n  data synthetic images=9\n  augment flip vertical -> crop pad=2\n  batch 3\n}\n"
    )
    network = specnet.check(text).network
    assert read_back(network) == network


@pytest.mark.parametrize(
    "text",
    [
        "input 9x9x1\nhead side weight=0.5 { }\nconv K=4 F=3\nfc 3\n",
        "input a 9x9x1\nhead x { }\nhead y { }\ninput b 9x9x1\nhead z { }\nadd @a\nfc 3\n",
        "input 9x9x1\nconv K=4 F=3\nhead one { }\nhead two weight=0.3 { }\nfc 3\n",
    ],
)
def test_all_heads_of_an_input_or_a_layer_are_printed(text: str) -> None:
    network = specnet.check(text).network
    assert network.heads
    assert read_back(network) == network


@pytest.mark.parametrize("at", ["[5,8]", "[5,5]", "[5,6,7]", "5"])
def test_the_epochs_of_a_schedule_are_printed_as_a_list(at: str) -> None:
    text = f"input 9x9x1\nfc 3\ntrain {{\n  schedule step at={at}\n  epochs   10\n}}\n"
    network = specnet.check(text).network
    assert f"schedule step at={at}\n" in format_network(network)
    assert read_back(network) == network


@given(st.data())
def test_any_chain_that_a_program_makes_reads_back(data: st.DataObject) -> None:
    net = builder()
    x = net.input((16, 16, 8))
    for _ in range(data.draw(st.integers(1, 6))):
        kind, attributes = data.draw(
            st.sampled_from(
                [
                    ("conv", {"K": 8, "F": (3, 1), "P": ((1, 1), (0, 0))}),
                    ("conv", {"K": 8, "F": 2, "P": ((0, 1), (0, 1)), "bias": False}),
                    ("conv", {"K": 8, "F": 3, "P": "same", "G": 4}),
                    ("pool", {"operation": "max", "F": 3, "S": 1, "P": 1}),
                    ("leaky_relu", {"slope": 0.2}),
                    ("bn", {"eps": 1e-3}),
                    ("dropout", {"p": 0.25}),
                    ("identity", {}),
                ]
            )
        )
        x = net.add(kind, x, **attributes)
    network = net.network(x)
    assert_canonical(format_network(network))
    assert read_back(network) == network
