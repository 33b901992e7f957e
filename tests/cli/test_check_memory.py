"""`specnet check --memory` and `--fits` as a user meets them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from paths import ROOT

from specnet.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `specnet check` beside the zoo; returns the exit code and both streams."""
    monkeypatch.chdir(ROOT)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["check", *arguments])
        return code, *capsys.readouterr()

    return run


def test_memory_part_by_part(call: Run, golden: Callable[[str, str], None]) -> None:
    code, out, _ = call("specs/vgg16.net", "--memory", "--batch", "32", "--fits", "24GB")
    assert code == 0
    golden("vgg16-memory.txt", out)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("10kB", "10kB is too little: a single image takes 384.8 MiB in inference"),
        ("500MB", "500MB holds a batch of 33 in inference, and none in training by adam: a single image takes 1.1 GiB"),
        ("24 GiB", "24 GiB holds a batch of 5,405 in inference, and of 3,694 in training by adam, both in fp32"),
    ],
)
def test_what_fits(call: Run, size: str, words: str) -> None:
    code, out, _ = call("specs/alexnet.net", "--fits", size)
    assert code == 0 and words in out


@pytest.mark.parametrize("batch", ["0", "-3", "1.5", "many", "9" * 30, "9" * 5000])
def test_a_batch_that_is_none(call: Run, batch: str) -> None:
    code, out, err = call("specs/alexnet.net", "--memory", f"--batch={batch}")
    assert (code, out) == (2, "") and err.startswith("error: ") and "--batch" in err


@pytest.mark.parametrize("size", ["", "10XB", "-1GB", "0GB", "1e50TB", "many"])
def test_a_size_that_is_none(call: Run, size: str) -> None:
    code, out, err = call("specs/alexnet.net", f"--fits={size}")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: argument --fits: {size!r} is not a size")


def test_the_columns_add_up(call: Run) -> None:
    """To the parts of the summary, in CSV without units."""
    _, out, _ = call("specs/resnet18.net", "--memory", "--format", "csv")
    rows = [*csv.DictReader(io.StringIO(out))]
    _, out, _ = call("specs/resnet18.net", "--memory", "--format", "json")
    training = json.loads(out)["memory"]["training"]
    sums = {
        name: sum(int(row[name] or 0) for row in rows) for name in ("weights", "gradients", "optimizer_state", "kept")
    }
    assert sums.pop("weights") == training["parameters"] + training["buffers"]
    assert sums == {part: training[part] for part in sums}


def test_json_has_memory_on_request_alone(call: Run) -> None:
    assert "memory" not in json.loads(call("specs/lenet5.net", "--format", "json")[1])
    memory = json.loads(call("specs/lenet5.net", "--format", "json", "--memory", "--precision", "bf16")[1])["memory"]
    assert (memory["batch"], memory["precision"], memory["optimizer"]) == (128, "bf16", "adam")
    assert "fits" not in memory
    fits = json.loads(call("specs/lenet5.net", "--format", "json", "--fits", "1GB")[1])["memory"]["fits"]
    assert fits["size"] == 10**9 and 0 < fits["training_batch"] < fits["inference_batch"]


def test_the_batch_and_the_optimizer_are_those_of_the_spec(call: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 8x8x3\nfc 10\ntrain {\n  optimizer sgd momentum=0.9\n  batch 64 accumulate=4\n}\n")
    _, out, _ = call(str(file), "--memory")
    assert "memory for 16 images, fp32" in out and "training by sgd" in out


def test_a_broken_network_has_no_memory(call: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.net"
    file.write_text("input 8x8x3\nconv K=3 F=9\n")
    code, out, _ = call(str(file), "--memory", "--fits", "1GB")
    assert code == 1 and "memory for" not in out and "E302" in out
    assert "memory" not in json.loads(call(str(file), "--memory", "--format", "json")[1])
