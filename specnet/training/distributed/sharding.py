"""A module over several ranks: the same parameters on all (DistributedDataParallel), or a shard on each (FSDP2)."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature
from typing import TYPE_CHECKING, TypeGuard

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor

LARGE = 2**16
"""The number of parameters from which a layer is gathered and freed by itself; smaller layers stay together."""

UNSYNCED = next(
    name
    for name in ("forward_sync_buffers", "broadcast_buffers")
    if name in signature(DistributedDataParallel.__init__).parameters
)
"""The name of the option that copies running statistics at every step, in torch from 2.13 on and before."""


def average_gradients(network: nn.Module, place: torch.device) -> nn.Module:
    """Return the network with gradients averaged over all ranks; running statistics stay each rank's own."""
    devices = [place] if place.type == "cuda" else None
    unsynced: dict[str, bool] = {UNSYNCED: False}
    return DistributedDataParallel(network, devices, gradient_as_bucket_view=True, **unsynced)  # type: ignore[arg-type]


def shard_module(module: nn.Module, place: torch.device) -> None:
    """Put a shard of each parameter on the device, layer by layer, in place; gradients are averaged over all ranks.

    The module comes from the CPU, as the device need not hold it whole.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard  # takes as long to import as the rest of torch

    mesh = init_device_mesh(place.type, (dist.get_world_size(),))
    module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # FSDP2 knows no other
    for layer in _large_layers(module):
        fully_shard(layer, mesh=mesh)
    fully_shard(module, mesh=mesh)


def _large_layers(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers with many parameters that no other layer shares."""
    owners: dict[Tensor, int] = {}
    layers = [layer for layer in module.modules() if layer is not module]
    for parameter in (parameter for layer in layers for parameter in layer.parameters(recurse=False)):
        owners[parameter] = owners.get(parameter, 0) + 1
    for layer in layers:
        own = list(layer.parameters(recurse=False))
        if sum(parameter.numel() for parameter in own) >= LARGE and all(owners[each] == 1 for each in own):
            yield layer


def gather_whole(value: Tensor) -> Tensor:
    """Return a tensor with all of its shards; a collective call of all ranks."""
    return value.full_tensor() if _is_shard(value) else value


def local_part(value: Tensor) -> Tensor:
    """Return the shard of a tensor that lies on this rank."""
    return value.to_local() if _is_shard(value) else value


def shard_like(value: Tensor, like: Tensor) -> Tensor:
    """Return a whole tensor, which every rank has, sharded as another one of its shape."""
    if not _is_shard(like) or value.shape != like.shape:
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def _is_shard(value: Tensor) -> TypeGuard[DTensor]:
    return hasattr(value, "full_tensor")
