"""The memory of attention and of what stands beside it in networks, against torch's own accounting."""

from __future__ import annotations

import pytest

from specnet.analyses.passes import replay_inference, replay_training
from specnet.settings import Training
from specnet.settings.optimizer import Sgd
from tests.analyses.test_memory import ON_CPU, OPTIMIZERS, compare_step, kept_before_loss, network_of
from tests.torch_memory import measure_forward, measure_step

VIT = """
input 224x224x3
block encoder(heads) {
  add { | ln -> attention heads=heads | identity }
  add { | ln -> fc 4*C -> gelu -> fc @in.C | identity }
}
conv K=192 F=16 S=16 -> tokens
class_token -> positions learned
repeat 12 { encoder heads=3 }
ln -> token 0 -> fc 1000
"""
"""ViT-Ti/16 (Steiner et al. 2021)."""

SWIN = """
input 224x224x3
block swin(heads, i) {
  add { | ln -> attention heads=heads window=7 shift=3*(i%2) bias=relative -> drop_path 0.2*i/11 | identity }
  add { | ln -> conv K=4*C F=1 -> gelu -> conv K=@in.C F=1 -> drop_path 0.2*i/11 | identity }
}
block merge() {
  space_to_depth 2 -> ln -> conv K=C//2 F=1 bias=no
}
conv K=96 F=4 S=4 -> ln
repeat i in 0..2 { swin heads=3 i=i }
merge -> repeat i in 2..4 { swin heads=6 i=i }
merge -> repeat i in 4..10 { swin heads=12 i=i }
merge -> repeat i in 10..12 { swin heads=24 i=i }
ln -> pool avg global -> fc 1000
"""
"""Swin-T (Liu et al. 2021)."""

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
    "spec",
    [
        pytest.param(VIT.replace("repeat 12", "repeat 2"), id="ViT-Ti/16 of 2 blocks"),
        pytest.param(VIT, id="ViT-Ti/16", marks=pytest.mark.slow),
        pytest.param(SWIN, id="Swin-T", marks=pytest.mark.slow),
    ],
)
def test_a_transformer_keeps_what_autograd_keeps(spec: str) -> None:
    network = network_of(spec)
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
