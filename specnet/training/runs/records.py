"""The JSON files of a run's folder, each field checked as it is read: others may have changed them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from specnet.file_access import describe_reason, read_bounded_file
from specnet.training.errors import BadRun

LARGEST = 2**26
"""The most bytes of a file of records, which hold hundreds for an epoch: no damaged one fills the memory."""

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class Record(BaseModel):
    """The fields that are read back; a later version may have written more."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class LengtheningRecord(Record):
    """A change of the number of epochs, and the number of them that were over then."""

    before: float = Field(alias="from")
    after: float = Field(alias="to")
    at: NonNegativeInt


class GivenRecord(Record):
    """The data that a program has handed over: the names of the arguments, and the digest of the images and targets."""

    arguments: tuple[str, ...]
    digest: str


class MetricRecord(Record):
    """The figure by which the best epoch is chosen."""

    name: str
    title: str
    larger_is_better: bool
    is_share: bool
    unit: str = ""


class PluginRecord(Record):
    """A plugin that a run needs."""

    module: str
    version: str


class ConfigRecord(Record):
    """config.json: how a run was started, and lengthened since."""

    name: str
    digest: str
    parameters: NonNegativeInt
    macs: NonNegativeInt | None = None
    used: tuple[str, ...]
    classes: tuple[str, ...]
    sixteen_bits: dict[str, int] | None = None
    floats: bool = False
    given: GivenRecord | None = None
    own_metric: MetricRecord | None = None
    plugins: tuple[PluginRecord, ...] = ()
    data_digest: str | None = None
    training: dict[str, Any]
    options: dict[str, Any]
    lengthened: tuple[LengtheningRecord, ...] = ()


class EnvironmentRecord(Record):
    """environment.json: where and when; `launch` is that of torchrun."""

    begun: AwareDatetime
    launch: str | None = None


class SummaryRecord(Record):
    """summary.json: the results of a finished run."""

    metric: MetricRecord | None = None
    validation_accuracy: Share | None = None
    test_accuracy: Share | None = None
    best_epoch: PositiveInt | None = None
    images: dict[str, NonNegativeInt] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_scores(self) -> Self:
        """Check that the metric's values, whose fields have its name, are numbers."""
        for part in ("validation", "test") if self.metric else ():
            name = f"{part}_{self.metric.name if self.metric else ''}"
            if not isinstance(getattr(self, name, None), float | int | None):
                raise ValueError(f"{name} should be a number")
        return self


class MetricsRecord(Record):
    """A line of metrics.jsonl: the figures of one epoch, and the learning rates by group."""

    __pydantic_extra__: dict[str, float | None]

    epoch: PositiveInt
    train_loss: float
    train_accuracy: Share | None = None
    learning_rate: float
    learning_rates: dict[str, float] = Field(default_factory=dict)
    seconds: FiniteFloat
    validation_accuracy: Share | None = None
    test_accuracy: Share | None = None
    images_per_second: FiniteFloat | None = None


class CalibrationRecord(Record):
    """calibration.json: the temperature of the weights of an epoch, and the number of images that it was fitted to."""

    temperature: PositiveFloat
    validation_images: PositiveInt
    best_epoch: PositiveInt
    epochs: PositiveInt


class LayerStatisticsRecord(Record):
    """A layer's statistics; None for what was not finite."""

    mean: float | None
    std: float | None
    zeros: Share
    dead: Share
    gradient_std: float | None


class StatisticsRecord(Record):
    """A line of statistics.jsonl: the layers after an epoch by name, or before the first one."""

    epoch: NonNegativeInt
    images: PositiveInt
    layers: dict[str, LayerStatisticsRecord]


RecordT = TypeVar("RecordT", bound=Record)


def read_record(path: Path, kind: type[RecordT]) -> RecordT:
    """Read a file that holds one record; raises BadRun."""
    return _parse(_read(path), kind, str(path))


def read_record_lines(path: Path, kind: type[RecordT]) -> list[RecordT]:
    """Read a file that holds a record on each line; raises BadRun, which names the line."""
    lines = _read(path).splitlines()
    return [_parse(line, kind, f"{path}, line {number},") for number, line in enumerate(lines, 1)]


def _read(path: Path) -> bytes:
    try:
        return read_bounded_file(path, LARGEST)
    except OSError as error:
        raise BadRun(f"{path} cannot be read: {describe_reason(error)}") from None


def _parse(content: bytes, kind: type[RecordT], place: str) -> RecordT:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise BadRun(f"{place} is damaged or from another version: {describe_invalid(error)}") from None


def describe_invalid(error: ValidationError) -> str:
    """Return the first field that is not as it should be, and why: `classes.0: input should be a valid string`."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"]))
    reason = re.sub(r" at line 1 column (\d+)", r" at column \1", first["msg"][:1].lower() + first["msg"][1:])
    return f"{place}: {reason}" if place else reason
