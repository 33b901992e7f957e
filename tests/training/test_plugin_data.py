"""Data sets of plugins that draw random numbers: the same images in each process, each time they are read."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_jobs import job, training
from torch import Tensor

import specnet
from specnet.plugins import Data, register
from specnet.training.data.digest import compute_digest
from specnet.training.data.given import read_own
from specnet.training.data.images import DataRequest
from specnet.training.distributed import Ranks
from specnet.training.errors import DataProblem
from specnet.training.job import GivenData
from specnet.training.runs.given import refuse_unlike_data

SPEC = """net Small
input 4x4x1
fc 2
train {
  data noise
  seed 3
  batch 8
  epochs 1
}
"""


def draw_by_torch(number: int) -> Any:
    return torch.randint(256, (number, 4, 4, 1), dtype=torch.uint8)


def draw_by_numpy(number: int) -> Any:
    return np.random.randint(0, 256, (number, 4, 4, 1), np.uint8)


def draw_by_python(number: int) -> Any:
    return np.array(random.choices(range(256), k=number * 16), np.uint8).reshape(number, 4, 4, 1)


DRAWS = [draw_by_torch, draw_by_numpy, draw_by_python]


def register_noise(draw: Any) -> Data:
    def read(self: Any, find: Any) -> Any:
        return {"train": (draw(24), np.arange(24) % 2), "test": (draw(8), np.arange(8) % 2)}

    return register("noise")(type("Noise", (Data,), {"read": read, "__module__": __name__}))()  # type: ignore[no-any-return]


@pytest.mark.parametrize("draw", DRAWS)
def test_images_at_random_are_those_of_the_seed(draw: Any) -> None:
    noise = register_noise(draw)
    digests = [compute_digest(read_own(noise, DataRequest((4, 4, 1), None, print, seed=seed))) for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("draw", DRAWS)
def test_reading_leaves_the_generators_of_the_program_as_they_were(draw: Any) -> None:
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    expected = draw(2)
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    read_own(register_noise(draw), DataRequest((4, 4, 1), None, print))
    assert np.array_equal(draw(2), expected)


def test_a_run_on_images_at_random_goes_on_and_is_measured_again(tmp_path: Path) -> None:
    register_noise(draw_by_torch)
    (tmp_path / "small.net").write_text(SPEC)
    run = specnet.train(tmp_path / "small.net", run=tmp_path / "run")
    assert specnet.evaluate(run.folder).scores["accuracy"] == run.summary["test_accuracy"]
    assert specnet.resume(run.folder, epochs=2).summary["epochs"] == 2


class TwoRanks(Ranks):
    """The first of two ranks, the other of which has data of another digest, or of the same."""

    world_size = 2

    def __init__(self, other: str) -> None:
        self._other = float(int(other, 16))

    def gather(self, numbers: Any) -> Tensor:
        return torch.tensor([[*numbers], [self._other]], dtype=torch.float64)


MINE, OTHER = "0" * 11 + "a", "f" * 12


@pytest.mark.parametrize("ranks", [Ranks(), TwoRanks(MINE)])
def test_ranks_with_the_same_data_go_on(ranks: Ranks) -> None:
    refuse_unlike_data(f"sha256:{MINE}{'0' * 52}", job(), ranks)


def test_files_are_not_compared_between_ranks() -> None:
    refuse_unlike_data(None, job(), TwoRanks(OTHER))


@pytest.mark.parametrize("is_given", [True, False])
def test_ranks_with_different_data_are_refused(is_given: bool) -> None:
    made = replace(job(training(data=register_noise(draw_by_torch))), given=GivenData(()) if is_given else None)
    owner = "the program" if is_given else "the data set `noise` of .*"
    with pytest.raises(DataProblem, match=f"^{owner} gives the processes different data, .* {MINE}, {OTHER}; all need"):
        refuse_unlike_data(f"sha256:{MINE}{'0' * 52}", made, TwoRanks(OTHER))
