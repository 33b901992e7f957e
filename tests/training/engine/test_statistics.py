"""Statistics of layers are what hooks see, change nothing of the training, and survive an interruption."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from safetensors.torch import load_file
from small_jobs import Notebook
from small_sets import CLASSIFY
from torch import Tensor, fx, nn
from torch.nn.functional import cross_entropy

import specnet
from specnet.compiler import check_source
from specnet.jobs import make_job
from specnet.runs import restore_job
from specnet.settings.normalize import UnitScale
from specnet.source import Source
from specnet.training import BadRun, CannotRun, Interrupted, Options, Progress, read_run_config, resume
from specnet.training.data.images import Images
from specnet.training.device import choose_device
from specnet.training.distributed import Ranks
from specnet.training.engine import loop
from specnet.training.engine.statistics import measure_layers, take_sample
from specnet.training.preflight import refuse_sharing
from specnet.training.runs.run_folder import read_statistics
from specnet.training.tasks.classify import ClassificationMetrics
from specnet.training.transforms.normalization import fit_normalizer

NETWORK = """net Small
input 8x8x1
conv1: conv K=8 F=3 P=1 -> bn -> relu
conv2: conv K=8 F=3 P=1 -> relu -> add @conv1 -> dropout 0.3 -> lrn
pool3: pool avg F=2
fc4: fc 16 -> relu
fc5: fc 10
train { data digits
        split validation=200
        augment shift 1
        batch 256
        epochs 3
        optimizer sgd lr=0.1 momentum=0.9
        average ema decay=0.9 }
"""


@pytest.fixture(autouse=True)
def _looks_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "REPORT_INTERVAL", 0.0)
    monkeypatch.setattr("specnet.training.run.write_curves", lambda *arguments: None)
    monkeypatch.setattr(ClassificationMetrics, "draw", lambda *arguments: {})


def read(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "statistics.jsonl").read_text().splitlines()]


def draw_images(number: int) -> Images:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (number, 8, 8, 1), dtype=torch.uint8, generator=generator)
    return Images(pixels, torch.arange(number) % 10)


def test_they_do_not_change_the_result_by_a_bit(tmp_path: Path) -> None:
    for name in ("with", "without"):
        specnet.train(NETWORK, run=tmp_path / name, statistics=name == "with")
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("with", "without"))
    assert all(one[name].equal(other[name]) for name in one | other)
    assert any("running_mean" in name for name in one)
    metrics = [(tmp_path / name / "metrics.jsonl").read_text().splitlines() for name in ("with", "without")]
    assert [_timeless(line) for line in metrics[0]] == [_timeless(line) for line in metrics[1]]
    assert not (tmp_path / "without/statistics.jsonl").exists()
    lines = read(tmp_path / "with")
    assert [line["epoch"] for line in lines] == [0, 1, 2, 3]
    assert [line["images"] for line in lines] == [256] * 4
    assert list(lines[0]["layers"]) == [node.name for node in specnet.check(NETWORK).network.nodes]


def _timeless(line: str) -> dict[str, Any]:
    return {name: value for name, value in json.loads(line).items() if "second" not in name}


def test_they_go_on_after_an_interruption(tmp_path: Path) -> None:
    class Stopping(Notebook):
        def on_progress(self, progress: Progress) -> None:
            if progress.epoch == 2 and progress.stage == "training" and progress.done == 3:
                signal.raise_signal(signal.SIGINT)

    specnet.train(NETWORK, run=tmp_path / "whole", statistics=True)
    with pytest.raises(Interrupted):
        specnet.train(NETWORK, run=tmp_path / "cut", statistics=True, callback=Stopping())
    assert len(read(tmp_path / "cut")) == 2
    begun = read_run_config(tmp_path / "cut")
    resume(begun, restore_job(begun)[1], begun.options)
    assert read(tmp_path / "cut") == read(tmp_path / "whole")


def test_divided_weights_are_refused() -> None:
    job = make_job(check_source(Source("x.net", NETWORK)))
    options = Options(processes=2, sharded=True, statistics=True)
    device, two = choose_device(options), cast(Ranks, SimpleNamespace(world_size=2, is_single=False))
    with pytest.raises(CannotRun, match=r"`statistics.*` needs the whole weights in one process, and .*sharded"):
        refuse_sharing(job, options, device, two)


def build(text: str = NETWORK) -> fx.GraphModule:
    torch.manual_seed(0)
    return specnet.compile(text)


def measure(module: fx.GraphModule, images: Images, size: int = 64) -> Mapping[str, dict[str, float | None]]:
    normalizer = fit_normalizer(UnitScale(), images.pixels)
    found = measure_layers(module, images, CLASSIFY, normalizer, cross_entropy, size)
    return {name: layer.to_record() for name, layer in found.items()}


@pytest.mark.parametrize("layer", ["conv1", "conv1_bn", "conv1_relu", "conv2_relu", "pool3", "fc4_relu", "fc5"])
def test_they_are_what_hooks_see(layer: str) -> None:
    """In the oracle, the batch normalisation is in training mode, on a copy."""
    module, images = build(), draw_images(40)
    found = measure(module, images)[layer]
    for part in module.modules():
        part.train(isinstance(part, nn.BatchNorm2d))
    seen = list[Tensor]()

    def keep(part: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        output.retain_grad()
        seen.append(output)

    handle = module.get_submodule(layer).register_forward_hook(keep)
    loss = cross_entropy(module(images.pixels.permute(0, 3, 1, 2) / 255), images.labels, reduction="sum")
    handle.remove()
    loss.backward()
    (output,) = seen
    assert output.grad is not None
    fires = output != 0
    dead = ~fires.transpose(0, 1).flatten(1).any(1)
    expected = {
        "mean": output.mean(),
        "std": output.std(correction=0),
        "zeros": 1 - fires.float().mean(),
        "dead": dead.float().mean(),
        "gradient_std": output.grad.std(correction=0),
    }
    assert found == pytest.approx({name: value.item() for name, value in expected.items()}, rel=1e-4, abs=1e-7)


def test_parts_of_the_sample_add_up() -> None:
    module = build(NETWORK.replace("-> bn", ""))
    whole, parts = measure(module, draw_images(40)), measure(module, draw_images(40), 7)
    for name, row in whole.items():
        assert parts[name] == pytest.approx(row, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("images", [1, 2, 3])
def test_few_images(images: int) -> None:
    assert measure(build(), draw_images(images), 1)["fc5"]["std"]


def test_the_module_stays_as_it_was() -> None:
    module = build()
    before = {name: (value, value.clone()) for name, value in module.state_dict(keep_vars=True).items()}
    state = torch.random.get_rng_state()
    measure(module, draw_images(20))
    assert torch.random.get_rng_state().equal(state)
    for name, value in module.state_dict(keep_vars=True).items():
        assert value is before[name][0]
        assert value.equal(before[name][1])
        assert value.grad is None


def test_values_that_are_not_finite_are_null() -> None:
    module = build()
    with torch.no_grad():
        module.get_parameter("conv2.weight").fill_(float("inf"))
    found = measure(module, draw_images(20))
    assert (found["fc5"]["mean"], found["fc5"]["std"]) == (None, None)
    assert found["conv1_relu"]["std"]


def test_a_sample_is_always_the_same() -> None:
    images = draw_images(300)
    one, other = take_sample(images, 0), take_sample(images, 0)
    assert len(one) == 256
    assert one.labels.equal(other.labels)
    assert not one.labels.equal(take_sample(images, 1).labels)
    assert len(take_sample(draw_images(5), 0)) == 5


def test_damaged_lines_are_a_bad_run(tmp_path: Path) -> None:
    assert read_statistics(tmp_path) == ()
    (tmp_path / "statistics.jsonl").write_text('{"epoch": 0, "images": 3, "layers": {"conv1": {"mean": "x"}}}\n')
    with pytest.raises(BadRun, match=r"statistics\.jsonl"):
        read_statistics(tmp_path)
