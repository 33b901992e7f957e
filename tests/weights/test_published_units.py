"""Units whose branches attention weighs, which timm has as modules and a spec writes with slices, products and sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from close_outputs import assert_same
from oracles import import_or_skip
from reference_equality.implementations import randomize
from torch import nn

import specnet

pytestmark = pytest.mark.slow

SELECTIVE = """block path(K, D) { conv K=K F=3 P=D D=D bias=no -> bn -> relu }

block select(K, paths, mid) {
  add { | for i in 0..paths { | @in -> slice i*K..(i+1)*K } }
  pool avg global -> conv K=mid F=1 bias=no -> bn -> relu -> conv K=paths*K F=1 bias=no
  softmax groups=paths -> mul @in
  add { | for i in 0..paths { | slice i*K..(i+1)*K } }
}
"""
"""Selective kernels (Li et al. 2019)."""

SPLIT = """block split_attention(K, mid, radix=2, groups=1, S=1) {
  splits: conv K=K*radix F=3 P=1 S=S G=groups*radix bias=no -> bn -> relu
  add { | for i in 0..radix { | slice i*K..(i+1)*K } }
  pool avg global -> conv K=mid F=1 G=groups -> bn -> relu -> conv K=radix*K F=1 G=groups
  reshape (radix)x(K//groups)x(groups) -> permute CWH -> reshape 1x1x(radix*K)  # the radix before the groups
  softmax groups=radix -> mul @splits
  add { | for i in 0..radix { | slice i*K..(i+1)*K } }
}
"""
"""Split attention (Zhang et al. 2020)."""

COORDINATE = """block coordinate_attention(mid) {
  concat axis=H {
    | pool avg F=1x(W)
    | pool avg F=(H)x1 -> permute WHC
  }
  conv K=mid F=1 bias=no -> bn -> hard_swish -> @strips
  mul {
    | @in
    | @strips -> slice 0..@in.H axis=H -> conv K=@in.C F=1 bias=no -> sigmoid
    | @strips -> slice @in.H..H axis=H -> permute WHC -> conv K=@in.C F=1 bias=no -> sigmoid
  }
}
"""
"""Coordinate attention (Hou et al. 2021)."""


def make_selective(**values: Any) -> nn.Module:
    import_or_skip("timm")
    from timm.layers import SelectiveKernel

    unit: nn.Module = SelectiveKernel(**values)
    return unit


def make_split(**values: Any) -> nn.Module:
    import_or_skip("timm")
    from timm.layers import SplitAttn

    unit: nn.Module = SplitAttn(norm_layer=nn.BatchNorm2d, **values)
    return unit


def make_coordinate(**values: Any) -> nn.Module:
    import_or_skip("timm")
    from timm.layers.coord_attn import CoordAttn

    unit: nn.Module = CoordAttn(**values)
    return unit


UNITS: dict[str, tuple[Callable[..., nn.Module], dict[str, Any], str]] = {
    "selective kernels of halves": (
        make_selective,
        {"in_channels": 16, "rd_channels": 8},
        f"{SELECTIVE}concat {{ | slice 0..8 -> path 16 1 | slice 8..16 -> path 16 2 }}\nselect 16 2 8",
    ),
    "selective kernels of three paths": (
        make_selective,
        {"in_channels": 16, "out_channels": 12, "kernel_size": [3, 5, 7], "split_input": False, "rd_channels": 8},
        f"{SELECTIVE}concat {{ | for D in 1 2 3 {{ | path 12 D }} }}\nselect 12 3 8",
    ),
    "split attention": (make_split, {"in_channels": 16, "rd_channels": 8}, f"{SPLIT}split_attention 16 16"),
    "split attention of four with a stride": (
        make_split,
        {"in_channels": 16, "out_channels": 8, "radix": 4, "stride": 2, "rd_channels": 4},
        f"{SPLIT}split_attention 8 16 radix=4 S=2",
    ),
    "split attention in groups": (
        make_split,
        {"in_channels": 16, "groups": 2, "rd_channels": 8},
        f"{SPLIT}split_attention 16 16 groups=2",
    ),
    "coordinate attention": (
        make_coordinate,
        {"channels": 16, "rd_channels": 6},
        f"{COORDINATE}coordinate_attention 6",
    ),
}


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("training", [False, True])
def test_a_unit_computes_what_the_module_of_timm_does(name: str, training: bool) -> None:
    make, values, text = UNITS[name]
    theirs, ours = randomize(make(**values)), specnet.compile(f"input 11x7x16\n{text}\n")
    tensors = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)  # both in the order of the layers
    ours.load_state_dict(dict(tensors))
    images = torch.randn(3, 16, 11, 7, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        assert_same(ours.train(training)(images), theirs.train(training)(images))
