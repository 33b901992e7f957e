"""Generated source of networks that no text describes: odd names, layers of several inputs."""

from __future__ import annotations

from typing import ClassVar

import pytest
from same_modules import assert_same

from specnet.backends.torch_source import generate_source
from specnet.graph import Input, Network, Node
from specnet.layers import get_layer_class
from specnet.layers.base import Family, Layer, Shapes, TorchCall


def node(
    name: str, kind: str, inputs: str, output: tuple[int, ...], shares: str | None = None, **values: object
) -> Node:
    made = get_layer_class(kind)
    assert made is not None and issubclass(made, Layer)
    return Node(name, kind, made(**values), tuple(inputs.split()), output, shares)


def conv(name: str, inputs: str, shares: str | None = None) -> Node:
    return node(name, "conv", inputs, (8, 8, 4), shares, out_channels=4, kernel_size=1)


@pytest.mark.parametrize(
    "nodes",
    [
        [conv("a.conv1", "input"), conv("b.conv1", "a.conv1"), conv("a.conv2", "b.conv1")],
        [conv("a.0.conv1", "input"), conv("a.1.conv1", "a.0.conv1", "a.0.conv1"), conv("a.2.x", "a.1.conv1")],
        [conv("a.x.conv1", "input"), conv("b.conv1", "a.x.conv1", "a.x.conv1"), conv("b.conv2", "b.conv1")],
        [conv("a.x", "input"), conv("a.y", "input"), node("b.add", "add", "a.x a.y input", (8, 8, 4))],
        [conv("0", "input"), conv("__x", "0"), conv("b.__x", "__x")],
    ],
)
def test_any_graph(nodes: list[Node]) -> None:
    """Scopes that are scattered, share weights in part, are no identifiers."""
    assert_same(Network("Odd", "", (Input("input", (8, 8, 4)),), tuple(nodes), (nodes[-1].name,)))


class Attention(Layer):
    """A layer that takes its three inputs in order."""

    family: ClassVar[Family] = Family.JOIN

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("F.scaled_dot_product_attention", dropout_p=0.0, is_causal=True),)


class Maximum(Layer):
    """A layer that takes its inputs pairwise, by a function that is no operator."""

    family: ClassVar[Family] = Family.JOIN

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.maximum", joins="fold"),)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Attention(), "branch1, branch2, branch3, dropout_p=0.0, is_causal=True"),
        (Maximum(), "torch.maximum(torch.maximum(branch1, branch2), branch3)"),
    ],
)
def test_layers_of_several_inputs(layer: Layer, expected: str) -> None:
    joined = Node("joined", "joined", layer, ("a", "b", "c"), (8, 8, 4))
    nodes = (conv("a", "input"), conv("b", "input"), conv("c", "input"), joined)
    built = Network("Joined", "", (Input("input", (8, 8, 4)),), nodes, ("joined",))
    assert expected in generate_source(built)
    assert_same(built)
