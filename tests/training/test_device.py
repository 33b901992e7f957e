"""What is computed in bf16, and where that cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_jobs import job, training
from torch import nn

from specnet.settings.epochs import Epochs
from specnet.settings.optimizer import Muon
from specnet.training import CannotRun, Job, Options, device, train


@pytest.fixture(autouse=True)
def _has_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cpu_capabilities", lambda: {"avx512_bf16": True})


def with_lrn() -> Job:
    """A network with a layer that torch has no bf16 for on a CPU."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 8, 3), nn.LocalResponseNorm(3), nn.Flatten(), nn.Linear(288, 10))
    return replace(job(training(epochs=Epochs(count=0.2))), module=module)


def test_auto_is_bf16_where_that_is_native() -> None:
    assert device.choose_device(Options()).precision == "bf16"


def test_layers_without_a_bf16_kernel_compute_in_fp32(tmp_path: Path) -> None:
    """The module by itself refuses bf16; in training, autocast converts for what torch has no kernel for."""
    with pytest.raises(RuntimeError, match="BFloat16"):
        nn.LocalResponseNorm(3)(torch.ones(1, 8, 4, 4, dtype=torch.bfloat16))
    runs = {p: train(with_lrn(), Options(run=tmp_path / p, precision=p)) for p in ("fp32", "bf16")}  # type: ignore[arg-type]
    for name, value in runs["fp32"].module.state_dict().items():
        torch.testing.assert_close(runs["bf16"].module.state_dict()[name], value, rtol=0.05, atol=5e-3)


def test_fp16_scales_the_loss(tmp_path: Path) -> None:
    """The gradients that the optimizer sees are those of fp32, as far as fp16 can tell."""
    settings = training(epochs=Epochs(count=0.2), split=None)
    runs = {p: train(job(settings), Options(run=tmp_path / p, precision=p)) for p in ("fp32", "fp16")}  # type: ignore[arg-type]
    for name, value in runs["fp32"].module.state_dict().items():
        torch.testing.assert_close(runs["fp16"].module.state_dict()[name], value, rtol=0.02, atol=2e-3)


def test_muon_does_not_go_with_fp16(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="`optimizer muon` does not go with fp16"):
        train(job(training(optimizer=Muon())), Options(run=tmp_path / "run", precision="fp16"))
