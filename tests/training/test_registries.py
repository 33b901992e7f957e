"""Every setting that `check` accepts has an implementation; one that lacks it is refused before a folder is made."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import get_args

import pytest
import torch
from small_jobs import job, training
from torch import Tensor

from specnet.package import list_modules
from specnet.settings import get_choice, get_choices
from specnet.settings.augment import Augment, Mixing
from specnet.settings.average import Average
from specnet.settings.data import Data
from specnet.settings.init import Init
from specnet.settings.loss import Loss, Target
from specnet.settings.normalize import Normalize
from specnet.settings.optimizer import Optimizer
from specnet.settings.schedule import Schedule, compute_rate_factor
from specnet.settings.task import Task
from specnet.training import CannotRun, Options, train
from specnet.training.data.sets import READERS
from specnet.training.optim.losses import LOSSES, build_loss
from specnet.training.optim.optimizers import OPTIMIZERS, build_optimizer
from specnet.training.tasks.objective import make_objective
from specnet.training.transforms.augmentation import AUGMENTATIONS, MIXINGS, apply_step

REGISTRIES: dict[str, Collection[type]] = {
    "data": READERS,
    "augment": {kind for kind in AUGMENTATIONS if not issubclass(kind, Mixing)}
    | {kind for kind in MIXINGS if issubclass(kind, Mixing)},
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
}


@pytest.mark.parametrize("line", REGISTRIES)
def test_every_choice_is_implemented(line: str) -> None:
    kinds = set(get_choices(line).values())
    missing = [kind.__name__ for kind in kinds - set(REGISTRIES[line])]
    assert not missing, f"settings/{line}.py has {missing}, which no registry of specnet.training has"
    unknown = [kind.__name__ for kind in set(REGISTRIES[line]) - kinds]
    assert not unknown, f"the registry of {line} has {unknown}, which settings/{line}.py does not offer"


@pytest.mark.parametrize("word", get_choices("task"))
def test_every_task_is_trained_by_the_file_of_its_name(word: str) -> None:
    setting = get_choices("task")[word]()
    assert isinstance(setting, Task)
    objective = make_objective(setting, ("a", "b"))
    assert type(objective).__module__ == f"specnet.training.tasks.{word}"
    assert objective.metric.name
    assert objective.measure.name
    assert setting.target in setting.default_loss.targets
    assert get_choice("task", setting) == word


def test_no_file_of_a_task_lacks_its_setting() -> None:
    parts = {"answers", "objective", "own_metric", "own_task", "results"}
    assert set(list_modules("specnet.training.tasks")) - parts == set(list_modules("specnet.settings.tasks"))


class Unknown:
    """Settings that nothing implements."""


class UnknownData(Unknown, Data): ...


class UnknownAugment(Unknown, Augment): ...


class UnknownLoss(Unknown, Loss): ...


class UnknownOptimizer(Unknown, Optimizer):
    lr: float = 0.1


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("data", UnknownData()),
        ("augment", (UnknownAugment(),)),
        ("loss", UnknownLoss()),
        ("optimizer", UnknownOptimizer()),
    ],
)
def test_what_is_not_implemented_is_refused(
    line: str, setting: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(setting[0] if isinstance(setting, tuple) else setting)
    monkeypatch.setattr(f"specnet.settings.{line}.CHOICES", {**get_choices(line), "unknown": kind})
    with pytest.raises(CannotRun, match=f"`{line} unknown` can be checked, but nothing here trains with it"):
        train(job(training(**{line: setting})), Options(run=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("line", "union"), [("schedule", Schedule), ("init", Init), ("normalize", Normalize), ("average", Average)]
)
def test_every_choice_of_a_closed_line_is_in_its_union(line: str, union: object) -> None:
    """mypy asks for an arm of each member of the union, wherever it is matched."""
    assert set(get_args(union)) == set(get_choices(line).values())


@pytest.mark.parametrize("choice", get_choices("schedule"))
def test_every_schedule_is_implemented(choice: str) -> None:
    schedule = get_choices("schedule")[choice]()
    assert all(0 <= compute_rate_factor(schedule, epoch, 10.0, [1.0] * int(epoch)) <= 1 for epoch in (0.5, 5.0, 9.5))


@pytest.mark.parametrize("kind", AUGMENTATIONS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_an_augmentation_changes_pixels_of_either_type(kind: type, channels: int, dtype: torch.dtype) -> None:
    pixels = torch.randint(0, 256, (4, 9, 12, channels)).to(dtype)

    def augment() -> torch.Tensor:
        torch.manual_seed(1)
        return apply_step(kind(), pixels.clone()).float()

    changed = augment()
    assert changed.shape == pixels.shape
    assert changed.min() >= 0 and changed.max() <= 255.5
    assert changed.equal(augment())


TARGETS: dict[Target, Callable[[int], Tensor]] = {
    Target.CLASS: lambda batch: torch.arange(batch) % 2,
    Target.CLASSES: lambda batch: torch.eye(5, dtype=torch.uint8)[:batch],
    Target.NUMBERS: lambda batch: torch.eye(5)[:batch],
}
"""Targets of a batch of 1 to 5, for outputs B×5."""


COMPARED = [(kind, target) for kind in LOSSES for target in TARGETS if target in kind.targets]


@pytest.mark.parametrize(("kind", "target"), COMPARED)
@pytest.mark.parametrize("scale", [1.0, 200.0])
def test_a_loss_is_a_finite_number_with_a_finite_gradient(kind: type[Loss], target: Target, scale: float) -> None:
    loss = build_loss(kind())
    for batch in (1, 5):
        outputs = (scale * torch.eye(5)[:batch]).requires_grad_()
        for targets in (TARGETS[target](batch), torch.zeros_like(TARGETS[target](batch))):
            value = loss(outputs, targets)
            (gradient,) = torch.autograd.grad(value, outputs)
            assert value.shape == () and value.isfinite() and gradient.isfinite().all()


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_the_state_of_an_optimizer_is_counted(kind: type) -> None:
    """The memory and the disk space that a run needs are computed from it, without the optimizer."""
    setting, module = kind(), torch.nn.Linear(64, 32)
    optimizer = build_optimizer(setting, (), module, {}, torch.device("cpu"))
    module(torch.randn(8, 64)).square().mean().backward()
    optimizer.step()
    tensors = [value for state in optimizer.state.values() for value in state.values()]
    kept = sum(tensor.numel() for tensor in tensors if isinstance(tensor, torch.Tensor) and tensor.numel() > 1)
    assert kept == sum(setting.count_state(parameter.shape) for parameter in module.parameters())
