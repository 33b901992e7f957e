"""A whole `train` section, its lines and their choices, and its form in a run's config.json."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializeAsAny, model_validator

from specnet.attributes import Setting
from specnet.settings.augment import Augment
from specnet.settings.average import Average
from specnet.settings.batch import Batch
from specnet.settings.data import Data, Digits
from specnet.settings.epochs import Epochs
from specnet.settings.evaluate import Evaluate
from specnet.settings.group import Group
from specnet.settings.init import Init, TorchDefault
from specnet.settings.loss import CrossEntropy, Loss
from specnet.settings.metric import Metric
from specnet.settings.normalize import MeanStd, Normalize
from specnet.settings.optimizer import Adam, Optimizer
from specnet.settings.schedule import Constant, Schedule
from specnet.settings.seed import Seed
from specnet.settings.split import Split
from specnet.settings.stop import Stop
from specnet.settings.task import Task
from specnet.settings.tasks.classify import Classify


class Training(BaseModel):
    """A `train` section with a field for each line; lines that are left out have these defaults.

    Without a line `loss`, it is the loss that the task takes by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: SerializeAsAny[Task] = Classify()
    data: SerializeAsAny[Data] = Digits()
    split: Split | None = None
    normalize: Normalize = MeanStd()
    augment: tuple[SerializeAsAny[Augment], ...] = ()
    init: Init = TorchDefault()
    loss: SerializeAsAny[Loss] = CrossEntropy()
    metric: SerializeAsAny[Metric] | None = None
    optimizer: SerializeAsAny[Optimizer] = Adam()
    group: tuple[Group, ...] = ()
    schedule: Schedule = Constant()
    average: Average | None = None
    batch: Batch = Batch()
    epochs: Epochs = Epochs()
    stop: Stop | None = None
    seed: Seed = Seed()
    evaluate: Evaluate = Evaluate()

    @model_validator(mode="before")
    @classmethod
    def _choose_loss(cls, values: Any) -> Any:
        """Add the task's default loss to settings that name a task and no loss."""
        if not isinstance(values, dict) or "loss" in values or "task" not in values:
            return values
        return {**values, "loss": values["task"].default_loss}


def list_lines() -> tuple[str, ...]:
    """Return the names of all lines, in their canonical order."""
    return tuple(Training.model_fields)


def _module(line: str) -> ModuleType:
    return import_module(f"{__package__}.{line}")


def get_choices(line: str) -> Mapping[str, type[Setting]]:
    """Return the settings class for each word that may follow a line's name, or for "" if no word follows."""
    kinds: Mapping[str, type[Setting]] = _module(line).CHOICES
    return kinds


def takes_several(line: str) -> bool:
    """Whether a line is a chain of steps, which another line of its name may continue."""
    return bool(getattr(_module(line), "SEVERAL", False))


def explain_absent(line: str, word: str) -> str:
    """Return what to do instead of a choice that a line does not have; "" where nothing is known of it."""
    absent: Mapping[str, str] = getattr(_module(line), "ABSENT", {})
    return absent.get(word.lower().replace("_", "").removesuffix("loss"), "")


def get_choice(line: str, setting: Setting) -> str:
    """Return the word for a setting on its line; "" if no word follows the line's name."""
    return next(word for word, kind in get_choices(line).items() if type(setting) is kind)


def _to_record(line: str, setting: Setting) -> dict[str, Any]:
    return {"choice": get_choice(line, setting), **setting.model_dump(mode="json")}


def _from_record(line: str, record: Mapping[str, Any]) -> Setting:
    values = dict(record)
    return get_choices(line)[values.pop("choice")].model_validate(values)


def to_record(training: Training) -> dict[str, Any]:
    """Return the settings as plain values for JSON, for `from_record`."""
    record: dict[str, Any] = {}
    for line, setting in training:
        if takes_several(line):
            record[line] = [_to_record(line, step) for step in setting]
        else:
            record[line] = setting and _to_record(line, setting)
    return record


def find_unknown_choice(record: Mapping[str, Any]) -> str:
    """Return the first choice of a record that no line has, as plugins add some; "" if there is none."""
    for line, value in record.items():
        for each in value if isinstance(value, list) else [value]:
            word = each.get("choice") if isinstance(each, dict) else None
            if word is not None and line in list_lines() and word not in get_choices(line):
                return str(word)
    return ""


def from_record(record: Mapping[str, Any]) -> Training:
    """Return the settings from the plain values that `to_record` has made; raises ValueError, KeyError, TypeError."""
    settings: dict[str, Any] = {}
    for line, value in record.items():
        if line not in list_lines():
            raise ValueError(f"there is no setting `{line}`")
        settings[line] = (
            [_from_record(line, step) for step in value] if takes_several(line) else value and _from_record(line, value)
        )
    return Training(**settings)
