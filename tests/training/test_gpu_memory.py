"""What torch allocates on a GPU in steps of the trainer lies between the predicted peak and that with workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from bench_train.trainer import make_loop_of_setup

from specnet.analyses.memory import Precision
from specnet.api import check
from specnet.jobs import make_job
from specnet.settings import Training
from specnet.settings.batch import Batch
from specnet.settings.data import Synthetic
from specnet.settings.optimizer import Sgd
from specnet.training.engine.setup import set_up
from specnet.training.job import Callback, Options
from specnet.training.resources import measure_step

BATCH = 64


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_the_peak_on_a_gpu_is_the_predicted_one(tmp_path: Path, name: str, precision: Precision) -> None:
    training = Training(
        data=Synthetic(classes=1000, images=2 * BATCH), batch=Batch(size=BATCH), optimizer=Sgd(momentum=0.9)
    )
    job = make_job(check(name), training)
    setup = set_up(job, Options(device="cuda", precision=precision), tmp_path / "run", Callback())
    loop = make_loop_of_setup(setup)
    loop(2)
    predicted = measure_step(job, setup.device)
    assert predicted is not None
    others = torch.cuda.memory_allocated() - predicted.throughout  # those of the data, and of cuBLAS
    torch.cuda.reset_peak_memory_stats()
    loop(2)
    peak = torch.cuda.max_memory_allocated() - others
    assert predicted.peak(BATCH) <= peak <= predicted.upper_peak(BATCH)
