"""Every spec of the zoo names its source, claims its shapes and totals, and builds the torch module it describes.

`test_truth` compares them layer by layer with what their own implementations ran.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import pytest
import torch
from flavours import FLAVOURS
from paths import SPECS
from torch import fx
from torch.utils.flop_counter import FlopCounterMode
from zoo_sample import sample

from specnet.backends.torch_module import build_module
from specnet.compiler import Checked, check_source
from specnet.diagnostics import Severity
from specnet.graph import Network, Node
from specnet.layers.base import Shape, order_as_torch
from specnet.source import Source
from specnet.zoo import ClaimedSize, PublishedNetwork, read_claimed_size, read_published_networks

ALL = sorted(file.stem for file in SPECS.glob("*.net"))
OUR_OWN = {
    *(
        "cifar",
        "digits",
        "embedding-mnist",
        "mnist",
        "scenes-angle",
        "scenes-labels",
        "siamese-mnist",
        "unet-scenes",
        "vit-cifar",
    ),
}
"""Networks to try training with, from no paper; every other one is published, and has a row in specs/zoo.tsv."""
ZOO = [name for name in ALL if name not in OUR_OWN]
TABLE = {row.spec: row for row in read_published_networks()}

PUBLISHED: Mapping[str, tuple[int, int | None]] = {
    # LeCun et al. 1998, section II.B, layer by layer: 156 + 48,120 + 10,164 are the paper's; S2 and S4 average without
    # weights; C3 reads all six maps, 16(6·25 + 1) = 2,416; the output layer is fc, 10·84 + 10 = 850.
    "lenet5": (156 + 2_416 + 48_120 + 10_164 + 850, None),
    # Caffe's AlexNet of 60,965,224 with G=1: its conv2, conv4 and conv5 have as many weights again,
    # 256·48·25 + 384·192·9 + 256·192·9; pytorchcv's alexnet has the same total at 224x224.
    "alexnet": (60_965_224 + 307_200 + 663_552 + 442_368, None),
    # pytorchcv's zfnet: the same but for the place of lrn.
    "zfnet": (62_357_608, 1_168_032_896),
    # torchvision's table of weights, with auxiliary classifiers: 35,322,218 and 152.717 GFLOPs at 520x520; 42,004,074
    # and 178.722; 3,221,538 and 2.086.
    "fcn-resnet50": (35_322_218, 152_716_512_000),
    "deeplabv3-resnet50": (42_004_074, 178_721_945_088),
    "lraspp-mobilenet-v3": (3_221_538, 2_086_219_688),
    # pytorchcv's own counts of parameters, and torch's of its modules' operations.
    "erfnet": (2_064_191, 26_604_339_200),
    "linknet": (11_535_699, 21_751_660_544),
    "fast-scnn": (1_176_278, 7_956_128_608),
    "pspnet-resnet50": (49_081_578, 170_374_246_400),
    "edanet": (689_485, 8_832_892_928),
    "dabnet": (756_643, 10_220_380_160),
    "contextnet": (876_563, 6_735_281_824),
    # Ultralytics' yolov8.yaml: 3,157,200 parameters, without the 16 constants of Detect's DFL.
    "yolov8n": (3_157_200 - 16, None),
    # The authors' table: 3.95M; their mbv2_ca.py has 3,950,648.
    "mobilenet-v2-coordinate": (3_950_648, None),
    # torchvision's and Caffe's: the same but for the input, and for the padding of conv10.
    "squeezenet-v1.0": (1_248_424, None),
    # The authors' SE-ResNet-50 (hujie-frank/SENet), 28.1M as in timm's table of models; the paper says 3.87 GFLOPs.
    "se-resnet50": (28_088_024, 3_860_488_192),
    # The authors' arrays (Newmu/dcgan_code, faces/train_uncond_dcgan.py): gw, gg, gb, gw2, gg2, gb2, … gwx.
    "dcgan": (
        100 * 16_384
        + 2 * 16_384
        + 1024 * 512 * 25
        + 2 * 512
        + 512 * 256 * 25
        + 2 * 256
        + 256 * 128 * 25
        + 2 * 128
        + 128 * 3 * 25,
        None,
    ),
    # The authors' layers (szagoruyko/cvpr15deepcompare, training/models/siam.lua).
    "siamese": (96 * 50 + 192 * (96 * 25 + 1) + 256 * (192 * 9 + 1) + 512 * 513 + 513, None),
    # The layers of Jordan 2024: whitening, convolutions, scale and shift of bn, the last layer.
    "airbench94": (
        (12 * 24 + 24) + 9 * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256) + 2 * 2 * (64 + 256 + 256) + 256 * 10,
        None,
    ),
    # timm's networks of these names, of which tests/weights/test_published.py computes the outputs, too.
    "hrnet-w18": (21_299_004, None),
    "repvgg-a0": (9_108_968, None),
    "mobileone-s0": (5_293_272, None),
    "sk-resnet50": (25_803_160, None),
    "resnest50d": (27_483_240, None),
    # torchvision's table of weights: 28,288,354 and 4.491 GFLOPs, 49,606,258 and 8.741.
    "swin-t": (28_288_354, 4_490_566_656),
    "swin-s": (49_606_258, 8_740_875_264),
    # timm's networks; the papers say 1.3, 4.6, 4.6, 12.6 and 4.5 GFLOPs.
    "vit-ti-16": (5_717_416, None),
    "deit-s-16": (22_050_664, None),
    "deit3-s-16": (22_059_496, None),
    "mixer-b-16": (59_880_472, None),
    "gmlp-s-16": (19_422_656, None),
    # torchvision's, timm's and pytorchcv's networks, as the table names them: parameters, and MACs by torch's counter.
    "cspdarknet53": (27_642_184, 6_533_652_480),
    "darknet53": (41_609_928, 9_285_115_904),
    "dla34": (15_742_104, 3_060_043_776),
    "dpn68": (12_611_602, 2_326_163_456),
    "efficientnet-lite0": (4_652_008, 385_187_552),
    "efficientnetv2-s": (21_458_488, 8_365_617_152),
    "fasternet-t0": (3_905_500, 335_422_720),
    "ghostnet": (5_182_508, 141_150_512),
    "inception-next-atto": (4_156_520, 503_035_040),
    "inception-resnet-v2": (55_843_464, 13_155_794_016),
    "inception-v4": (42_679_816, 12_253_974_624),
    "lcnet": (2_953_800, 155_700_480),
    "mixnet-s": (4_134_606, 239_173_360),
    "mnasnet": (4_383_312, 314_415_872),
    "mobilenet-v3-small": (2_542_856, 56_510_400),
    "mobilenet-v4-small": (3_774_024, 186_005_568),
    "peleenet": (2_802_248, 507_757_568),
    "regnet-y-400mf": (4_344_144, 401_842_848),
    "res2net50": (25_699_120, 4_255_166_464),
    "resnext101": (88_791_336, 16_414_015_488),
    "senet154": (115_088_984, 20_688_363_520),
    "seresnext50": (27_559_896, 4_232_994_816),
    "shufflenet-v1": (1_865_728, 137_460_672),
    "shufflenet-v2": (2_278_604, 144_907_992),
    "sknet50": (27_479_784, 4_462_710_784),
    "starnet-s1": (2_869_168, 421_877_376),
    "vovnet39": (22_600_296, 7_072_227_328),
    "wide-resnet28-10": (36_479_194, 5_243_328_768),
    "convmixer-768-32": (21_110_248, None),
    "convnextv2-atto": (3_708_400, None),
    "convnextv2-tiny": (28_635_496, None),
    "focalnet-tiny": (28_427_116, None),
    "inception-next-tiny": (28_055_680, None),
    "mambaout-femto": (7_304_536, None),
    "maxvit-tiny": (30_916_528, None),
    "mobilevit-s": (5_578_632, None),
    "poolformer-s12": (11_915_176, None),
    "pvt-v2-b0": (3_666_760, None),
    # Those of their flavours, which have edits of other layers.
    "mobilenet-v1-keras": (4_231_976, None),
    "mobilenet-v2-keras": (3_504_872, None),
    "efficientnet-b0-keras": (5_288_548, None),
    # milesial/Pytorch-UNet's 31,037,698 but of one colour instead of three, and each of 5,888 filters with a bias
    # instead of the scale and shift of bn.
    "unet": (31_037_698 - 2 * 64 * 9 - 5_888, None),
}
"""Parameters, and MACs where known, of the networks that no flavour has unchanged."""

MOST_LINES = {"resnet50": 36, "googlenet": 35, "densenet121": 25, "unet": 25, "repvgg-a0": 20, "hrnet-w18": 75}
MOST_LINES |= {"convnextv2-atto": 22, "mobilevit-s": 45, "vit-b-16": 20, "swin-t": 35}
ONE_LOOK = 70
"""The most lines of a spec that are not blank, its blocks included."""

SMALL = {
    "lenet5": "32x32x1",
    "nin": "67x67x3",
    "resnet18": "64x64x3",
    "resnext50": "33x33x3",
    "preact-resnet18": "64x64x3",
    "se-resnet50": "64x64x3",
    "squeezenet-v1.1": "67x67x3",
    "densenet121": "64x64x3",
    "mobilenet-v1": "64x64x3",
    "mobilenet-v2": "64x64x3",
    "mobilenet-v3-large": "64x64x3",
    "efficientnet-b0": "64x64x3",
    "convnext-tiny": "64x64x3",
    "xception": "71x71x3",
    "hrnet-w18": "32x32x3",
    "repvgg-a0": "64x64x3",
    "mobileone-s0": "64x64x3",
    "sk-resnet50": "64x64x3",
    "resnest50d": "64x64x3",
    "convmixer-768-32": "63x63x3",
    "convnextv2-atto": "64x64x3",
    "focalnet-tiny": "64x64x3",
    "inception-next-tiny": "64x64x3",
    "mambaout-femto": "64x64x3",
    "mobilevit-s": "64x64x3",
    "poolformer-s12": "64x64x3",
    "pvt-v2-b0": "64x64x3",
    "unet": "188x188x1",
    "fcn-resnet50": "65x49x3",
    "deeplabv3-resnet50": "65x49x3",
    "lraspp-mobilenet-v3": "65x49x3",
    "yolov8n": "64x96x3",
    "erfnet": "64x96x3",
    "linknet": "64x96x3",
    "fast-scnn": "96x64x3",
    "pspnet-resnet50": "49x65x3",
    "edanet": "64x96x3",
    "dabnet": "64x96x3",
    "contextnet": "128x192x3",
    "mobilenet-v2-coordinate": "64x96x3",
    "vit-b-16": "32x48x3",
    "vit-ti-16": "64x48x3",
    "deit-s-16": "64x48x3",
    "deit3-s-16": "64x48x3",
    "swin-t": "224x224x3",
    "mixer-b-16": "32x48x3",
    "gmlp-s-16": "32x48x3",
    "dcgan": "100",
    "siamese": "",
}
"""Input shapes small enough for a forward pass."""


@cache
def check(name: str, size: str = "") -> Checked:
    """Check a spec, once for all tests; with another input shape, without its claims."""
    file = SPECS / f"{name}.net"
    text = file.read_text(encoding="utf-8")
    if not size:
        return check_source(Source(str(file), text))
    text = re.sub(r" => .*|^expect .*", "", text, flags=re.MULTILINE)
    return check_source(Source(str(file), text), {"input": size})


@pytest.mark.parametrize("name", ALL)
def test_a_spec_is_sound_and_says_where_it_is_from(name: str) -> None:
    checked = check(name)
    assert checked.ok
    assert not [diagnostic for diagnostic in checked.diagnostics if diagnostic.severity is Severity.WARNING]
    network = checked.network
    assert network.description
    assert re.search(r"\b(19|20)\d\d\b", network.description) or name in OUR_OWN


def test_the_table_has_a_row_for_each_published_network() -> None:
    assert [row.spec for row in read_published_networks()] == ZOO


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_a_row_has_the_form_that_pages_and_tools_read(row: PublishedNetwork) -> None:
    assert re.fullmatch(r".+, (arXiv:\d{4}\.\d{5}|arXiv:\d{4}\.\d{4}|doi:10\.\d+/\S+|https://\S+)", row.paper)
    assert re.fullmatch(r"(\d\d\.\d+( at \d+)?|[A-Z][\w-]+( \w+)? \d\d\.\d+)?", row.accuracy)
    assert bool(row.accuracy) == bool(re.fullmatch(r"https://\S+", row.source)) == bool(row.source)
    assert all(re.fullmatch(r"(torchvision|timm|pytorchcv|keras):\w+", each) for each in row.references)
    assert len(set(row.references)) == len(row.references)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_a_row_names_the_paper_that_its_spec_names(row: PublishedNetwork) -> None:
    description = check(row.spec).network.description
    assert description
    assert re.split(r",| et al", row.paper)[0] in description
    assert str(row.year) in description


@pytest.mark.parametrize("name", ZOO)
def test_totals_are_claimed_so_that_they_can_be_listed_without_a_check(name: str) -> None:
    totals, claimed = check(name).totals, read_claimed_size(name)
    text = (SPECS / f"{name}.net").read_text(encoding="utf-8")
    if re.search(r"^expect parameters .* if ", text, re.MULTILINE):
        assert claimed == ClaimedSize(None, None)
    else:
        assert claimed == ClaimedSize(totals.parameters, totals.macs)


@pytest.mark.parametrize("name", ZOO)
def test_a_spec_claims_its_sizes_and_its_parameters(name: str) -> None:
    lines = (SPECS / f"{name}.net").read_text(encoding="utf-8").splitlines()
    body = [line for line in lines if re.match(r"\w+: +\w|fc \d|double |up |pool ", line)]
    assert body
    assert not [line for line in body if "=>" not in line and not line.endswith("{")]
    assert sum(line.startswith("expect parameters ") for line in lines) == 1


@pytest.mark.parametrize("name", ZOO)
def test_the_totals_are_published(name: str) -> None:
    as_they_stand = {f.spec for f in FLAVOURS.values() if not (f.edits or f.settings or f.bn_without_scale)}
    assert (name in as_they_stand) or (name in PUBLISHED)
    parameters, macs = PUBLISHED.get(name, (None, None))
    totals = check(name).totals
    assert parameters in (None, totals.parameters)
    assert macs in (None, totals.macs)


@pytest.mark.parametrize("name", ZOO)
def test_a_spec_can_be_read_in_one_look(name: str) -> None:
    text = (SPECS / f"{name}.net").read_text(encoding="utf-8")
    used = [SPECS / path for path in re.findall(r'^use "(.*)"', text, re.MULTILINE)]
    texts = [text, *(file.read_text(encoding="utf-8") for file in used)]
    assert sum(bool(line.strip()) for text in texts for line in text.splitlines()) <= MOST_LINES.get(name, ONE_LOOK)
    assert max(map(len, text.splitlines())) <= 120


def test_every_block_is_used() -> None:
    texts = "\n".join(file.read_text(encoding="utf-8") for file in SPECS.glob("*.net"))
    assert {f"blocks/{file.name}" for file in SPECS.glob("blocks/*.net")} == set(re.findall(r'use "(.*)"', texts))


@pytest.mark.torch
@pytest.mark.parametrize("name", sample(ALL))
def test_the_module_has_these_parameters_shapes_and_macs(name: str) -> None:
    """torch.utils.flop_counter counts two operations for each; the meta device computes no numbers."""
    checked = check(name)
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        module = build_module(checked.network).eval()
        shapes = Shapes(module, checked.network)
        shapes.run(*inputs(checked.network))
    assert sum(parameter.numel() for parameter in module.parameters()) == checked.totals.parameters
    names = {node.name for node in checked.network.nodes}
    assert all(names & set(owners(key)) for key in module.state_dict())
    assert shapes.seen == {node.name: node.output for node in checked.network.nodes}
    assert checked.totals.macs is not None
    assert counter.get_total_flops() == IMAGES * 2 * checked.totals.macs


@pytest.mark.torch
@pytest.mark.parametrize("name", sample([*SMALL]))
def test_the_module_computes(name: str) -> None:
    torch.manual_seed(1)
    network = check(name, SMALL[name]).network
    module = build_module(network).eval()
    with torch.no_grad():
        given = module(*inputs(network))
    ends = [*network.outputs, *(head.value for head in network.heads)]
    for output, end in zip(given if isinstance(given, tuple) else (given,), ends, strict=True):
        assert channels_last(output) == network.shapes[end]
        assert output.isfinite().all()


def owners(key: str) -> list[str]:
    """Return the modules around a tensor: `encoder.0.attention1` and those around it for `….attention1.qkv.weight`."""
    parts = key.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


IMAGES = 2
"""The images of a batch."""


def inputs(network: Network) -> list[torch.Tensor]:
    """Return random images for each input, N×C×H×W."""
    return [torch.randn(IMAGES, *order_as_torch(i.shape)) for i in network.inputs]


def channels_last(value: torch.Tensor) -> Shape:
    """Return the shape without N, channels last, as in a spec; those of sequences are last anyway."""
    if value.ndim == 3:
        return tuple(value.shape[1:])
    return (*value.shape[2:], value.shape[1])


class Shapes(fx.Interpreter):
    """Runs a module and records the output shape of every node of the network."""

    def __init__(self, module: fx.GraphModule, network: Network) -> None:
        super().__init__(module)
        self.seen: dict[str, Shape] = {}
        calls = (node for node in module.graph.nodes if node.op.startswith("call"))
        self.ends = {[next(calls) for _ in range(_calls(network, node))][-1]: node.name for node in network.nodes}
        assert next(calls, None) is None

    def run_node(self, n: fx.Node) -> object:
        value = super().run_node(n)
        if n in self.ends:
            assert isinstance(value, torch.Tensor)
            self.seen[self.ends[n]] = channels_last(value)
        return value


def _calls(network: Network, node: Node) -> int:
    """Return how many torch calls a node makes."""
    input_shapes = network.input_shapes(node)
    assert node.layer and input_shapes
    numbers = {"fold": len(input_shapes) - 1, "size": 2}  # the size of a value is measured before it is passed
    return sum(numbers.get(call.joins or "", 1) for call in node.layer.torch(input_shapes))
