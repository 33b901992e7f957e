"""What each kind of layer says that torch keeps of it for the backward pass, against what autograd saves."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from specnet.analyses.memory import Conditions
from specnet.analyses.passes import replay_training
from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.source import Source
from tests.layers.test_conformance import ROWS

BATCH = 3
CASES = [spec for specs in ROWS.values() for spec in specs]


def trained(spec: str) -> Network:
    """The network of a row, with a layer above and one below that are trained, so that gradients pass through."""
    first, *lines = spec.split("\n")
    above = "conv K=C F=1" if first.count("x") == 2 else "fc C"
    network = check_source(Source("<row>", "\n".join((first, above, *lines, "fc 3")))).network
    assert network.nodes
    return network


def count_saved(network: Network, precision: torch.dtype | None = None) -> int:
    """The bytes of the tensors that autograd saves, each storage once, without parameters and buffers."""
    torch.manual_seed(0)
    module = build_module(network).train()
    own = {tensor.untyped_storage().data_ptr() for tensor in [*module.parameters(), *module.buffers()]}
    saved = dict[int, Tensor]()

    def pack(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in own:
            saved[tensor.untyped_storage().data_ptr()] = tensor  # keeps the memory, so that no other takes its place
        return tensor

    inputs = [torch.randn(BATCH, *i.shape[-1:], *i.shape[:-1]) for i in network.inputs]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = module(*inputs)
    assert outputs.requires_grad
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values())


@pytest.mark.parametrize("spec", CASES, ids=[spec.replace("\n", " / ") for spec in CASES])
def test_autograd_saves_what_a_layer_says(spec: str) -> None:
    network = trained(spec)
    memory = replay_training(network, Conditions(device="cpu"))
    last = max(i for i, moment in enumerate(memory.moments) if moment.running == network.nodes[-1].name)
    assert memory.moments[last].kept.of(BATCH) == count_saved(network)
