"""Weights of networks with modules of plugins, whose tensors have names and depths of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import specnet
from specnet.plugins import Family, ModuleLayer, register
from specnet.weights import match_weights, read_weights_file


class Gate(nn.Module):
    """A tensor of its own, with a bias, and a module within."""

    def __init__(self) -> None:
        super().__init__()
        self.beta, self.bias = nn.Parameter(torch.randn(())), nn.Parameter(torch.randn(8, 1, 1))
        self.inner = nn.ModuleDict({"squeeze": nn.Conv2d(8, 8, 1)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.beta * self.inner["squeeze"](x) + self.bias)


def test_every_tensor_of_a_plugin_is_matched_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("gates")
    vars(made)["Gate"] = Gate
    monkeypatch.setitem(sys.modules, "gates", made)
    register("gate")(
        type(
            "Gated",
            (ModuleLayer,),
            {
                "family": Family.JOIN,
                "module": "gates:Gate",
                "__annotations__": {"family": ClassVar[Family], "module": ClassVar[str]},
                "__module__": __name__,
            },
        )
    )
    module = specnet.compile("input 6x6x3\nconv K=8 F=3 P=1 -> gate -> bn -> gate\nfc 4\n")
    state = dict(module.state_dict())
    save_file(state, tmp_path / "a.safetensors")
    match = match_weights(read_weights_file(tmp_path / "a.safetensors"), module)
    assert match.by_name
    assert match.anew is None
    assert match.unused == ()
    found = match.convert(module, (6, 6, 3))
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
