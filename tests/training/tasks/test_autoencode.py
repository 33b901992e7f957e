"""task autoencode and task denoise: what the network reads and is compared with, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_sets import write_mnist
from torch import Tensor

import specnet
from specnet.settings.loss import BinaryCrossEntropy, Loss, Mse
from specnet.settings.normalize import MeanStd, Normalize, Symmetric
from specnet.settings.task import Task
from specnet.settings.tasks.autoencode import Autoencode
from specnet.settings.tasks.denoise import Denoise
from specnet.training.optim.losses import build_loss
from specnet.training.tasks.autoencode import AutoencodeObjective, ReconstructionResults
from specnet.training.tasks.denoise import DenoiseObjective
from specnet.training.transforms.normalization import fit_normalizer

PIXELS = torch.randint(0, 256, (9, 12, 14, 3), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
LABELS = torch.zeros(9, dtype=torch.int64)


def make(setting: Task, loss: Loss | None = None) -> AutoencodeObjective:
    kind = DenoiseObjective if isinstance(setting, Denoise) else AutoencodeObjective
    return kind(setting, ("a",), loss)


@pytest.mark.parametrize("normalize", [MeanStd(), Symmetric()])
def test_the_target_is_the_image_from_0_to_1_whatever_the_normalisation(normalize: Normalize) -> None:
    normalizer = fit_normalizer(normalize, PIXELS)
    (read,), targets = make(Autoencode()).prepare(PIXELS, LABELS, normalizer, None)
    assert targets.equal(PIXELS.permute(0, 3, 1, 2) / 255)
    assert read.equal(normalizer(PIXELS))


def read_noise(objective: AutoencodeObjective, places: Tensor | None) -> Tensor:
    """Return the noise of the images of some indices, in standard deviations."""
    pixels = PIXELS if places is None else PIXELS[places]
    return (objective.make_input(pixels, places) - pixels) / 25


def test_the_noise_of_an_evaluation_depends_on_the_index_alone() -> None:
    objective = make(Denoise(std=25.0))
    whole = read_noise(objective, torch.arange(9))
    parts = [read_noise(objective, part) for part in torch.arange(9).tensor_split(4)]
    assert whole.equal(torch.cat(parts))
    assert read_noise(objective, torch.tensor([5])).equal(whole[5:6])
    assert not whole[0].equal(whole[1])
    assert whole.std().item() == pytest.approx(1, abs=0.03)


def test_the_noise_of_a_step_follows_the_seed_of_the_step() -> None:
    objective = make(Denoise(std=25.0))

    def draw(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return read_noise(objective, None)

    assert draw(1).equal(draw(1))
    assert not draw(1).equal(draw(2))
    assert draw(1).std().item() == pytest.approx(1, abs=0.03)


def measure(objective: AutoencodeObjective, outputs: Tensor, targets: Tensor) -> ReconstructionResults:
    meter = objective.make_meter(build_loss(objective.loss))
    for some, wanted in zip(torch.split(outputs, 4), torch.split(targets, 4), strict=True):
        meter.add(some, wanted)
    return meter.compute()


@pytest.mark.parametrize("loss", [Mse(), BinaryCrossEntropy()])
def test_the_figures_are_of_the_images_that_the_outputs_stand_for(loss: Loss) -> None:
    objective = make(Autoencode(), loss)
    targets = PIXELS.permute(0, 3, 1, 2) / 255
    outputs = 3 * torch.randn(targets.shape, generator=torch.Generator().manual_seed(2))
    images = outputs.sigmoid() if loss == BinaryCrossEntropy() else outputs.clamp(0, 1)
    found = measure(objective, outputs, targets)
    assert found.psnr == pytest.approx(-10 * (images - targets).square().mean().log10().item(), abs=1e-4)
    assert found.loss == pytest.approx(build_loss(loss)(outputs, targets).item())
    assert found.images == 9
    assert objective.finish_measure(objective.rate(outputs, targets).item() / 9) == pytest.approx(found.psnr, abs=1e-4)


def test_without_any_error_psnr_is_unknown_and_not_the_best() -> None:
    images = torch.zeros(4, 1, 12, 12)
    found = measure(make(Autoencode()), images, images)
    assert found.scores == {"psnr": None, "ssim": 1.0}
    assert found.describe_scores()[0] == ("PSNR", "not defined: the images have no error")
    assert not Autoencode.metric.is_better(found.psnr, 20.0)


def test_small_images_have_no_ssim() -> None:
    found = measure(make(Autoencode()), torch.zeros(4, 1, 8, 8), torch.ones(4, 1, 8, 8))
    assert found.ssim is None
    assert "11×11" in dict(found.describe_scores())["SSIM"]


def test_a_denoiser_tells_how_noisy_the_images_were() -> None:
    images = torch.zeros(4, 1, 12, 12)
    found = measure(make(Denoise(std=51.0)), images + 0.1, images)
    assert found.scores["noisy_psnr"] == pytest.approx(-20 * np.log10(51 / 255))
    assert set(found.rows) == {"original", "noisy", "network"}


SPEC = """
input 28x28x1
conv K=2 F=4 S=4 -> relu
upsample 4 -> conv K=1 F=3 P=1 -> sigmoid
train {
  task autoencode
  data fashion_mnist
  split validation=4
  batch 8
  epochs 2
}
"""


@pytest.mark.usefixtures("drawn_figures")
def test_data_of_any_kind_is_trained_on_without_its_labels(tmp_path: Path) -> None:
    write_mnist(tmp_path / "data/fashion_mnist", train=20, test=10)
    run = specnet.train(SPEC, run=tmp_path / "run", data_dir=tmp_path / "data")
    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert summary["metric"]["name"] == "psnr" and summary["metric"]["larger_is_better"]
    assert 0 < summary["test_psnr"] < 20
    line = json.loads((tmp_path / "run/metrics.jsonl").read_text().splitlines()[0])
    assert {"train_psnr", "validation_psnr", "validation_ssim", "validation_loss"} <= line.keys()
    assert (tmp_path / "run/reconstructions.png").read_bytes().startswith(b"\x89PNG")
    assert "PSNR" in repr(run)
