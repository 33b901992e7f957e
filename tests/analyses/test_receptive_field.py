"""Receptive fields: the published values, and what a gradient says."""

from __future__ import annotations

import pytest
from paths import ROOT

from specnet.analyses.receptive_field import compute_largest_receptive_field, compute_receptive_fields
from specnet.builder import NetworkBuilder
from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code, Severity
from specnet.source import Source


def checked(text: str) -> Checked:
    found = check_source(Source("a.net", text))
    assert found.ok, [diagnostic.message for diagnostic in found.diagnostics]
    return found


def zoo(name: str) -> Checked:
    file = ROOT / "specs" / f"{name}.net"
    return check_source(Source(str(file), file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("alexnet", 195),
        ("vgg16", 212),
        ("mobilenet-v1", 315),
        ("inception-v3", 1311),
        ("lenet5", 32),
        ("se-resnet50", 483),  # that of ResNet-v1-50 without gates
        ("resnet18", 435),
    ],
)
def test_published_values(name: str, pixels: int) -> None:
    """The first four stand in Araujo, Norris and Sim 2019."""
    assert zoo(name).totals.receptive_field == pixels


@pytest.mark.parametrize(
    ("text", "height", "width"),
    [
        ("conv K=1 F=3x5 P=1x2", 3, 5),
        ("conv K=1 F=3 P=2 D=2 -> conv K=1 F=3 P=1 S=2 -> conv K=1 F=3 P=1", 11, 11),
        ("pool max F=2 -> conv K=1 F=3 P=1 -> upsample 2 bilinear -> conv K=1 F=3 P=1", 10, 10),
        ("pool max F=2 -> deconv K=1 F=4 S=2 P=1 -> conv K=1 F=3 P=1", 6, 6),
        ("add { | identity | conv K=1 F=3 P=1 -> conv K=1 F=5 P=2 }", 7, 7),
        ("mul { | conv K=1 F=3 P=1 | pool avg global } -> pool max F=2 -> conv K=1 F=3 P=1", 8, 8),
        ("sub { | conv K=1 F=5 P=2 | pool avg F=1x32 } -> conv K=1 F=3 P=1", 7, 7),
        ("maximum { | pool avg F=32x1 | conv K=1 F=3 P=1 }", 3, 3),
        ("conv K=2 F=3 P=1 -> softmax groups=2 -> conv K=1 F=3 P=1", 5, 5),
        ("pool avg global -> flatten -> fc 4 -> softmax groups=2", 32, 32),
        ("space_to_depth 2 -> conv K=4 F=3 P=1 -> depth_to_space 2", 6, 6),
        ("pool avg to=5", 8, 8),
        ("relu -> @a\npool max F=2 -> conv K=1 F=3 P=1 -> upsample bilinear like=@a", 8, 8),
        ("conv K=1 F=9 P=4 -> @a\n@input -> pad 2 -> crop like=@a -> conv K=1 F=3", 3, 3),
        ("flatten -> reshape 16x8x8 -> @a\n@input -> conv K=1 F=3 -> upsample like=@a -> conv K=1 F=1", 3, 3),
        ("pool avg to=8 -> conv K=1 F=3 P=1", 12, 12),
        ("conv K=1 F=3 P=1 -> fc 3 -> relu", 34, 34),
        ("pad 1 -> filter sobel_x -> bn -> crop P=1 -> identity", 3, 3),
    ],
)
def test_of_a_value(text: str, height: int, width: int) -> None:
    network = checked(f"input 32x32x1\n{text}").network
    assert compute_receptive_fields(network)[network.outputs[0]] == (height, width)


CONV = "conv K=8 F=3 P=1"
THREE = f"input 32x32x3\n{CONV} -> relu -> permute {{0}}\n{CONV} -> relu -> permute {{0}} -> {CONV}\n"


def test_a_permutation_that_changes_nothing_loses_nothing() -> None:
    text = (
        "input 32x32x3\nconv K=8 F=3 P=1 -> relu -> permute HWC\nconv K=8 F=3 P=1 -> relu\nexpect receptive_field {}\n"
    )
    checked(text.format(5))
    (error,) = check_source(Source("a.net", text.format(3))).diagnostics
    assert error.message == "the network has 5 pixels of receptive field; expected 3"
    assert checked(THREE.format("HWC")).totals.receptive_field == 7
    assert checked(THREE.format("WHC")).totals.receptive_field == 7


def test_what_is_unknown_stays_unknown_in_the_total() -> None:
    found = checked(THREE.format("CHW"))
    assert compute_receptive_fields(found.network) == {"input": (1, 1), "conv1": (3, 3), "relu1": (3, 3)}
    assert found.totals.receptive_field is None
    diagnostics = check_source(Source("a.net", THREE.format("CHW") + "expect receptive_field >= 3")).diagnostics
    (error,) = (diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)
    assert error.code is Code.E402
    assert "`permute1` does not say which pixels each position reads" in error.message
    assert [label.span.text for label in error.labels] == ["3", "permute"]


def test_what_sees_no_image_has_no_field() -> None:
    generator = checked("input 64\nreshape 8x8x1 -> conv K=1 F=3").network
    assert compute_receptive_fields(generator) == {}
    assert compute_largest_receptive_field(generator) == (0, 0)
    builder = NetworkBuilder("conditional")
    image, noise = builder.input((8, 8, 1), "image"), builder.input((64,), "noise")
    both = builder.add("concat", image, builder.add("reshape", noise, shape=(8, 8, 1)))
    network = builder.network(builder.add("conv", both, K=1, F=3))
    assert compute_receptive_fields(network) == {"image": (1, 1), "concat1": (1, 1), "conv1": (3, 3)}


@pytest.mark.parametrize(
    ("text", "pixels"),
    [
        ("flatten -> fc 48 -> reshape 4x4x3 -> conv K=1 F=3", (10, 10)),
        ("pool avg global -> reshape 2x2x2 -> conv K=1 F=3 P=1", (10, 10)),
        ("flatten -> softmax", (10, 10)),
        ("flatten", (10, 10)),
        ("reshape 512", (10, 10)),
        ("reshape 8x8x8 -> conv K=1 F=3", (5, 5)),
        ("reshape 1x1x512 -> relu", (10, 10)),
        ("flatten -> slice 0..8", None),
        ("flatten -> reshape 16x16x2", None),
        ("reshape 16x16x2", None),
    ],
)
def test_of_elements_that_move(text: str, pixels: tuple[int, int] | None) -> None:
    """Where all elements see the same pixels, it does not matter which one is moved where."""
    network = checked(f"input 8x8x1\nconv K=8 F=3 P=1 -> {text}").network
    assert compute_receptive_fields(network).get(network.outputs[0]) == pixels
    assert checked("input 64\nfc 3").totals.receptive_field == 0


def test_axes_are_measured_by_themselves() -> None:
    network = checked("input 32x32x1\nconv K=1 F=3x5 P=1x2 -> pool avg global").network
    assert compute_largest_receptive_field(network) == (3, 5)


def test_no_network_is_too_strange() -> None:
    text = "input 9x9x1\nrepeat 60 { pad 999999 -> pool max F=1000000 S=1000000 ceil }"
    assert checked(text).totals.receptive_field > 10**12


@pytest.mark.torch
@pytest.mark.parametrize(
    "text",
    [
        "conv K=2 F=5 P=2 -> conv K=2 F=3 S=2 P=1 -> conv K=1 F=3 P=1",
        "conv K=2 F=3 D=3 P=3 -> pool avg F=3 S=2 P=1 -> conv K=1 F=3x5 P=1x2",
        "conv K=2 F=3 S=2 P=1 -> add { | conv K=2 F=3 P=1 -> conv K=2 F=3 P=1 | identity } -> conv K=1 F=1",
        "pool avg F=2 -> conv K=4 F=3 P=1 -> depth_to_space 2 -> conv K=1 F=3 P=1",
        "conv K=2 F=3x5 P=1x2 -> permute WHC -> conv K=1 F=3x1 P=1x0",
        "conv K=2 F=3x5 P=1x2 -> permute HWC -> conv K=1 F=3x1 P=1x0",
    ],
)
def test_the_gradient_reaches_as_far(text: str) -> None:
    """From the middle of the output, where no edge is near, exactly the pixels of the field have a gradient."""
    torch = pytest.importorskip("torch")
    from specnet.backends.torch_module import build_module

    network = checked(f"input 64x64x1\n{text}").network
    module = build_module(network)
    for parameter in module.parameters():
        torch.nn.init.constant_(parameter, 1.0)
    image = torch.rand(1, 1, 64, 64, requires_grad=True)
    output = module(image)
    reach = []
    for row, column in [(0, 0), (0, 1), (1, 0), (1, 1)]:  # what stands where in an enlarged map differs
        output[0, 0, output.shape[2] // 2 + row, output.shape[3] // 2 + column].backward(retain_graph=True)
        touched = image.grad[0, 0] != 0
        reach.append((int(touched.any(1).sum()), int(touched.any(0).sum())))
        image.grad = None
    assert max(reach) == compute_receptive_fields(network)[network.outputs[0]]


def test_both_can_be_expected() -> None:
    text = "input 8x8x3\nconv K=4 F=3 P=1 -> relu\nexpect receptive_field {}\nexpect memory {}"
    assert checked(text.format("3", "== 3_264"))
    assert checked(text.format(">= 3", "< 4k"))
    diagnostics = check_source(Source("a.net", text.format("5", "< 2k"))).diagnostics
    assert [diagnostic.message for diagnostic in diagnostics] == [
        "the network has 3 pixels of receptive field; expected 5",
        "the network has 3,264 bytes of memory; expected < 2,000",
    ]
