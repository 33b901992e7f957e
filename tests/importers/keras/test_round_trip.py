"""Networks of the zoo that are written as Keras source, built by Keras and read again are the same graphs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from round_trips.comparison import KERAS, compare_in_keras, list_differences

from specnet.api import check
from tests.paths import SPECS

os.environ.setdefault("KERAS_BACKEND", "torch")

FUNCTIONS = "functions of keras.ops stand for what Keras has no layer for"
OWN_CLASSES = "a class in the source stands for what Keras has no layer for"
MANY_AXES = "windows of a map are values of five axes"

DIFFERENT = {
    **dict.fromkeys(("alexnet-2012", "googlenet", "googlenet-heads", "zfnet"), FUNCTIONS),
    **dict.fromkeys(("contextnet", "edanet", "fast-scnn", "pspnet-resnet50"), FUNCTIONS),
    **dict.fromkeys(("convnext-tiny", "convnextv2-atto", "convnextv2-tiny", "inception-next-atto"), OWN_CLASSES),
    **dict.fromkeys(("deit-s-16", "deit3-s-16", "vit-b-16", "vit-ti-16", "vit-cifar", "poolformer-s12"), OWN_CLASSES),
    **dict.fromkeys(("maxvit-tiny", "mobilevit-s", "pvt-v2-b0", "resnest50d", "swin-s", "swin-t"), MANY_AXES),
    **dict.fromkeys(("sk-resnet50", "sknet50"), "Conv2D has no stride together with a dilation"),
    "inception-next-tiny": OWN_CLASSES,
    "unet": "a concat of centres is one of crops",
}
"""Networks that Keras does not have all layers of, and why."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spec", sorted(SPECS.glob("*.net")), ids=lambda spec: spec.stem)
def test_networks_come_back(tmp_path: Path, spec: Path) -> None:
    pytest.importorskip("keras")
    comparison = compare_in_keras(spec, tmp_path)
    assert comparison.is_same is (spec.stem not in DIFFERENT), str(comparison)


def test_dropout_counts_and_pools_are_compared_by_what_they_compute() -> None:
    text = "net n\ninput 10x10x3\npool max F=3 S=2 ceil\ndropout p=0.5\nfc 10\n"
    one = check(text).network
    assert not list_differences(one, check(text.replace("ceil", "P=same")).network, KERAS)
    assert not list_differences(one, check(text.replace("dropout p=0.5", "dropout p=0.50000001")).network, KERAS)
    assert list_differences(one, check(text.replace("dropout p=0.5\n", "")).network, KERAS)
    assert list_differences(one, check(text.replace("S=2", "S=1")).network, KERAS)
