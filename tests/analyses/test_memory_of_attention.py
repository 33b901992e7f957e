"""The memory of attention and of what stands beside it in networks, against torch's own accounting."""

from __future__ import annotations

import pytest
from paths import SPECS

from specnet.analyses.passes import replay_inference, replay_training
from specnet.graph import Network
from specnet.settings import Training
from specnet.settings.optimizer import Sgd
from tests.analyses.test_memory import ON_CPU, OPTIMIZERS, compare_step, kept_before_loss, network_of, zoo
from tests.torch_memory import measure_forward, measure_step

SHORT = (SPECS / "vit-ti-16.net").read_text(encoding="utf-8").replace("repeat 12", "repeat 2").partition("expect")[0]

SEQUENCE = "input 64x48\nfc 48\n{}\nfc 48\npool avg global\nfc 3"
MAP = "input 16x16x48\nconv K=48 F=1\n{}\nconv K=48 F=1\npool avg global\nfc 3"
BESIDE = (
    (SEQUENCE, "attention heads=4"),
    (SEQUENCE, "attention heads=4 window=8"),
    (SEQUENCE, "attention heads=4 window=8 shift=3"),
    (SEQUENCE, "identity -> @a\nfc 48 -> attention @a heads=4"),
    (SEQUENCE, "grn"),
    (SEQUENCE, "scale"),
    (SEQUENCE, "positions learned"),
    (SEQUENCE, "class_token"),
    (MAP, "attention heads=4 qkv_bias=no"),
    (MAP, "attention heads=4 window=4 qkv_bias=no"),
    (MAP, "attention heads=4 window=8 shift=3 qkv_bias=no"),
    (MAP, "attention heads=4 patch=2 qkv_bias=no"),
    (MAP, "attention heads=4 reduce=2"),
    (MAP, "grn"),
)
CASES = [text.format(layers) for text, layers in BESIDE]
"""Without a bias of what is moved, which torch's accounting takes for a copy."""


@pytest.mark.parametrize("spec", CASES, ids=[layers.replace("\n", " / ") for _, layers in BESIDE])
def test_a_step_takes_what_torch_accounts_for(spec: str) -> None:
    compare_step(network_of(spec))


@pytest.mark.parametrize("spec", CASES, ids=[layers.replace("\n", " / ") for _, layers in BESIDE])
def test_inference_takes_what_torch_accounts_for(spec: str) -> None:
    """The masks of shifted windows, which all images share, are left out."""
    network = network_of(spec)
    assert replay_inference(network, ON_CPU).peak(16) == pytest.approx(measure_forward(network, 16), rel=8e-2)


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(network_of(SHORT), id="ViT-Ti/16 of 2 blocks"),
        pytest.param(zoo("vit-ti-16"), id="ViT-Ti/16", marks=pytest.mark.slow),
        pytest.param(zoo("swin-t"), id="Swin-T", marks=pytest.mark.slow),
    ],
)
def test_a_transformer_keeps_what_autograd_keeps(network: Network) -> None:
    saved, peak = measure_step(network, 4, OPTIMIZERS["sgd"][1])
    memory = replay_training(network, Training(optimizer=Sgd()), ON_CPU)
    assert kept_before_loss(memory, 4) == saved
    assert memory.peak(4) == pytest.approx(peak, rel=1e-3)


def test_a_gpu_keeps_no_weights_of_a_learned_bias() -> None:
    """It has a fused kernel, which computes them again; a CPU keeps four times as much as the rest, at 64 positions."""
    network = network_of(MAP.format("attention heads=4 window=8 bias=relative"))
    on_cpu = replay_training(network, Training(optimizer=Sgd()), ON_CPU).layers["attention1"].kept.per_image
    on_gpu = replay_training(network, Training(optimizer=Sgd())).layers["attention1"].kept.per_image
    elements, weights, sums = 256 * 48, 4 * 256 * 64, 4 * 256  # the output, too, as a convolution reads it
    assert (on_cpu, on_gpu) == (4 * (6 * elements + weights), 4 * (6 * elements + sums))
