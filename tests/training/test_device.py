"""What is computed in bf16, and where that cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_jobs import job, network, training
from torch import nn

from specnet.settings.epochs import Epochs
from specnet.settings.optimizer import Muon
from specnet.training import CannotRun, Job, Options, device, train


@pytest.fixture(autouse=True)
def _has_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cpu_capabilities", lambda: {"avx512_bf16": True})


def with_lrn() -> Job:
    """A network with a layer that torch has no bf16 for on a CPU."""
    module = nn.Sequential(nn.Conv2d(1, 8, 3), nn.LocalResponseNorm(3), nn.Flatten(), nn.Linear(288, 10))
    return replace(job(training(epochs=Epochs(count=0.2))), module=module)


def test_auto_is_bf16_where_that_is_native() -> None:
    assert device.choose_device(Options(), network()).precision == "bf16"


def test_auto_is_fp32_where_a_layer_has_no_bf16(tmp_path: Path) -> None:
    run = train(with_lrn(), Options(run=tmp_path / "run"))
    assert '"precision": "fp32"' in (run.folder / "config.json").read_text()


def test_bf16_that_is_asked_for_is_refused_then(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"torch has no LocalResponseNorm in bf16 on a CPU; `precision=.fp32.`"):
        train(with_lrn(), Options(run=tmp_path / "run", precision="bf16"))
    assert not (tmp_path / "run").exists()


def test_torch_still_has_none() -> None:
    """Where this fails, torch has learned it, and the fallback can go."""
    with pytest.raises(RuntimeError, match="BFloat16"):
        nn.LocalResponseNorm(3)(torch.ones(1, 8, 4, 4, dtype=torch.bfloat16))


def test_fp16_scales_the_loss(tmp_path: Path) -> None:
    """The gradients that the optimizer sees are those of fp32, as far as fp16 can tell."""
    settings = training(epochs=Epochs(count=0.2), split=None)
    runs = {p: train(job(settings), Options(run=tmp_path / p, precision=p)) for p in ("fp32", "fp16")}  # type: ignore[arg-type]
    for name, value in runs["fp32"].module.state_dict().items():
        torch.testing.assert_close(runs["fp16"].module.state_dict()[name], value, rtol=0.02, atol=2e-3)


def test_muon_does_not_go_with_fp16(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="`optimizer muon` does not go with fp16"):
        train(job(training(optimizer=Muon())), Options(run=tmp_path / "run", precision="fp16"))
