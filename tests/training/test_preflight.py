"""What cannot be trained is refused before it is tried, with the numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_jobs import Notebook, job, training
from small_sets import write_image
from torch import nn

from specnet.analyses.memory import NOTHING, Bytes, Conditions, Memory, Moment
from specnet.settings.batch import Batch
from specnet.settings.data import Cifar10, Folder, Synthetic
from specnet.settings.epochs import Epochs
from specnet.settings.evaluate import Evaluate
from specnet.settings.loss import Contrastive, CrossEntropy
from specnet.settings.optimizer import Sgd
from specnet.settings.schedule import Cosine
from specnet.settings.stop import Stop
from specnet.settings.tasks.siamese import Siamese
from specnet.training import (
    CannotRun,
    Job,
    NotFinite,
    Options,
    OutOfMemory,
    OutputLayer,
    Unsuitable,
    device,
    preflight,
    resources,
    train,
)
from specnet.training.device import Device
from specnet.training.job import Precision
from specnet.training.preflight import refuse_untrainable


def refused(asked: Job, words: str, options: Options | None = None) -> None:
    with pytest.raises(Unsuitable, match=words) as error:
        train(asked, options or Options())
    assert error.value.exit_code == 1


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_output_that_is_no_vector() -> None:
    refused(job(outputs=(10, 4, 4)), "output is 10×4×4, and training needs a vector")


def test_fewer_outputs_than_classes() -> None:
    refused(job(outputs=(9,)), "has 9 outputs, and the data has 10 classes; the last layer needs at least 10")


def test_fewer_outputs_than_classes_on_a_line() -> None:
    asked = replace(job(outputs=(9,)), output_layer=OutputLayer(12, "conv K=", " F=1"))
    refused(asked, "9 outputs, and the data has 10 classes; on line 12, make `conv K=9 F=1` `conv K=10 F=1`")


def test_more_outputs_than_classes_will_do(tmp_path: Path) -> None:
    assert train(job(outputs=(12,)), Options(run=tmp_path / "run")).summary["epochs"] == 2


def test_grey_images_for_a_colour_network() -> None:
    refused(job(shape=(8, 8, 3)), "reads images of 3 channels, and the data has 1; `input 8x8x1` suits it")


def test_weights_of_other_classes() -> None:
    refused(job(training(loss=CrossEntropy(weights=(1, 2)))), "has 2 numbers, and the network 10 outputs")


def test_colour_images_for_a_grey_network_are_refused_before_they_are_looked_for() -> None:
    refused(job(training(data=Cifar10()), shape=(32, 32, 1)), "reads images of 1 channel, and the data has 3")


def test_a_folder_tells_only_when_it_is_read(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_image(tmp_path / "set" / name / "1.png", (1, 2, 3))
    settings = training(data=Folder(path="set"), split=None)
    refused(job(settings, shape=(8, 8, 1)), "reads images of 1 channel, and the data has 3")
    refused(job(settings, shape=(8, 8, 3), outputs=(2,)), "has 2 outputs, and the data has 3 classes")


def test_stopping_by_a_validation_part_that_is_not_there() -> None:
    refused(job(training(split=None, stop=Stop())), "`stop` looks at the validation part")


def test_watching_a_test_set_that_is_not_there(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / "set" / name / "1.png", 7)
    settings = training(data=Folder(path="set"), split=None, evaluate=Evaluate(test=True))
    refused(job(settings), "`evaluate test` watches the test set, and the data has none")


def test_nothing_to_learn() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Softmax(1))
    refused(Job("None", "", "", (8, 8, 1), (64,), 0, module, training()), "no parameters to learn")


@pytest.mark.parametrize(
    ("device", "words"),
    [("cuda:99", "no device `cuda:99` that torch can use; here are: cpu"), ("gpu", "no kind of device called `gpu`")],
)
def test_no_such_device(device: str, words: str) -> None:
    with pytest.raises(CannotRun, match=words):
        train(job(), Options(device=device))


def test_no_such_data_folder(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="there is no data folder"):
        train(job(), Options(data_dir=tmp_path / "nowhere"))


def test_a_loss_that_is_not_finite_keeps_the_good_weights(tmp_path: Path) -> None:
    with pytest.raises(
        NotFinite, match=r"at step \d+, in epoch \d, is not finite; it has no good weights yet"
    ) as error:
        train(job(training(optimizer=Sgd(lr=1e25))), Options(run=tmp_path / "run", precision="fp32"))
    assert error.value.exit_code == 3
    assert not (tmp_path / "run/model.safetensors").exists()


def test_good_weights_are_those_before_the_first_bad_step(tmp_path: Path) -> None:
    class Explodes(nn.Module):
        """Gives infinities from its 13th batch of training on."""

        def __init__(self) -> None:
            super().__init__()
            self.layer, self.batches = nn.Linear(64, 10), 0

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.batches += self.training
            outputs: torch.Tensor = self.layer(images.flatten(1))
            return outputs * float("inf") if self.batches > 12 else outputs

    asked = Job("Explodes", "", "", (8, 8, 1), (10,), 650, Explodes(), training(epochs=Epochs(count=5)))
    with pytest.raises(NotFinite, match="step 13, in epoch 3, is not finite; the weights of epoch 2 are kept"):
        train(asked, Options(run=tmp_path / "run"))
    assert len((tmp_path / "run/metrics.jsonl").read_text().splitlines()) == 2
    assert (tmp_path / "run/model.safetensors").exists()


CPU_DEVICE = Device(torch.device("cpu"), "fp32")


def steps_of(per_image: int) -> Callable[[Conditions], Memory]:
    """Steps that take so many bytes for each image."""
    moment = Moment("forward", "conv1", Bytes(0, per_image), NOTHING, NOTHING)
    return lambda conditions: Memory({}, 0, (moment,), ())


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_out_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    class Hungry(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(64, 10)

        def forward(self, images: torch.Tensor) -> Any:
            raise error

    asked = replace(Job("Hungry", "", "", (8, 8, 1), (10,), 650, Hungry(), training()), measure_memory=steps_of(2**27))
    monkeypatch.setattr(resources, "get_total_memory", lambda place: 10 * 2**30)
    with pytest.raises(OutOfMemory) as raised:
        train(asked, Options(run=tmp_path / "run"))
    assert str(raised.value) == (
        'a step of 256 images needs 32.0 GiB, and there are 10.0 GiB; `settings={"batch.accumulate": 4}` goes '
        'through it in 4 parts, or take `settings={"batch": 64}`'
    )
    assert raised.value.exit_code == 4


def test_a_step_that_cannot_fit_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(job(training()), measure_memory=steps_of(2**23))
    monkeypatch.setattr(preflight, "get_total_memory", lambda place: 2**30)
    monkeypatch.setattr(resources, "get_total_memory", lambda place: 2**30)
    with pytest.raises(OutOfMemory, match=r"needs 2\.0 GiB, and there are 1\.0 GiB"):
        train(asked, Options(run=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("there", "advice"),
    [
        (
            2**30,
            '`settings={"batch.accumulate": 2}` goes through it in 2 parts, or take `settings={"batch": 128}`',
        ),  # it should have fitted
        (2**12, "there are 4.0 KiB: the network does not fit with a single image"),
    ],
)
def test_what_would_fit(monkeypatch: pytest.MonkeyPatch, there: int, advice: str) -> None:
    monkeypatch.setattr(resources, "get_total_memory", lambda place: there)
    asked = replace(job(training()), measure_memory=steps_of(2**17))
    assert resources.advise_training(asked, CPU_DEVICE).endswith(advice)


def test_embeddings_of_pairs_take_twice_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "get_total_memory", lambda place: 2**30)
    asked = replace(job(training(task=Siamese(), loss=Contrastive())), measure_memory=steps_of(2**23))
    advice = resources.advise_training(asked, CPU_DEVICE)
    assert "a step of 256 images needs 4.0 GiB" in advice
    assert advice.endswith('take `settings={"batch": 64}`')


def test_advice_where_the_memory_of_a_layer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "get_total_memory", lambda place: 2**30)
    assert resources.advise_training(job(training()), CPU_DEVICE) == (
        'a step of 256 images does not fit into 1.0 GiB; `settings={"batch.accumulate": 2}` may'
    )


def test_a_cpu_s_memory_runs_out_too(tmp_path: Path) -> None:
    class Huge(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(64, 10)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.empty(2**50, device=images.device)

    asked = Job("Huge", "", "", (8, 8, 1), (10,), 650, Huge(), training())
    with pytest.raises(OutOfMemory):
        train(asked, Options(run=tmp_path / "run"))


def test_a_batch_larger_than_the_set_is_the_whole_set(tmp_path: Path) -> None:
    settings, told = training(data=Synthetic(images=50), split=None, batch=Batch(size=1000)), Notebook()
    assert train(job(settings), Options(run=tmp_path / "run"), told).summary["epochs"] == 2
    assert told.notes[-1] == "a batch of 1,000 is more than the 50 images to train on: all are one batch"
    assert told.plans[0].steps == 2


def test_channels_first_is_told_from_a_wrong_number_of_channels() -> None:
    with pytest.raises(Unsuitable, match=r"of 8 channels, and the data has 1; `input 8x8x1` suits it"):
        refuse_untrainable(job(training(), shape=(1, 8, 8)))


def test_a_warmup_that_takes_the_whole_run() -> None:
    with pytest.raises(Unsuitable, match=r"`schedule … warmup=2` takes the whole run of 2 epochs"):
        refuse_untrainable(job(training(schedule=Cosine(warmup=2))))


def test_an_operation_that_is_never_the_same_is_named() -> None:
    message = "torch has no put_ that gives the same bits every time; train without `deterministic=True`"
    with pytest.raises(CannotRun, match=message), device.use_deterministic_algorithms(True):
        torch.zeros(3).put_(torch.tensor([0]), torch.ones(1))
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_gpu_may_become_deterministic_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(device, "_is_available", lambda place: True)
    device.choose_device(Options(device="cuda:0", precision="fp32"))
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (("weight",), "`layer.weight` is not finite after step 12; the weights of epoch 1 are kept"),
        (("weight", "bias"), "`layer.weight` and 1 other weight are not finite after step 12; the weights of epoch 1"),
    ],
)
def test_weights_that_are_not_finite_are_named(bad: tuple[str, ...], words: str, tmp_path: Path) -> None:
    class Explodes(nn.Module):
        """Has gradients that are not finite in its 12th batch of training, the last of the second epoch."""

        def __init__(self) -> None:
            super().__init__()
            self.layer, self.batches = nn.Linear(64, 10), 0
            for name in bad:
                self.layer.get_parameter(name).register_hook(self.explode)

        def explode(self, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * float("inf") if self.batches == 12 else gradient

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.batches += self.training
            outputs: torch.Tensor = self.layer(images.flatten(1))
            return outputs

    settings = training(epochs=Epochs(count=5), split=None)
    with pytest.raises(NotFinite, match=words):
        train(Job("Explodes", "", "", (8, 8, 1), (10,), 650, Explodes(), settings), Options(run=tmp_path / "run"))


@pytest.mark.parametrize(("precision", "causes"), [("fp32", 0), ("bf16", 1)])
def test_a_run_in_less_than_fp32_names_its_precision_as_a_cause(
    precision: Precision, causes: int, tmp_path: Path
) -> None:
    with pytest.raises(NotFinite) as error:
        train(job(training(optimizer=Sgd(lr=1e25))), Options(run=tmp_path / "run", precision=precision))
    line = 'it computes in bf16; `precision="fp32"` shows whether that is the cause'
    assert [*error.value.args[1:]] == [line] * causes
