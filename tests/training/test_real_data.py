"""On real images, where the reference data lies beside the checkout."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_jobs import job, network
from torch import nn

from specnet.settings import Training
from specnet.settings.data import Cifar10, Folder, Mnist
from specnet.settings.epochs import Epochs
from specnet.settings.optimizer import Adam
from specnet.settings.schedule import OneCycle
from specnet.training import Job, Options, train


@pytest.fixture(scope="module")
def real(shared: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real sets, laid out as their publishers do."""
    folder = tmp_path_factory.mktemp("real")
    subprocess.run([sys.executable, str(shared("data") / "unpack"), str(folder)], check=True, capture_output=True)
    return folder


def lenet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(12, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Linear(576, 120),
        nn.ReLU(),
        nn.Linear(120, 10),
    )


@pytest.mark.slow
def test_mnist_reaches_98_5_percent_in_three_epochs(real: Path, tmp_path: Path) -> None:
    settings = Training(data=Mnist(), optimizer=Adam(lr=4e-3), schedule=OneCycle(), epochs=Epochs(count=3))
    asked = Job("LeNet", "", "", (28, 28, 1), (10,), 0, lenet(), settings)
    assert train(asked, Options(data_dir=real, run=tmp_path / "run")).summary["test_accuracy"] >= 0.985


@pytest.mark.slow
def test_cifar_10_is_the_published_one(real: Path, tmp_path: Path) -> None:
    settings = Training(data=Cifar10(), epochs=Epochs(count=0.1))
    asked = Job("Small", "", "", (32, 32, 3), (10,), 0, network(3), settings)
    assert train(asked, Options(data_dir=real, run=tmp_path / "run")).summary["test_accuracy"] > 0.1


@pytest.mark.slow
def test_photographs_of_all_sizes(real: Path, tmp_path: Path) -> None:
    settings = Training(data=Folder(path="catsdogs"), epochs=Epochs(count=1))
    run = train(job(settings, (32, 32, 3), (2,)), Options(data_dir=real, run=tmp_path / "run"))
    assert run.summary["validation_accuracy"] > 0.4
    assert run.summary["test_accuracy"] is None
