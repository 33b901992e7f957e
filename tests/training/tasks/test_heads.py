"""Networks with heads learn by the weighted losses of all outputs, and are used and exported without the heads."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
import torch
from paths import SPECS
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import specnet
from specnet.cli import main
from specnet.jobs import make_job
from specnet.settings.data import Synthetic
from specnet.training import Callback, Interrupted, Job, Progress
from specnet.training.data.images import DataRequest, Epoch, shuffle_images
from specnet.training.data.loading import load
from specnet.training.engine import loop
from specnet.training.engine.initialization import initialize_weights
from specnet.training.transforms.normalization import fit_normalizer

BATCH = 4

RECIPE = f"""
train {{
  data      synthetic images=12
  optimizer sgd lr=0.01
  batch     {BATCH}
  epochs    EPOCHS
}}
"""

SMALL = """
input 16x16x3
conv K=8 F=3 P=1 -> relu -> pool max F=2
head side weight=0.3 { pool avg global -> fc 10 }
conv K=16 F=3 P=1 -> relu -> pool max F=2
head other weight=0.5 { pool avg global -> fc 10 }
fc 10
"""


def read_googlenet() -> str:
    """Return the network of the paper without its dropout, so that nothing is random but the start and the order."""
    text = (SPECS / "googlenet-heads.net").read_text()
    return re.sub(r" -> dropout [\d.]+", "", text).replace('"blocks/', f'"{SPECS}/blocks/')


def prepare(spec: str) -> tuple[Job, Tensor, Tensor]:
    """Return the job, and the inputs and labels of its training images in the order of the first epoch."""
    job = make_job(specnet.check(spec))
    height, width, channels = job.input_shape
    data = load(Synthetic(images=12), None, DataRequest((height, width, channels), None, print)).train
    order = shuffle_images(len(data), Epoch(0, 0))
    normalizer = fit_normalizer(job.training.normalize, data.pixels)
    return job, normalizer(data.pixels[:][order]), data.labels[order]


def train_by_hand(spec: str, weights: list[float]) -> nn.Module:
    job, inputs, labels = prepare(spec)
    module = job.module
    initialize_weights(module, job.training.init, job.layers, 0, None)
    module.train()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    for some, wanted in zip(torch.split(inputs, BATCH), torch.split(labels, BATCH), strict=True):
        optimizer.zero_grad()
        main_output, *heads = module(some)
        loss = cross_entropy(main_output, wanted)
        for weight, head in zip(weights, heads, strict=True):
            loss = loss + weight * cross_entropy(head, wanted)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        optimizer.step()
    return module


@pytest.mark.parametrize(
    ("spec", "weights"),
    [
        pytest.param(SMALL, [0.3, 0.5], id="small"),
        pytest.param(read_googlenet(), [0.3, 0.3], id="googlenet", marks=pytest.mark.slow),
    ],
)
def test_the_weights_are_those_of_a_loop_by_hand(spec: str, weights: list[float], tmp_path: Path) -> None:
    text = spec + RECIPE.replace("EPOCHS", "1")
    specnet.train(text, run=tmp_path / "run", precision="fp32")
    found, expected = load_file(tmp_path / "run/model.safetensors"), train_by_hand(text, weights).state_dict()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=1e-4, atol=1e-6), name


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heads") / "run"
    specnet.train(SMALL + RECIPE.replace("EPOCHS", "2"), run=folder)
    return folder


def test_predictions_and_exports_are_of_the_output_alone(trained: Path, tmp_path: Path) -> None:
    run = specnet.load_run(trained)
    pixels = torch.randint(0, 256, (3, 16, 16, 3)).to(torch.uint8)
    with torch.no_grad():
        whole = run.model(run.normalization(pixels))
    assert len(whole) == 3
    assert run.compute_outputs(pixels).equal(whole[0])
    assert main(["export", str(trained), "--to", "pt2", "-o", str(tmp_path / "x.pt2")]) == 0
    program = torch.export.load(tmp_path / "x.pt2")
    with torch.no_grad():
        found = program.module()(pixels.permute(0, 3, 1, 2).float())
    assert isinstance(found, Tensor)
    assert torch.allclose(found, whole[0], atol=1e-5)


class Stopping(Callback):
    """Interrupts the training in the middle of the second epoch."""

    def on_progress(self, progress: Progress) -> None:
        if progress.stage == "training" and progress.epoch == 2 and progress.done == 2:
            signal.raise_signal(signal.SIGINT)


def test_a_resumed_run_has_the_same_bits(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "REPORT_INTERVAL", 0.0)
    with pytest.raises(Interrupted):
        specnet.train(SMALL + RECIPE.replace("EPOCHS", "2"), run=tmp_path / "run", callback=Stopping())
    specnet.resume(tmp_path / "run")
    one, other = (load_file(folder / "model.safetensors") for folder in (tmp_path / "run", trained))
    assert all(one[key].equal(other[key]) for key in other)
