"""Every setting that `check` accepts has an implementation; one that lacks it is refused before a folder is made."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest
from small_jobs import job, training

from specnet.settings import get_choices
from specnet.settings.augment import Augment
from specnet.settings.data import Data
from specnet.settings.loss import Loss
from specnet.settings.optimizer import Optimizer
from specnet.training import CannotRun, Options, train
from specnet.training.data.sets import READERS
from specnet.training.optim.losses import LOSSES
from specnet.training.optim.optimizers import OPTIMIZERS
from specnet.training.transforms.augmentation import AUGMENTATIONS, MIXINGS

REGISTRIES: dict[str, Collection[type]] = {
    "data": READERS,
    "augment": {*AUGMENTATIONS, *MIXINGS},
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
