"""Several processes train as one: the same loss, every image once, runs that any number of them goes on with."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from small_sets import CLASSIFY

from specnet.cli import main
from specnet.settings.augment import Brightness, Flip, RandomCrop
from specnet.settings.batch import Batch
from specnet.settings.loss import CrossEntropy
from specnet.settings.normalize import Unchanged
from specnet.training.data.images import Images
from specnet.training.device import Device
from specnet.training.distributed import Ranks, Share
from specnet.training.distributed.launch import _summarize_exit
from specnet.training.distributed.single_process import compute_share
from specnet.training.engine.evaluator import Evaluator
from specnet.training.engine.step import Batches
from specnet.training.optim.losses import build_loss
from specnet.training.transforms.normalization import fit_normalizer

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
        self.rank, self.world_size = number, amount
        self.handed: list[tuple[torch.Tensor, Share]] = []

    def share(self, images: int) -> Share:
        return compute_share(self.rank, self.world_size, images)

    def gather_outputs(self, outputs: torch.Tensor, share: Share) -> torch.Tensor:
        self.handed.append((outputs, share))
        return outputs.new_zeros(share.whole, *outputs.shape[1:])


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_shares_are_a_batch_without_gaps(ranks: int) -> None:
    for images in range(1, 40):
        shares = [compute_share(rank, ranks, images) for rank in range(ranks)]
        places = [place for share in shares for place in range(images)[share.places] if share.counted]
        assert places == list(range(images))
        assert all(share.counted in (0, share.stop - share.start) for share in shares)
        assert all(share.stop - share.start >= min(2, images) for share in shares)


@pytest.mark.parametrize(("ranks", "images"), [(1, 7), (2, 8), (2, 7), (3, 5), (4, 3)])
def test_all_learn_their_shares_in_as_many_parts(ranks: int, images: int) -> None:
    shares = [compute_share(rank, ranks, images) for rank in range(ranks)]
    (parts,) = {share.count_parts(3) for share in shares}
    for share in shares:
        assert all(len(part) >= 2 for part in torch.arange(images)[share.places].tensor_split(parts))


@pytest.mark.parametrize(("ranks", "images"), [(2, 8), (2, 7), (3, 5), (4, 3)])
def test_the_mean_over_ranks_is_that_of_the_batch(ranks: int, images: int) -> None:
    losses = torch.rand(images)
    shares = [compute_share(rank, ranks, images) for rank in range(ranks)]
    means = [share.weight * losses[share.places].mean() for share in shares]
    torch.testing.assert_close(torch.stack(means).mean(), losses.mean())


@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_every_image_is_seen_once_an_epoch_as_one_process_sees_it(ranks: int) -> None:
    pixels = torch.randint(0, 256, (101, 4, 4, 1), dtype=torch.uint8)
    images = Images(pixels, torch.arange(101))

    def batches(rank: Ranks) -> Batches:
        chain = (RandomCrop(pad=1), Flip(), Brightness(), Flip())
        return Batches(images, CLASSIFY, chain, fit_normalizer(Unchanged(), pixels), Batch(size=33), 1, rank)

    whole = batches(Ranks())
    for epoch in range(2):
        seen = []
        for step in range(epoch * whole.per_epoch, (epoch + 1) * whole.per_epoch):
            (expected,), labels = whole.batch(step)
            for rank in range(ranks):
                mine = batches(OneOf(rank, ranks))
                (got,), own = mine.batch(step)
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
        normalizer = fit_normalizer(Unchanged(), images.pixels)
        Batches(images, CLASSIFY, (), normalizer, Batch(size=8), 1, OneOf(rank, 2)).batch(0)
        drawn.append(torch.rand(4).tolist())
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(("images", "ranks"), [(10, 2), (11, 3), (9, 4)])
def test_evaluation_hands_over_each_image_once(images: int, ranks: int) -> None:
    pixels = torch.arange(images, dtype=torch.uint8).reshape(images, 1, 1, 1)
    part = Images(pixels, torch.zeros(images, dtype=torch.int64))
    everybody = [OneOf(rank, ranks) for rank in range(ranks)]
    for rank in everybody:
        network, device = (lambda pixels: pixels.flatten(1)), Device(torch.device("cpu"), "fp32")
        normalizer, loss = fit_normalizer(Unchanged(), pixels), build_loss(CrossEntropy())
        evaluator = Evaluator(network, {"test": part}, normalizer, loss, CLASSIFY, device, 4, rank)
        list(evaluator.outputs("test"))
    batches = list(zip(*(rank.handed for rank in everybody), strict=True))[::2]  # the targets come behind the outputs
    seen = [value for batch in batches for outputs, share in batch for value in outputs[: share.counted, 0].tolist()]
    assert seen == list(range(images))


def test_what_is_said_of_ranks_that_end() -> None:
    assert (_summarize_exit({0: 3, 1: 3}).exit_code, _summarize_exit({0: 143}).exit_code) == (3, 143)
    killed = _summarize_exit({0: -signal.SIGTERM, 1: -signal.SIGKILL})
    assert (killed.exit_code, killed.killed) == (1, {1: "SIGKILL"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny.net", "--gpus", str(torch.cuda.device_count() + 2)], "are asked for; here are: cpu"),
        (["tiny.net", "--sharded"], "`--sharded` is for several processes, and there is one"),
        (["tiny.net", "--sync-bn"], "`--sync-bn` is for several processes, and there is one"),
        (["-", "--nproc", "2"], "only one process can read"),
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
    """The same curve and weights within float tolerance, and the same number of test images."""
    for a, b in zip(curve(one), curve(other), strict=True):
        assert b == pytest.approx(a, rel=1e-3)
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
    assert out.endswith("saved in    two\n")
    assert_same(one, "two")


@pytest.mark.slow
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


RANKED = '''"""A data set with other images in the process that `odd` names, if there is one of that rank."""

import os
from pathlib import Path

import torch

from specnet.plugins import Data, register


@register
class Ranked(Data):
    def read(self, find):
        is_odd = os.environ.get("RANK") == Path("odd").read_text()
        images = torch.randint(0, 256 - is_odd, (20, 8, 8, 1), dtype=torch.uint8)
        return images, torch.arange(20) % 10
'''


@pytest.mark.slow
def test_ranks_that_read_different_data_end_with_one_message_and_leave_the_run_as_it_is(spec: Path) -> None:
    Path("pyproject.toml").write_text('[tool.specnet]\nplugins = ["ranked"]\n')
    Path("ranked.py").write_text(RANKED)
    Path("tiny.net").write_text(SPEC.replace("digits", "ranked").replace("validation=201", "validation=10"))
    Path("odd").write_text("1")
    for words in (("tiny.net", "--run", "run"), ("--resume", "run", "--epochs", "4")):
        ended = two(*words)
        assert [code for code, _, _ in ended] == [1, 1]
        assert "Traceback" not in (said := "".join(err for _, _, err in ended))
        assert said.count("the data set `ranked` of ranked gives the processes different data") == 1
        if not Path("run").exists():
            Path("odd").write_text("neither")
            assert [code for code, _, _ in two("tiny.net", "--run", "run")] == [0, 0]
            Path("odd").write_text("0")
    assert json.loads(Path("run/config.json").read_text())["training"]["epochs"]["count"] == 3


LONG = ("--epochs", "60", "--set", "optimizer.lr=0.002", *FP32)
"""Long enough to be disturbed, and so slow to learn that rounding does not grow into another curve."""

TORCHRUN = ("torch.distributed.run", "--nproc-per-node")

TINY = ("-m", "--", "specnet", "train", "tiny.net")
"""Without `--`, torchrun takes our `--run` for one of its own options."""

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the processes are looked up in /proc")


def wait_for(what: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def checkpoints(folder: str) -> Callable[[], list[Path]]:
    return lambda: list(Path(folder).glob("checkpoint/*.json"))


def children(process: subprocess.Popen[str]) -> list[int]:
    return [int(number) for number in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "tiny.net").write_text(SPEC)
    assert main(["train", str(folder / "tiny.net"), "--run", str(folder / "run"), *LONG]) == 0
    return str(folder / "run")


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("flags", [(), ("--sharded",)])
def test_a_signal_saves_what_one_process_goes_on_with(
    spec: Path, undisturbed: str, sent: signal.Signals, code: int, flags: tuple[str, ...]
) -> None:
    process = start(["specnet", "train", "tiny.net", "--nproc", "2", "--run", "two", *flags, *LONG])
    wait_for(Path("two/metrics.jsonl").exists, process)
    process.send_signal(sent)
    got, out, err = ended(process)
    assert (got, out) == (code, ""), err
    assert err.endswith("interrupted; everything is saved in two\nto resume: specnet train --resume two\n")
    assert json.loads(Path("two/config.json").read_text())["options"]["processes"] == 2
    assert main(["train", "--resume", "two", "--nproc", "1"]) == 0
    assert_same(undisturbed, "two")


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--sharded",)])
def test_two_processes_go_on_with_the_run_of_one(spec: Path, undisturbed: str, flags: tuple[str, ...]) -> None:
    process = start(["specnet", "train", "tiny.net", "--run", "one", *LONG])
    wait_for(Path("one/metrics.jsonl").exists, process)
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 130
    code, _, err = specnet("--resume", "one", "--nproc", "2", *flags)
    assert code == 0, err
    assert "2 processes share each batch" in err
    assert_same(undisturbed, "one")


@linux
@pytest.mark.slow
def test_a_process_that_dies_ends_the_run(spec: Path, undisturbed: str) -> None:
    process = start(["specnet", "train", "tiny.net", "--nproc", "2", "--run", "two", *LONG])
    wait_for(checkpoints("two"), process)
    os.kill(children(process)[1], signal.SIGKILL)
    code, out, err = ended(process)
    assert (code, out) == (1, "")
    assert err.endswith(
        "error: another process of this training has died; the last checkpoint is saved in two\n"
        "to resume: specnet train --resume two\n"
        "error: process 1 of 2 (from 0) was killed by SIGKILL\n"
    )
    code, _, err = specnet("--resume", "two")
    assert code == 0, err
    assert "2 processes share each batch" in err  # as it was begun
    assert_same(undisturbed, "two")


@linux
@pytest.mark.slow
def test_ranks_save_and_end_when_their_launcher_is_killed(spec: Path, undisturbed: str) -> None:
    process = start(["specnet", "train", "tiny.net", "--nproc", "2", "--run", "two", *LONG])
    wait_for(checkpoints("two"), process)
    ranks = children(process)
    process.kill()
    process.communicate(timeout=60)  # which ends once the ranks, which write there too, have ended
    assert not any(map(is_alive, ranks))
    code, _, err = specnet("--resume", "two")
    assert code == 0, err
    assert "finished" not in err
    assert_same(undisturbed, "two")


def is_alive(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


@linux
@pytest.mark.slow
@pytest.mark.parametrize("run", [(), ("--run", "runs/named")])
@pytest.mark.parametrize("victim", [0, 1])
def test_torchrun_starts_again_what_goes_on(spec: Path, undisturbed: str, run: tuple[str, ...], victim: int) -> None:
    command = [
        *TORCHRUN,
        "2",
        "--standalone",
        "--max-restarts=1",
        *TINY,
        *run,
        *LONG,
    ]
    process = start(command)
    wait_for(lambda: list(Path("runs").glob("*/checkpoint/*.json")), process)
    os.kill(children(process)[victim], signal.SIGKILL)
    code, out, err = ended(process)
    assert code == 0, err
    (folder,) = Path("runs").iterdir()
    assert out.endswith(f"saved in    {folder}\n")
    assert not (folder / "failure.json").exists()
    assert_same(undisturbed, str(folder))


@pytest.mark.slow
def test_two_agents_stand_in_for_two_machines(one: str) -> None:
    where = ["--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{free_port()}", "--rdzv-id=1"]
    command = [
        *TORCHRUN,
        "1",
        "--nnodes=2",
        *where,
        "--local-addr=127.0.0.1",
        *TINY,
    ]
    agents = [start([*command, "--run", "two", *FP32]) for _ in range(2)]
    codes, outs, errs = zip(*map(ended, agents), strict=True)
    assert codes == (0, 0), errs
    assert sorted(outs)[0] == ""
    assert sorted(outs)[1].endswith("saved in    two\n")
    assert_same(one, "two")
