"""Several processes train as one: the same loss, every image once, runs that any number of them goes on with."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from specnet.cli import main
from specnet.settings.augment import Brightness, Crop, Flip
from specnet.settings.loss import CrossEntropy
from specnet.settings.normalize import Unchanged
from specnet.training.batches import Batches
from specnet.training.data import Images
from specnet.training.device import Device
from specnet.training.evaluation import Evaluator
from specnet.training.loss import loss
from specnet.training.normalize import fit
from specnet.training.ranks import Ranks, Share
from specnet.training.ranks.launch import _ended
from specnet.training.ranks.share import share_of

SPEC = """net Tiny

input 8x8x1
conv K=8 F=3 P=1 -> relu -> pool max F=2
fc 32 -> relu
fc 10

train {
  data      digits
  split     validation=201
  augment   crop pad=1 -> brightness 0.2
  optimizer sgd lr=0.1 momentum=0.9
  batch     63
  epochs    3
}
"""

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.net").write_text(SPEC)
    return Path("tiny.net")


class OneOf(Ranks):
    """A rank that the test speaks for: what it hands over for `joined` is kept."""

    def __init__(self, number: int, amount: int) -> None:
        self.number, self.amount = number, amount
        self.handed: list[tuple[torch.Tensor, Share]] = []

    def share(self, images: int) -> Share:
        return share_of(self.number, self.amount, images)

    def joined(self, outputs: torch.Tensor, share: Share) -> torch.Tensor:
        self.handed.append((outputs, share))
        return outputs.new_zeros(share.whole, *outputs.shape[1:])


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_shares_are_a_batch_without_gaps(ranks: int) -> None:
    for images in range(1, 40):
        shares = [share_of(rank, ranks, images) for rank in range(ranks)]
        places = [place for share in shares for place in range(images)[share.places] if share.counted]
        assert places == list(range(images))
        assert all(share.counted in (0, share.stop - share.start) for share in shares)
        assert all(share.stop - share.start >= min(2, images) for share in shares)


@pytest.mark.parametrize(("ranks", "images"), [(2, 8), (2, 7), (3, 5), (4, 3)])
def test_the_mean_over_ranks_is_that_of_the_batch(ranks: int, images: int) -> None:
    losses = torch.rand(images)
    shares = [share_of(rank, ranks, images) for rank in range(ranks)]
    means = [share.weighted(losses[share.places].mean()) for share in shares]
    torch.testing.assert_close(torch.stack(means).mean(), losses.mean())


@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_every_image_is_seen_once_an_epoch_as_one_process_sees_it(ranks: int) -> None:
    pixels = torch.randint(0, 256, (101, 4, 4, 1), dtype=torch.uint8)
    images = Images(pixels, torch.arange(101))

    def batches(rank: Ranks) -> Batches:
        chain = (Crop(pad=1), Flip(), Brightness(), Flip())
        return Batches(images, chain, fit(Unchanged(), pixels), 33, 1, rank)

    whole = batches(Ranks())
    for epoch in range(2):
        seen = []
        for step in range(epoch * whole.per_epoch, (epoch + 1) * whole.per_epoch):
            expected, labels = whole.batch(step)
            for rank in range(ranks):
                mine = batches(OneOf(rank, ranks))
                got, own = mine.batch(step)
                share = mine.share(step)
                assert got.equal(expected[share.places])
                assert own.equal(labels[share.places])
                seen += own[: share.counted].tolist()
        assert sorted(seen) == sorted(set(seen))
        assert len(seen) == 101


def test_ranks_drop_out_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    images = Images(torch.zeros(8, 2, 2, 1, dtype=torch.uint8), torch.arange(8))
    drawn = []
    for rank in range(2):
        Batches(images, (), fit(Unchanged(), images.pixels), 8, 1, OneOf(rank, 2)).batch(0)
        drawn.append(torch.rand(4).tolist())
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(("images", "ranks"), [(10, 2), (11, 3), (9, 4)])
def test_evaluation_hands_over_each_image_once(images: int, ranks: int) -> None:
    pixels = torch.arange(images, dtype=torch.uint8).reshape(images, 1, 1, 1)
    part = Images(pixels, torch.zeros(images, dtype=torch.int64))
    everybody = [OneOf(rank, ranks) for rank in range(ranks)]
    for rank in everybody:
        network, device = (lambda pixels: pixels.flatten(1)), Device(torch.device("cpu"), "fp32")
        evaluator = Evaluator(network, {"test": part}, fit(Unchanged(), pixels), loss(CrossEntropy()), device, 4, rank)
        list(evaluator.outputs("test", lambda done, total: None))
    batches = zip(*(rank.handed for rank in everybody), strict=True)
    seen = [value for batch in batches for outputs, share in batch for value in outputs[: share.counted, 0].tolist()]
    assert seen == list(range(images))


def test_what_is_said_of_ranks_that_end() -> None:
    assert (_ended({0: 3, 1: 3}).exit_code, _ended({0: 143}).exit_code) == (3, 143)
    killed = _ended({0: -signal.SIGTERM, 1: -signal.SIGKILL})
    assert (killed.exit_code, killed.killed) == (1, {1: "SIGKILL"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny.net", "--gpus", str(torch.cuda.device_count() + 2)], "are asked for; here are: cpu"),
        (["tiny.net", "--sharded"], "`--sharded` is for several processes, and there is one"),
        (["tiny.net", "--sync-bn"], "`--sync-bn` is for several processes, and there is one"),
        (["-", "--nproc", "2"], "read by one process alone"),
        (["tiny.net", "--nproc", "0"], "is not a whole number from 1"),
    ],
)
def test_refusals(spec: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert main(["train", *words]) == 2
    assert message in capsys.readouterr().err
    assert not Path("runs").exists()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def start(command: Sequence[str], **environment: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", *command]
    env = {**ENVIRONMENT, **environment}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def specnet(*words: str) -> tuple[int, str, str]:
    return ended(start(["specnet", "train", *words]))


def two(*words: str) -> list[tuple[int, str, str]]:
    """The command as two ranks, without any that starts them."""
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    ranks = [start(["specnet", "train", *words], RANK=str(rank), LOCAL_RANK=str(rank), **where) for rank in range(2)]
    return [ended(rank) for rank in ranks]


def curve(folder: str) -> list[dict[str, Any]]:
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate")
    lines = [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in names} for line in lines]


def assert_same(one: str, other: str) -> None:
    """The same curve within float tolerance, the same test accuracy, and nearly the same weights."""
    for a, b in zip(curve(one), curve(other), strict=True):
        assert b == pytest.approx(a, rel=1e-4)
    a, b = (json.loads((Path(folder) / "summary.json").read_text()) for folder in (one, other))
    assert a["test_accuracy"] == pytest.approx(b["test_accuracy"], abs=0.01)
    assert a["measured"]["images"] == b["measured"]["images"] == 359
    mine, theirs = (load_file(Path(folder) / "model.safetensors") for folder in (one, other))
    torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)


FP32 = ("--precision", "fp32")


@pytest.fixture
def one(spec: Path) -> str:
    """The run of one process."""
    assert main(["train", "tiny.net", "--run", "one", *FP32]) == 0
    return "one"


@pytest.mark.parametrize("flags", [(), pytest.param(("--sharded",), marks=pytest.mark.slow)])
def test_two_processes_train_as_one(one: str, flags: tuple[str, ...]) -> None:
    (code, out, err), (other_code, *silence) = two("tiny.net", "--run", "two", *FP32, *flags)
    assert (code, other_code, silence) == (0, 0, ["", ""]), err
    assert "2 processes share each batch of 63; the learning rate stays 0.1" in err
    assert out.endswith("kept in     two\n")
    assert_same(one, "two")


def test_of_two_that_fail_one_speaks(spec: Path) -> None:
    Path("broken.net").write_text(SPEC.replace("conv", "cnov"))
    ended = two("broken.net")
    assert [code for code, _, _ in ended] == [1, 1]
    assert sum("cnov" in err for _, _, err in ended) == 1
    ended = two("tiny.net", "--sync-bn")
    assert [code for code, _, _ in ended] == [2, 2]
    assert sorted(err for _, _, err in ended) == [
        "",
        "error: `--sync-bn` needs GPUs: torch has no SyncBatchNorm on a CPU\n",
    ]
