"""What each kind of layer says that torch keeps of it for the backward pass, against what autograd saves."""

from __future__ import annotations

import pytest

from specnet.analyses.memory import Conditions
from specnet.analyses.passes import replay_training
from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.settings import Training
from specnet.source import Source
from tests.layers.test_conformance import ROWS
from tests.torch_memory import count_saved, make_inputs

BATCH = 3
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
