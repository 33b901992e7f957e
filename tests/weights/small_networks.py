"""Small networks, as modules of SpecNet, and files of weights for them."""

from __future__ import annotations

import torch
from torch import Tensor, fx

import specnet
from specnet.weights import Match, StoredLayer, StoredWeights, match_weights
from specnet.weights.stored import StoredTensors
from specnet.weights.torch_layout import group_torch_layers


def build(layers: str, shape: str = "8x8x3") -> fx.GraphModule:
    """Return the module of a spec in evaluation mode."""
    return specnet.compile(f"input {shape}\n{layers}\n").eval()


def match(module: fx.GraphModule, tensors: dict[str, Tensor], sorted_by_name: bool = False) -> Match:
    """Match a state dict of torch, in its order or by its names alone."""
    from pathlib import Path

    order = "lost" if sorted_by_name else "made"
    return match_weights(group_torch_layers(StoredTensors(Path("w.pth"), "torch", order, tensors)), module)


def conv(name: str, *shape: int, bias: bool = True) -> dict[str, Tensor]:
    """Return the tensors of a conv or an fc."""
    tensors = {f"{name}.weight": torch.randn(shape)}
    return tensors | {f"{name}.bias": torch.randn(shape[0])} if bias else tensors


def bn(name: str, channels: int) -> dict[str, Tensor]:
    """Return the tensors of a bn, with its counter."""
    vectors = {role: torch.rand(channels) + 0.5 for role in ("weight", "bias", "running_mean", "running_var")}
    return {f"{name}.{role}": value for role, value in vectors.items()} | {
        f"{name}.num_batches_tracked": torch.tensor(7)
    }


def pairs(found: Match) -> dict[str, str]:
    """Return the names of a match: those here, and those in the file."""
    return {ours.name: theirs.name for ours, theirs in found.pairs}


__all__ = ["StoredLayer", "StoredWeights", "bn", "build", "conv", "match", "pairs"]
