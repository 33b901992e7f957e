"""What the tests of training share: a small network, and data sets of a few images in their publishers' formats."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("torch") is None:
    collect_ignore_glob = ["*"]
else:
    import numpy as np
    from torch import nn

    from specnet.settings import Training
    from specnet.training import Job

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("torch")


@pytest.fixture(autouse=True)
def _no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds data that lies in the user's cache, or downloads into it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SPECNET_DATA", raising=False)


def network(channels: int = 1, outputs: int = 10) -> nn.Module:
    """A small network with all that a resumed run must restore: running statistics, dropout, biases."""
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(64, outputs),
    )


@pytest.fixture
def make_job() -> Callable[..., Job]:
    """A job on digits, unless the settings say otherwise."""

    def make(training: Training, input_shape: tuple[int, ...] = (8, 8, 1), outputs: int = 10) -> Job:
        module = network(input_shape[-1], outputs)
        parameters = sum(parameter.numel() for parameter in module.parameters())
        return Job("Small", "net Small\n", "sha256:small", input_shape, (outputs,), parameters, module, training)

    return make


def write_idx(path: Path, values: np.ndarray, packed: bool = True) -> None:
    """An idx file of unsigned bytes."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    content = bytes((0, 0, 8, values.ndim)) + sizes + values.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if packed else content)


def write_mnist(folder: Path, train: int = 20, test: int = 10, packed: bool = True) -> np.ndarray:
    """The four files of a set in MNIST's form, with labels 0, 1, … 9, 0, …; returns the training images."""
    random = np.random.default_rng(0)
    suffix = ".gz" if packed else ""
    images = {name: random.integers(0, 256, (count, 28, 28)) for name, count in (("train", train), ("t10k", test))}
    for name, pixels in images.items():
        write_idx(folder / f"{name}-images-idx3-ubyte{suffix}", pixels, packed)
        write_idx(folder / f"{name}-labels-idx1-ubyte{suffix}", np.arange(len(pixels)) % 10, packed)
    return images["train"]
