"""What each kind of layer says that torch keeps of it for the backward pass, against what autograd saves."""

from __future__ import annotations

import pytest
import torch

from specnet.analyses.memory import Conditions, Precision
from specnet.analyses.passes import replay_training
from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.settings import Training
from specnet.source import Source
from tests.layers.test_conformance import ROWS
from tests.torch_memory import count_saved, make_inputs

BATCH = 3
ONLY_ON_A_GPU = {"lrn", "pad", "rms_norm"}
"""Kinds of which the rule is that of a GPU."""

CASES = [spec for specs in ROWS.values() for spec in specs]


def trained(spec: str) -> Network:
    """The network of a row, with a layer above and one below that are trained, so that gradients pass through."""
    first, *lines = spec.split("\n")
    above = "conv K=C F=1" if first.count("x") == 2 else "fc C"
    network = check_source(Source("<row>", "\n".join((first, above, *lines, "fc 3")))).network
    assert network.nodes
    return network


@pytest.mark.parametrize("spec", CASES, ids=[spec.replace("\n", " / ") for spec in CASES])
def test_autograd_saves_what_a_layer_says(spec: str) -> None:
    network = trained(spec)
    memory = replay_training(network, Training(), Conditions(device="cpu"))
    last = next(moment for moment in memory.moments if moment.layer == network.nodes[-1].name)
    assert last.kept.of(BATCH) == count_saved(build_module(network), make_inputs(network, BATCH))


@pytest.mark.parametrize("spec", CASES, ids=[spec.replace("\n", " / ") for spec in CASES])
def test_autocast_saves_what_a_layer_says(spec: str) -> None:
    """But for small tensors: a CPU keeps statistics in bf16, and copies of a normalisation's weights."""
    if spec.split("\n")[-1].split()[0] in ONLY_ON_A_GPU:
        pytest.skip("a CPU computes it in another type than a GPU")
    network = trained(spec)
    memory = replay_training(network, Training(), Conditions("bf16", "cpu"))
    last = next(moment for moment in memory.moments if moment.layer == network.nodes[-1].name)
    saved = count_saved(build_module(network), make_inputs(network, BATCH), torch.bfloat16)
    assert last.kept.of(BATCH) == pytest.approx(saved, rel=0.1, abs=80)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("spec", CASES, ids=[spec.replace("\n", " / ") for spec in CASES])
def test_autograd_saves_on_a_gpu_what_a_layer_says(spec: str, precision: Precision) -> None:
    network = trained(spec)
    memory = replay_training(network, Training(), Conditions(precision, "cuda"))
    last = next(moment for moment in memory.moments if moment.layer == network.nodes[-1].name)
    module, inputs = build_module(network).cuda(), [each.cuda() for each in make_inputs(network, BATCH)]
    saved = count_saved(module, inputs, torch.bfloat16 if precision == "bf16" else None)
    assert last.kept.of(BATCH) == pytest.approx(saved, rel=0.1, abs=80)


FROZEN = [
    "input 13x9x4\nconv K=4 F=1\nconv K=6 F=3 freeze=weight -> relu\nfc 3",
    "input 13x9x4\nconv K=4 F=1\nconv K=6 F=3 freeze=all\nfc 3",
    "input 20\nfc 20 -> relu\nfc 20 freeze=weight -> relu\nfc 3",
    "input 20\nfc 20 freeze=all -> relu\nfc 20 -> relu\nfc 3",
    "input 20\nfc 20 -> dropout 0 -> fc 3",
]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("spec", FROZEN)
def test_autograd_saves_what_a_frozen_layer_says(spec: str, precision: Precision) -> None:
    network = check_source(Source("<row>", spec)).network
    memory = replay_training(network, Training(), Conditions(precision, "cpu"))
    last = next(moment for moment in memory.moments if moment.layer == network.nodes[-1].name)
    dtype = torch.bfloat16 if precision == "bf16" else None
    assert last.kept.of(BATCH) == count_saved(build_module(network), make_inputs(network, BATCH), dtype)
