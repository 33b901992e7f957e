"""Losses, optimizers, augmentations and data sets of plugins in training: as built-in ones, or named if they fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset, TensorDataset

import specnet
from specnet.plugins import (
    Augment,
    Data,
    Loss,
    Metric,
    Mixing,
    Optimizer,
    Positive,
    Target,
    Task,
    TaskMetric,
    register,
    require_one_input,
    require_vector,
)
from specnet.settings.augment import Flip
from specnet.settings.loss import Mae
from specnet.training import DataLost, NotFinite, TrainingError
from specnet.training.errors import PluginFailure
from specnet.training.optim.losses import build_loss
from specnet.training.optim.optimizers import build_optimizer
from specnet.training.tasks.objective import make_objective
from specnet.training.transforms.augmentation import Augmentation, Mixer

SPEC = """net Small
input 8x8x3
conv K=4 F=3 P=1 -> relu -> pool avg global
fc 2
train {{
  data {data}
  augment {augment}
  loss {loss}
  optimizer {optimizer}
  batch 16
  epochs {epochs}
}}
"""


class Stripes(Data):
    """Stripes across or along."""

    images: Positive = 64

    def read(self, find: Any) -> Any:
        generator = torch.Generator().manual_seed(0)
        labels = torch.arange(int(self.images)) % 2
        pixels = torch.randint(0, 100, (len(labels), 8, 8, 3), generator=generator, dtype=torch.uint8)
        return {"train": (pixels[16:], labels[16:]), "test": (pixels[:16], labels[:16])}


class Plain(Loss):
    """Cross-entropy."""

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASS})

    def compute(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(outputs, targets)


class Mirror(Augment):
    """Mirrors every image."""

    moves: ClassVar[bool] = True

    def apply(self, images: Tensor) -> Tensor:
        return images.flip(2)


class Descent(Optimizer):
    """Gradient descent."""

    lr: Positive = 0.1

    def build(self, groups: Any) -> Any:
        return torch.optim.SGD(groups, self.lr)

    def count_state(self, shape: Any) -> int:
        return 0


def write_spec(folder: Path, **lines: Any) -> Path:
    for cls in (Stripes, Plain, Mirror, Descent):
        register(cls)
    values = {"data": "stripes", "augment": "mirror", "loss": "plain", "optimizer": "descent", "epochs": 1, **lines}
    (folder / "small.net").write_text(SPEC.format(**values))
    return folder / "small.net"


def test_a_run_with_them_is_that_with_built_in_ones(tmp_path: Path) -> None:
    own = specnet.train(write_spec(tmp_path), run=tmp_path / "own", precision="fp32")
    lines = {"augment": "flip horizontal p=1", "loss": "cross_entropy", "optimizer": "sgd lr=0.1"}
    same = specnet.train(write_spec(tmp_path, **lines), run=tmp_path / "same", precision="fp32")
    assert own.summary["test_accuracy"] == same.summary["test_accuracy"]
    for name, weights in same.module.state_dict().items():
        torch.testing.assert_close(own.module.state_dict()[name], weights)


def test_a_run_goes_on_with_the_data_that_it_began_with_and_refuses_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specnet.train(write_spec(tmp_path), run=tmp_path / "run")
    longer = specnet.resume(tmp_path / "run", epochs=2)
    assert longer.summary["epochs"] == 2
    assert specnet.evaluate(tmp_path / "run").images == 16
    monkeypatch.setattr(Stripes, "read", lambda self, find: (torch.zeros(64, 8, 8, 3, dtype=torch.uint8), [0, 1] * 32))
    with pytest.raises(TrainingError, match="the data is not that of the run"):
        specnet.resume(tmp_path / "run", epochs=3)
    with pytest.raises(TrainingError, match="the data is not that of the run") as refused:
        specnet.evaluate(tmp_path / "run")
    assert '`data="stripes"` measures it on what that data set reads now' in refused.value.args[1]
    assert specnet.evaluate(tmp_path / "run", data="stripes").images == 64


def make_loss(compute: Any) -> Loss:
    members = {"targets": frozenset({Target.CLASS}), "compute": compute, "__module__": __name__}
    return register("ours")(type("Ours", (Loss,), members))()  # type: ignore[no-any-return]


def raise_error(*arguments: Any) -> Any:
    raise ValueError("no such class")


LOSSES = [
    (raise_error, r"the loss `ours` of .*: its `compute` fails at .*test_plugin_settings.py:\d+: ValueError: no such"),
    (lambda self, outputs, targets: exit(3), r"its `compute` fails at .*: it calls sys.exit\(3\)"),
    (lambda self, outputs, targets: 1.0, r"its `compute` returns 1.0, and not the mean of the batch, a float tensor"),
    (lambda self, outputs, targets: None, r"returns None, and not the mean of the batch"),
    (lambda self, outputs, targets: outputs, r"returns a tensor 4×2 of float32, and not the mean of the batch"),
    (lambda self, outputs, targets: targets.sum(), r"returns a tensor with one element of int64, and not the mean"),
    (
        lambda self, outputs, targets: torch.tensor(1.0),
        r"and not one that depends on the outputs and .*py",
    ),
]


@pytest.mark.parametrize(("compute", "message"), LOSSES)
def test_a_loss_that_fails_is_named_with_its_line(compute: Any, message: str) -> None:
    outputs = torch.randn(4, 2, requires_grad=True)
    with pytest.raises(PluginFailure, match=message):
        build_loss(make_loss(compute))(outputs, torch.tensor([0, 1, 0, 1]))


def test_a_loss_of_one_element_is_as_one_of_none() -> None:
    loss = build_loss(make_loss(lambda self, outputs, targets: outputs.mean().reshape(1)))
    assert loss(torch.ones(4, 2), torch.zeros(4)).shape == ()


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_a_loss_changes_what_it_gets_in_place_for_itself_alone(mode: Any) -> None:
    def compute(self: Any, outputs: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(outputs.neg_(), targets.clamp_(max=0))

    outputs, targets = torch.randn(4, 2, requires_grad=True), torch.tensor([0, 1, 0, 1])
    with mode():
        given = outputs * 1
        before = given.tolist()
        loss = build_loss(make_loss(compute))(given, targets)
    assert (given.tolist(), targets.tolist()) == (before, [0, 1, 0, 1])
    expected = cross_entropy(-outputs, torch.zeros(4, dtype=torch.int64))
    assert loss.item() == pytest.approx(expected.item())
    if loss.requires_grad:
        (found,), (wanted,) = (torch.autograd.grad(each, outputs) for each in (loss, expected))
        torch.testing.assert_close(found, wanted)


def test_what_plugins_print_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def compute(self: Any, outputs: Tensor, targets: Tensor) -> Tensor:
        print("a step")
        return cross_entropy(outputs, targets)

    def count(self: Any, outputs: Tensor, targets: Tensor) -> float:
        print("a part")
        return 1.0

    make_loss(compute)
    register("share")(type("Share", (Metric,), {"compute": count, "__module__": __name__}))
    spec = write_spec(tmp_path, loss="ours\n  metric share\n  split validation=0.25")
    specnet.train(spec, run=tmp_path / "run")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert {"a step", "a part"} <= set(captured.err.splitlines())


def test_want_of_memory_is_not_the_fault_of_a_plugin() -> None:
    def compute(self: Any, outputs: Any, targets: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        build_loss(make_loss(compute))(torch.ones(4, 2), torch.zeros(4))


AUGMENTATIONS = [
    (raise_error, "its `apply` fails at .*: ValueError"),
    (lambda self, images: images[:, 1:], r"returns a tensor 4×7×8×3 of uint8, and not images 4×8×8×3 as it gets them"),
    (lambda self, images: images.permute(0, 3, 1, 2), r"returns a tensor 4×3×8×8 of uint8"),
    (lambda self, images: images.long(), r"returns a tensor 4×8×8×3 of int64, and not .* of uint8 or floats"),
    (lambda self, images: np.zeros(3), r"returns "),
]


@pytest.mark.parametrize(("apply", "message"), AUGMENTATIONS)
def test_an_augmentation_that_fails_is_named_with_its_line(apply: Any, message: str) -> None:
    step = register("ours")(type("Ours", (Augment,), {"apply": apply, "__module__": __name__}))()
    pixels = torch.zeros(4, 8, 8, 3, dtype=torch.uint8)
    with pytest.raises(PluginFailure, match=f"the augmentation `ours` of .*{message}"):
        Augmentation([step]).augment_batch(pixels, None)


@pytest.mark.parametrize("first", [[], [Flip(p=1.0)]])
def test_a_step_that_moves_pixels_moves_masks_with_them_and_another_does_not(first: list[Augment]) -> None:
    pixels = torch.arange(2 * 4 * 4 * 2).view(2, 4, 4, 2).to(torch.uint8)

    class Invert(Augment):
        def apply(self, images: Tensor) -> Tensor:
            return 255 - images

    moved, inverted = (register(cls)() for cls in (Mirror, Invert))
    expected = pixels.flip(2) if first else pixels
    assert Augmentation([*first, moved], has_masks=True).augment_batch(pixels, None).equal(expected.flip(2))
    both = Augmentation([*first, inverted], has_masks=True).augment_batch(pixels, None)
    assert both[..., 1].equal(expected[..., 1].float())
    assert both[..., 0].equal(255.0 - expected[..., 0])


def test_a_mixing_step_mixes_images_and_targets() -> None:
    class Half(Mixing):
        alpha: Positive = 1.0

        def mix(self, images: Tensor, share: float) -> Any:
            return (images + images.flip(0)) / 2, 0.5

    images, targets = torch.randn(4, 3, 8, 8), torch.arange(4)
    (mixed,), both = Mixer([register(Half)()])((images,), targets)
    torch.testing.assert_close(mixed, (images + images.flip(0)) / 2)
    assert both.share == 0.5
    with pytest.raises(PluginFailure, match=r"the augmentation `half` of .*: its `mix` returns .*, and not images"):
        Half.mix = lambda self, images, share: images  # type: ignore[method-assign, assignment]
        Mixer([Half()])((images,), targets)


OPTIMIZERS = [
    (raise_error, "its `build` fails at .*: ValueError"),
    (lambda self, groups: "sgd", "its `build` returns 'sgd', and not a torch.optim.Optimizer"),
    (
        lambda self, groups: torch.optim.SGD([each for group in groups for each in group["params"]], 0.1),
        "and not an optimizer of the groups that it gets, all of them",
    ),
]


@pytest.mark.parametrize(("build", "message"), OPTIMIZERS)
def test_an_optimizer_that_cannot_be_built_is_named(build: Any, message: str) -> None:
    members = {"build": build, "__module__": __name__}
    setting = register("ours")(type("Ours", (Descent,), members))()
    with pytest.raises(PluginFailure, match=f"the optimizer `ours` of .*{message}"):
        build_optimizer(setting, [], nn.Linear(2, 2), {}, torch.device("cpu"))


class Coins(Dataset[Any]):
    """Images with a label each, as a torch Dataset with names of its classes."""

    classes = ("heads", "tails")

    def __init__(self, size: int = 20) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: int) -> Any:
        return np.full((8, 8, 3), place, np.uint8), place % 2


def train_on(read: Any, folder: Path) -> Any:
    register("ours")(type("Ours", (Data,), {"read": read, "__module__": __name__}))
    return specnet.train(write_spec(folder, data="ours"), run=folder / "run")


def test_a_data_set_may_be_a_torch_dataset(tmp_path: Path) -> None:
    run = train_on(lambda self, find: Coins(), tmp_path)
    assert specnet.load_run(run.folder).classes == ("heads", "tails")


def test_a_data_set_finds_its_files_where_data_is_looked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "coins.npz", x=np.zeros((20, 8, 8, 3), np.uint8), y=np.arange(20) % 2)

    def read(self: Any, find: Any) -> Any:
        arrays = np.load(find("coins.npz"))
        return arrays["x"], arrays["y"]

    assert train_on(read, tmp_path).summary["images"]["train"] == 20


PAIR = (np.zeros((20, 8, 8, 3), np.uint8), np.arange(20) % 2)

SETS = [
    (raise_error, "its `read` fails at .*: ValueError"),
    (lambda self, find: {"test": PAIR}, 'its `read` returns .*, and not a mapping of "train"'),
    (lambda self, find: {"train": PAIR, "val": PAIR}, 'its `read` returns .*, and not a mapping of "train"'),
    (lambda self, find: None, ": `train` is a torch Dataset .*, not None"),
    (lambda self, find: DataLoader(Coins()), ": `train` is a torch Dataset .*, not a DataLoader"),
    (lambda self, find: (PAIR[0], [0, 1]), ": `train` has another number of images than of targets: 20 and 2"),
    (lambda self, find: (PAIR[0], np.zeros(20)), ": images of at least two classes are needed"),
    (
        lambda self, find: TensorDataset(torch.zeros(4, 8, 8, 3)),
        r": `train\[0\]` is an image and its target, not 1 v",
    ),
    (lambda self, find: find("nowhere.npz"), "there is no file or folder nowhere.npz; looked at "),
    (lambda self, find: {"train": PAIR, "test": Coins(0)}, ": `test` has no images"),
]


@pytest.mark.parametrize(("read", "message"), SETS)
def test_a_data_set_that_fails_is_named(read: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=message):
        train_on(read, tmp_path)
    assert not (tmp_path / "run").exists()


def train_by(compute: Any, folder: Path, **members: Any) -> Any:
    register("share")(type("Ours", (Metric,), {"compute": compute, "__module__": __name__, **members}))
    spec = write_spec(folder, epochs=2)
    spec.write_text(spec.read_text().replace("  batch", "  split validation=0.25\n  metric share\n  batch"))
    return specnet.train(spec, run=folder / "run")


def test_a_metric_chooses_the_best_epoch_and_a_run_knows_it(tmp_path: Path) -> None:
    run = train_by(
        lambda self, outputs, targets: (outputs.argmax(1) != targets).double().mean(),
        tmp_path,
        larger_is_better=False,
    )
    assert run.summary["metric"]["name"] == "share"
    assert run.summary["metric"]["larger_is_better"] is False
    longer = specnet.resume(tmp_path / "run", epochs=3)
    assert longer.summary["epochs"] == 3
    results = specnet.evaluate(tmp_path / "run")
    assert results.scores["share"] == longer.summary["test_share"] == pytest.approx(1 - results.scores["accuracy"])


def test_a_metric_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"the metric `share` of .*: its `compute` fails at .*py:\d+: ValueError"):
        train_by(raise_error, tmp_path)


def test_a_loss_that_is_no_number_stops_the_run_and_is_named(tmp_path: Path) -> None:
    register("ours")(type(make_loss(lambda self, outputs, targets: outputs.mean() * float("nan"))))
    with pytest.raises(NotFinite, match=r"the loss `ours` of .*test_plugin_settings") as stopped:
        specnet.train(write_spec(tmp_path, loss="ours"), run=tmp_path / "run")
    assert stopped.value.exit_code == 3


def test_a_loss_that_fails_in_the_middle_leaves_a_run_to_resume(tmp_path: Path) -> None:
    calls = list[int]()

    def compute(self: Any, outputs: Tensor, targets: Tensor) -> Tensor:
        calls.append(len(targets))
        if len(calls) == 7:
            raise RuntimeError("seven")
        return cross_entropy(outputs, targets)

    make_loss(compute)
    spec = write_spec(tmp_path, loss="ours", epochs=3)
    with pytest.raises(DataLost, match=r"RuntimeError: seven; the run is stopped, and .* is saved"):
        specnet.train(spec, run=tmp_path / "run")
    assert specnet.resume(tmp_path / "run").summary["epochs"] == 3


class Brighter(Task):
    """How bright an image is."""

    target: ClassVar[Target] = Target.NUMBERS
    metric: ClassVar[TaskMetric] = TaskMetric("off_by", "mean error", larger_is_better=False)
    noun: ClassVar[str] = "number"

    @property
    def default_loss(self) -> Loss:
        return Mae()

    def check_shapes(self, inputs: Any, output: Any, loss: Loss) -> str:
        return require_one_input(inputs) or require_vector(output, "one number")

    def compute(self, outputs: Tensor, targets: Tensor) -> Any:
        return (outputs - targets).abs().mean()

    def answer(self, outputs: Tensor) -> Any:
        return [{"brightness": value} for value in outputs.flatten()]


class Grey(Data):
    """Grey images with their brightness."""

    targets: ClassVar[frozenset[Target]] = frozenset({Target.NUMBERS})

    def read(self, find: Any) -> Any:
        levels = torch.arange(40) * 6
        pixels = levels.to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 8, 8, 3)
        return {"train": (pixels, levels / 255), "test": (pixels[::4], levels[::4] / 255)}


TASK = "net Grey\ninput 8x8x3\npool avg global\nfc 1\ntrain {\n  task brighter\n  data grey\n  epochs 2\n}\n"


def test_a_task_is_trained_measured_and_answers(tmp_path: Path) -> None:
    for cls in (Brighter, Grey):
        register(cls)
    (tmp_path / "grey.net").write_text(TASK)
    run = specnet.train(tmp_path / "grey.net", run=tmp_path / "run")
    results = specnet.evaluate(tmp_path / "run")
    assert run.summary["test_off_by"] == results.scores["off_by"] == pytest.approx(results.loss, rel=1e-5)
    images = np.zeros((2, 8, 8, 3), np.uint8)
    loaded = specnet.load_run(tmp_path / "run")
    outputs = loaded.compute_outputs(torch.from_numpy(images))
    (first, _) = loaded.objective.answer(outputs, 1)
    assert first.to_record() == {"brightness": pytest.approx(float(outputs[0]))}
    assert first.describe()[0].startswith("brightness  ")
    with pytest.raises(TrainingError, match="the view `predictions` reads the outputs of SpecNet's own tasks"):
        specnet.show(loaded, "predictions")


@pytest.mark.parametrize(
    ("name", "member", "message"),
    [
        ("compute", raise_error, r"the task `brighter` of .*: its `compute` fails at .*py:\d+: ValueError"),
        ("compute", lambda self, outputs, targets: "much", "the metric `off_by` returned 'much', and not a number"),
        ("answer", raise_error, r"the task `brighter` of .*: its `answer` fails at .*py:\d+: ValueError"),
        ("answer", lambda self, outputs: [1], r"its `answer` returns \[1\], and not 2 answers, one for each image"),
    ],
)
def test_a_task_that_fails_is_named(name: str, member: Any, message: str) -> None:
    task = register("brighter")(type("Ours", (Brighter,), {"__module__": __name__, name: member}))()
    objective = make_objective(task, ("brightness",))
    with pytest.raises(TrainingError, match=message):
        objective.rate(torch.zeros(2, 1), torch.zeros(2, 1))
        objective.answer(torch.zeros(2, 1), 1)
