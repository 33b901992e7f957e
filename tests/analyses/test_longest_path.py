"""Depth as papers count it: layers with weights on the longest path."""

from __future__ import annotations

import pytest
from paths import SPECS

from specnet.analyses.longest_path import find_longest_path, measure_depth
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.source import Source

PUBLISHED = {
    "alexnet": 8,  # "eight learned layers"
    "densenet121": 121,
    "densenet161": 161,
    "densenet169": 169,
    "densenet201": 201,
    "googlenet": 22,  # "22 layers deep when counting only layers with parameters"
    "googlenet-heads": 22,
    "inception-v3": 48,
    "mobilenet-v1": 28,  # "MobileNet has 28 layers"
    "resnet18": 18,
    "resnet34": 34,
    "resnet50": 50,
    "resnet101": 101,
    "resnet152": 152,
    "se-resnet50": 50,
    "unet": 23,  # "in total the network has 23 convolutional layers"
    "vgg11-bn": 11,
    "vgg13": 13,
    "vgg16": 16,
    "vgg19": 19,
    "zfnet": 8,
}


def network(text: str) -> Network:
    return check_source(Source("a.net", text)).network


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_depth(name: str) -> None:
    file = SPECS / f"{name}.net"
    assert measure_depth(check_source(Source(str(file), file.read_text(encoding="utf-8"))).network) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("relu", []),
        ("conv K=1 F=1 -> bn -> relu -> fc 2", ["conv1", "fc1"]),
        ("add { | conv K=3 F=1 -> conv K=3 F=1 | conv K=3 F=1 }", ["conv1", "conv2"]),
        ("add { | conv K=3 F=1 | conv K=3 F=1 -> conv K=3 F=1 }", ["conv2", "conv3"]),
        ("mul { | conv K=3 F=1 | pool avg global -> conv K=3 F=1 -> conv K=3 F=1 }", ["conv1"]),
        ("mul { | conv K=3 F=1 | conv K=3 F=1 -> conv K=1 F=1 }", ["conv2", "conv3"]),
        ("pool avg global -> mul { | conv K=3 F=1 | conv K=3 F=1 -> conv K=3 F=1 }", ["conv2", "conv3"]),
        ("conv K=3 F=1 -> @a\nconv K=3 F=1 -> conv K=3 F=1\n@a -> fc 2", ["conv1", "fc1"]),
        ("conv K=3 F=1 -> conv K=3 F=1 -> @a\n@input -> conv K=3 F=3 -> upsample like=@a", ["conv3"]),
        ("conv K=3 F=1 -> @a\npool avg global -> conv K=3 F=1 -> upsample like=@a", ["conv1", "conv2"]),
    ],
)
def test_the_longest_path(text: str, path: list[str]) -> None:
    found = network(f"input 8x8x3\n{text}")
    assert [node.name for node in find_longest_path(found.nodes)] == path
    assert measure_depth(found) == len(path)


def test_a_network_that_is_not_there_has_no_depth() -> None:
    assert measure_depth(network("block b() { relu }\n")) == 0
