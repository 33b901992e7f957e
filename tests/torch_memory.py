"""The memory of a module as torch accounts for it: what autograd saves, and the peak of a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.nn.functional import cross_entropy

from specnet.backends.torch_module import build_module
from specnet.graph import Network
from specnet.layers.base import order_as_torch

MakeOptimizer = Callable[[Any], torch.optim.Optimizer]


def make_inputs(network: Network, batch: int) -> list[Tensor]:
    """Images for each input, N×C×H×W."""
    return [torch.randn(batch, *order_as_torch(each.shape)) for each in network.inputs]


def count_saved(module: nn.Module, inputs: list[Tensor], precision: torch.dtype | None = None) -> int:
    """The bytes of the tensors that autograd saves, each storage once, without parameters and buffers."""
    own = {_identify(tensor) for tensor in [*module.parameters(), *module.buffers()]}
    saved = dict[int, Tensor]()

    def pack(tensor: Tensor) -> Tensor:
        if _identify(tensor) not in own:
            saved[_identify(tensor)] = tensor  # which holds the memory, so that no other tensor takes its place
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cuda" if inputs[0].is_cuda else "cpu", precision, enabled=precision is not None),
    ):
        outputs = module(*inputs)
    assert (outputs if isinstance(outputs, Tensor) else outputs[0]).requires_grad
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values())


def _identify(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def measure_step(network: Network, batch: int, make_optimizer: MakeOptimizer) -> tuple[int, int]:
    """The bytes that autograd saves, and the peak of a second training step, by tensors without numbers."""
    with FakeTensorMode():
        module = build_module(network)
        saved = count_saved(module, make_inputs(network, batch))
        optimizer, tracker = make_optimizer(module.parameters()), MemTracker()
        tracker.track_external(module, optimizer)
        inputs = make_inputs(network, batch)
        tracker.track_external(*inputs)
        with tracker:
            for is_second in (False, True):
                if is_second:
                    tracker.reset_mod_stats()
                _step(module, inputs, optimizer)
    return saved, _get_peak(tracker)


def _step(module: nn.Module, inputs: list[Tensor], optimizer: torch.optim.Optimizer) -> None:
    outputs = module(*inputs)
    many = outputs if isinstance(outputs, tuple) else (outputs,)
    losses = [cross_entropy(each, torch.zeros(len(each), *each.shape[2:], dtype=torch.int64)) for each in many]
    sum(losses[1:], losses[0]).backward()
    optimizer.step()
    optimizer.zero_grad()


def measure_forward(network: Network, batch: int) -> int:
    """The peak of a forward pass in evaluation, by tensors without numbers."""
    with FakeTensorMode(), torch.no_grad():
        module, tracker = build_module(network).eval(), MemTracker()
        inputs = make_inputs(network, batch)
        tracker.track_external(module, *inputs)
        with tracker:
            module(*inputs)
    return _get_peak(tracker)


def _get_peak(tracker: MemTracker) -> int:
    (snapshot,) = tracker.get_tracker_snapshot("peak").values()
    return int(snapshot["Total"])
