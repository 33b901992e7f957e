"""Receptive fields of whole networks, measured by gradients: size, effective stride and centre.

All weights are 1 and all biases 0, maxima are averages, activations and normalisations the identity, and the input is
larger than the field, so that the middle position of a map has a gradient at each pixel of its field and at no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import assume, given, settings
from paths import SPECS
from torch import Tensor, nn
from torch.nn import functional

from specnet.analyses.receptive_field import (
    InputWindow,
    Pixels,
    compute_largest_receptive_field,
    locate_receptive_fields,
    trace_fields,
)
from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.layers.base.traits import Family
from specnet.layers.identity import Identity
from specnet.source import Source

IGNORED = {Family.ACTIVATION, Family.NORMALISATION, Family.REGULARISATION}


class WindowSum(nn.Module):
    """The sum of each window of a pooling module."""

    def __init__(self, pool: nn.MaxPool2d | nn.AvgPool2d) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.pool(x).shape[2:]
        kernel, stride, padding, dilation = (
            (value, value) if isinstance(value, int) else value
            for value in (
                self.pool.kernel_size,
                self.pool.stride,
                self.pool.padding,
                getattr(self.pool, "dilation", 1),
            )
        )
        ends = [
            max(0, (positions - 1) * s + d * (k - 1) + 1 - p - size)
            for positions, k, s, d, p, size in zip(
                (height, width), kernel, stride, dilation, padding, x.shape[2:], strict=True
            )
        ]
        padded = functional.pad(x, (padding[1], ends[1], padding[0], ends[0]))
        ones = torch.ones(x.shape[1], 1, *kernel, dtype=x.dtype) / (kernel[0] * kernel[1])
        found = functional.conv2d(padded, ones, stride=stride, dilation=dilation, groups=x.shape[1])
        return found[:, :, :height, :width]


def simplify(network: Network) -> Network:
    """The network with the identity in the place of activations and normalisations, and averages of maxima."""
    nodes = []
    for node in network.nodes:
        layer = node.layer
        assert layer is not None
        if layer.family in IGNORED and len(node.inputs) == 1:
            layer = Identity()
        nodes.append(replace(node, layer=layer))
    return replace(network, nodes=tuple(nodes))


def cut(network: Network, name: str) -> Network:
    """The network up to a value, which is its output."""
    last = next(place for place, node in enumerate(network.nodes) if node.name == name)
    return replace(network, nodes=network.nodes[: last + 1], outputs=(name,), heads=())


def build(network: Network) -> nn.Module:
    """The module with equal weights, which are scaled so that sums stay in bounds."""
    module = build_module(simplify(network)).double()
    for parent in [*module.modules()]:
        for name, child in parent.named_children():
            if isinstance(child, nn.MaxPool2d | nn.AvgPool2d):
                setattr(parent, name, WindowSum(child))
    for name, parameter in module.named_parameters():
        scale = 0.0 if name.endswith("bias") else 1 / max(1, parameter[0].numel())
        nn.init.constant_(parameter, scale)
    return module


def check_at(name: str, shape: str) -> Network | None:
    """The zoo's network at an input of height×width; None where it does not fit."""
    file = SPECS / f"{name}.net"
    source = Source(str(file), file.read_text(encoding="utf-8"))
    channels = check_source(source).network.inputs[0].shape[2]
    checked = check_source(source, {"input": f"{shape}x{channels}"})
    return checked.network if checked.ok else None


def native(name: str) -> Network:
    file = SPECS / f"{name}.net"
    return check_source(Source(str(file), file.read_text(encoding="utf-8"))).network


def find_last_map(network: Network, axis: int) -> tuple[str, InputWindow]:
    """The last map with several positions along an axis whose field is known and not global."""
    windows = locate_receptive_fields(network)
    maps = [node.name for node in network.nodes if node.output and len(node.output) == 3 and node.output[axis] > 1]
    name = next(name for name in reversed(maps) if name in windows and windows[name].centre)
    return name, windows[name]


def enlarge(name: str, axis: int) -> Network:
    """The network at an input along one axis of which the field of the last map's middle position lies inside."""
    network = native(name)
    field, sides = compute_largest_receptive_field(network), [*network.inputs[0].shape[:2]]
    assert field
    strides = [window.stride[axis] for window in locate_receptive_fields(network).values() if window.stride]
    start = int(field[axis] + 3 * max(strides))
    for side in range(start, start + 200):
        sides[axis] = side
        square = [side, side] if side < 300 else sides  # a map of one column would be global along it
        if found := check_at(name, "x".join(map(str, square))):
            return found
    raise AssertionError(f"{name} fits no input from {start} on")


def measure(network: Network, name: str, positions: Sequence[tuple[int, int]]) -> list[tuple[Pixels, Pixels]]:
    """The first and last row, and the first and last column of pixels, that each position of a value depends on."""
    module = build(cut(network, name))
    height, width, channels = network.inputs[0].shape
    image = torch.ones(1, channels, height, width, dtype=torch.double, requires_grad=True)
    output, found = module(image), []
    for row, column in positions:
        element = output[0, :, row, column].sum() if output.dim() == 4 else output[0, 0]
        (gradient,) = torch.autograd.grad(element, image, retain_graph=True)
        touched = gradient[0].abs().sum(0) != 0
        rows, columns = touched.any(1).nonzero(), touched.any(0).nonzero()
        found.append(((int(rows.min()), int(rows.max())), (int(columns.min()), int(columns.max()))))
    return found


QUICK = [
    "airbench94",
    "alexnet",
    "lenet5",
    "mobilenet-v1",
    "mobilenet-v2",
    "nin",
    "squeezenet-v1.1",
    "zfnet",
]
SLOW = [
    "convnext-tiny",
    "densenet121",
    "googlenet",
    "inception-v3",
    "preact-resnet18",
    "resnet18",
    "resnet50",
    "vgg16",
    "xception",
]
NETWORKS = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]


@pytest.mark.parametrize("axis", [0, 1], ids=["height", "width"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_last_map_of_a_network(name: str, axis: int) -> None:
    network = enlarge(name, axis)
    last_map, window = find_last_map(network, axis)
    shape = network.shapes[last_map]
    assert shape and window.stride and window.centre
    middle = shape[0] // 2, shape[1] // 2
    (found,) = measure(network, last_map, [middle])
    first, last = found[axis]
    assert 0 < first <= last < network.inputs[0].shape[axis] - 1, "the input is too short"
    assert last - first + 1 == window.size[axis]
    assert (first + last) / 2 == window.centre[axis] + middle[axis] * window.stride[axis]


@pytest.mark.slow
def test_the_positions_of_an_enlarged_map() -> None:
    """In U-Net, whose last map has been enlarged by 16, the largest field counts, and the centre on average."""
    network = enlarge("unet", 0)
    last_map, window = find_last_map(network, 0)
    assert window.stride == (1, 1) and window.centre
    shape = network.shapes[last_map]
    assert shape
    rows = range(shape[0] // 2, shape[0] // 2 + 16)
    found = [each[0] for each in measure(network, last_map, [(row, shape[1] // 2) for row in rows])]
    assert all(0 < first <= last < network.inputs[0].shape[0] - 1 for first, last in found)
    assert max(last - first + 1 for first, last in found) == window.size[0]
    errors = [(first + last) / 2 - row - window.centre[0] for row, (first, last) in zip(rows, found, strict=True)]
    assert sum(errors) == 0


GLOBAL = [
    "googlenet",
    "se-resnet50",
    "mobilenet-v3-large",
    "resnet18",
    "lenet5",
    pytest.param("alexnet", marks=pytest.mark.slow),  # ends in fc as lenet5 does
    pytest.param("densenet121", marks=pytest.mark.slow),  # joins by concat and a global pool as googlenet does
]


@pytest.mark.parametrize("name", GLOBAL)
def test_what_is_global_sees_the_whole_image(name: str) -> None:
    """Except the last pixels that no window reads; and what is before the first global layer does not."""
    network = native(name)
    windows = locate_receptive_fields(network)
    names = [node.name for node in network.nodes]
    first_global = next(each for each in names if windows[each].is_global)
    for each in (first_global, names[-1]):
        assert windows[each].is_global
        found = measure(network, each, [(0, 0)])[0]
        for (first, last), side in zip(found, network.inputs[0].shape, strict=False):
            assert first == 0
            assert last >= side - 2


BRANCHES = {
    "of other centres": ("add { | conv K=2 F=3 P=0:2 | conv K=2 F=3 P=2:0 }", (1, 1), (0, 0)),
    "of other sizes": ("concat { | conv K=2 F=5x1 P=2x0 | conv K=2 F=1x3 P=0x1 | identity }", (1, 1), (0, 0)),
    "of which one is shifted": ("add { | conv K=2 F=5 S=2 P=2 floor | pool avg F=2 -> conv K=2 F=1 }", (2, 2), (0, 0)),
    "enlarged": ("concat { | pool max F=2 -> conv K=2 F=3 P=1 -> upsample 2 bilinear | identity }", (1, 1), (0, 0)),
    "enlarged by a fraction": ("upsample 1.5 -> conv K=2 F=3 P=1", (0.666667, 0.666667), None),
    "of other strides": ("concat { | pool avg to=19 | pool avg F=3 S=2 floor }", None, None),
}


@pytest.mark.parametrize("case", BRANCHES)
def test_branches(case: str) -> None:
    """The field of some position is the largest, and none is larger; the centres agree, on average where maps grow."""
    text, stride, centre = BRANCHES[case]
    network = check_source(Source("a.net", f"input 40x40x2\nconv K=2 F=1\n{text}")).network
    name = network.outputs[0]
    window = locate_receptive_fields(network)[name]
    assert window.stride == stride
    assert centre is None or window.centre == centre
    shape = network.shapes[name]
    assert shape
    found = measure(network, name, [(row, row) for row in range(shape[0])])
    inside = {at: spans for at, spans in enumerate(found) if all(0 < first <= last < 39 for first, last in spans)}
    for axis in (0, 1):
        assert max(last - first + 1 for first, last in (spans[axis] for spans in inside.values())) == window.size[axis]


TOKENS = {
    "tokens -> fc 8 -> map 4x4": 1,
    "tokens -> permute CL -> fc 16 -> permute CL -> map 4x4": 4,
    "tokens -> permute CL -> map 4x4": 4,
    "reshape 16x16 -> fc 16 -> map 4x4": 4,
    "tokens -> reshape 4x4x16": 4,
}
"""The side of the field of a token, of as many channels as there are tokens."""


@pytest.mark.parametrize("layers", TOKENS)
def test_channels_that_become_tokens_see_all(layers: str) -> None:
    network = check_source(Source("a.net", f"input 4x4x16\n{layers}")).network
    name = network.outputs[0]
    ((rows, columns),) = measure(network, name, [(2, 1)])
    assert rows[1] - rows[0] == columns[1] - columns[0] == TOKENS[layers] - 1
    assert locate_receptive_fields(network)[name].size == (TOKENS[layers], TOKENS[layers])


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 2)), max_size=4), st.integers(1, 3))
def test_windows_are_the_arithmetic_of_the_paper(windows: list[tuple[int, int, int]], factor: int) -> None:
    """r += (k − 1)·j, u −= p·j, j *= s for windows one after the other (Araujo, Norris, Sim 2019)."""
    layers, size, first, stride = [], 1, 0, 1
    for k, s, dilation in windows:
        padding = min(k // 2, factor)
        layers.append(f"conv K=1 F={k} S={s} D={dilation} P={padding} floor")
        first, size, stride = first - padding * stride, size + dilation * (k - 1) * stride, stride * s
    checked = check_source(Source("a.net", "\n".join(["input 400x400x1", *layers, "identity"])))
    assert checked.ok
    window = locate_receptive_fields(checked.network)[checked.network.outputs[0]]
    assert window == InputWindow((size, size), (stride, stride), (first + (size - 1) / 2,) * 2, False)


def see_diagonal(network: Network) -> list[tuple[Pixels, ...]]:
    """What the positions on the diagonal of the output see along height and width, by the traced fields."""
    fields, shape = trace_fields(network)[network.outputs[0]], network.shapes[network.outputs[0]]
    assert fields and shape
    sides = network.inputs[0].shape
    spans = [[field.see(at, at) for field in fields] for at in range(min(shape[:2]))]
    return [
        tuple((max(0, int(first)), min(side - 1, int(last))) for (first, last), side in zip(each, sides, strict=False))
        for each in spans
    ]


MIXED = [
    "attention heads=2 window=4",
    "attention heads=2 window=4 shift=1 bias=relative",
    "attention heads=2 window=8x2",
    "attention heads=2 window=8 shift=3",
    "add { | attention heads=2 window=2 shift=1 | identity }",
    "conv K=4 F=3 P=1",
    "conv K=4 F=2 S=2",
]


@settings(max_examples=12)
@given(st.lists(st.sampled_from(MIXED), min_size=1, max_size=4))
def test_windows_of_attention(layers: list[str]) -> None:
    """Each position sees its window, whole or cut at an edge, of what is below: windows, shifted ones, convolutions."""
    network = check_source(Source("a.net", "\n".join(["input 32x32x2\nconv K=4 F=1", *layers]))).network
    assume(network.shapes[network.outputs[0]])
    expected = see_diagonal(network)
    assert measure(network, network.outputs[0], [(at, at) for at in range(len(expected))]) == expected


def test_a_window_that_covers_the_map_is_global() -> None:
    text = "input 28x28x3\nconv K=4 F=4 S=4\n{}: attention heads=2 window=7 shift=3"
    network = check_source(Source("a.net", text.format("whole"))).network
    assert locate_receptive_fields(network)["whole"] == InputWindow((28, 28), None, None, True)
    assert measure(network, "whole", [(0, 6)]) == [((0, 27), (0, 27))]


PATCHES = "input 32x32x3\nconv K=4 F=8 S=8 -> tokens\n{}"


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("fc 4 -> map 4x4", InputWindow((8, 8), (8, 8), (3.5, 3.5), False)),
        ("positions learned -> ln -> fc 4 -> map 4x4", InputWindow((8, 8), (8, 8), (3.5, 3.5), False)),
        ("add { | ln -> attention heads=2 | identity } -> map 4x4", InputWindow((32, 32), None, None, True)),
        ("class_token -> positions sine -> attention heads=1 -> token 0", InputWindow((32, 32), None, None, True)),
        ("attention heads=2 -> pool avg global", InputWindow((32, 32), None, None, True)),
    ],
)
def test_tokens_see_their_patch_or_with_attention_the_whole_image(layers: str, expected: InputWindow) -> None:
    network = check_source(Source("a.net", PATCHES.format(layers))).network
    name = network.outputs[0]
    assert locate_receptive_fields(network)[name] == expected
    (spans,) = measure(network, name, [(1, 2)])
    assert spans == (((0, 31), (0, 31)) if expected.is_global else ((8, 15), (16, 23)))
