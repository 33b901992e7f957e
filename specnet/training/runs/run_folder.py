"""The files of a run's folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from specnet.option_names import name_option
from specnet.pictures.sixteen_bits import SixteenBitScale
from specnet.training.errors import BadRun, CannotRun, Interrupted
from specnet.training.files import write_atomically, write_json
from specnet.training.job import Job, Metrics
from specnet.training.runs.records import MetricsRecord, StatisticsRecord, SummaryRecord, read_record, read_record_lines
from specnet.training.transforms.normalization import Normalizer

SPEC = "spec.net"

CONFIG, ENVIRONMENT, SUMMARY, FAILURE = "config.json", "environment.json", "summary.json", "failure.json"

RUNS = Path("runs")
"""The default folder for runs."""

MODEL, METRICS, TABLE = "model.safetensors", "metrics.jsonl", "metrics.csv"

STATISTICS = "statistics.jsonl"

CALIBRATION = "calibration.json"

CHECKPOINT = "checkpoint"
"""The subfolder of the last states, from which a run is resumed."""


@dataclass(frozen=True)
class RunFolder:
    """The files of a run; `metadata` is written with the weights, so that these can be used on their own."""

    path: Path
    metadata: Mapping[str, str]

    @property
    def checkpoint(self) -> Path:
        return self.path / CHECKPOINT

    def add_fitted(self, fitted: Mapping[str, Sequence[float]]) -> RunFolder:
        """Return the folder with weights that are written together with what a task has fitted to the data."""
        return replace(self, metadata={**self.metadata, "fitted": json.dumps(fitted)})

    def write_model(self, weights: dict[str, Tensor]) -> None:
        """Write the best weights."""
        write_atomically(self.path / MODEL, save(weights, dict(self.metadata)))

    def read_model(self) -> dict[str, Tensor]:
        """Read the best weights; raises CannotRun, BadRun."""
        return read_weights(self.path / MODEL).tensors

    def write_metrics(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Write a line for each epoch; the whole file, so that a resumed run drops the epochs that it repeats."""
        write_atomically(self.path / METRICS, "".join(json.dumps(line) + "\n" for line in history))
        table = StringIO()
        lines = [flatten_metrics(line) for line in history]
        columns = list(dict.fromkeys(name for line in lines for name in line))
        rows = csv.DictWriter(table, columns, lineterminator="\n")
        rows.writeheader()
        rows.writerows(lines)
        write_atomically(self.path / TABLE, table.getvalue())

    def write_statistics(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write a line of statistics of all layers for each epoch, the whole file."""
        write_atomically(self.path / STATISTICS, "".join(json.dumps(line) + "\n" for line in lines))

    def read_statistics(self) -> tuple[Mapping[str, Any], ...]:
        return read_statistics(self.path)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        write_json(self.path / SUMMARY, summary)

    @contextmanager
    def record_failure(self) -> Iterator[None]:
        """Record an error that makes the run fail within the context, if the disk still permits that."""
        (self.path / FAILURE).unlink(missing_ok=True)
        try:
            yield
        except Interrupted:
            raise
        except Exception as error:
            with suppress(CannotRun):
                write_json(self.path / FAILURE, {"error": str(error)})
            raise


def flatten_metrics(metrics: Metrics) -> dict[str, Any]:
    """Return a line as columns of a table: `learning_rates.GROUP` for each group."""
    flat: dict[str, Any] = {}
    for name, value in metrics.items():
        flat |= {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, Mapping) else {name: value}
    return flat


def build_metadata(
    job: Job,
    classes: Sequence[str],
    normalizer: Normalizer,
    scale: SixteenBitScale | None,
    overrides: Mapping[str, str],
) -> dict[str, str]:
    """Return the metadata of the weights: network, classes, normalisation, and the scale of 16-bit images if any."""
    sixteen_bits = {"sixteen_bits": json.dumps(scale.to_record())} if scale else {}
    return {
        "spec": job.spec_text,
        "used": json.dumps(job.used),
        "overrides": json.dumps(dict(overrides)),
        "digest": job.digest,
        "classes": json.dumps(classes, ensure_ascii=False),
        "normalize": json.dumps(normalizer.to_record()),
        **sixteen_bits,
    }


def refuse_taken(folder: Path) -> None:
    """Raise CannotRun if the folder holds a run, or cannot be a folder."""
    if folder.exists() and not folder.is_dir():
        raise CannotRun(f"{folder} is a file, and a run needs a folder")
    if any((folder / name).exists() for name in (SPEC, CONFIG, MODEL)):
        raise CannotRun(
            f"{folder} already holds a run; `specnet train --resume {folder}` goes on with it, "
            f"{name_option('run')} names another folder"
        )


def choose_folder(name: str) -> Path:
    """Return runs/NAME-DATE-TIME, with a number appended if that is taken."""
    stem = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    candidates = (RUNS / (stem + suffix) for suffix in ("", *(f"-{number}" for number in range(2, 1000))))
    return next(candidate for candidate in candidates if not candidate.exists())


def make_folder(folder: RunFolder) -> None:
    """Make the folder of a run; raises CannotRun."""
    try:
        folder.checkpoint.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotRun(f"{folder.path} cannot be made: {(error.strerror or str(error)).lower()}") from None


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and the metadata of their file: `spec`, `digest`, `classes`, `normalize` …"""

    tensors: dict[str, Tensor]
    metadata: Mapping[str, str]


def read_weights(path: Path) -> Weights:
    """Read weights that SpecNet has written; raises CannotRun where they are missing, BadRun where they are damaged."""
    if path.exists() and not path.is_file():
        raise CannotRun(f"{path} is no regular file, and weights are read from one")
    try:
        with safe_open(path, "pt") as file:  # which is no mapping, and cannot be iterated over itself
            return Weights({name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {})  # noqa: SIM118
    except SafetensorError as error:
        raise BadRun(f"{path} is damaged or only half there: {error}") from None
    except FileNotFoundError:
        raise CannotRun(f"there are no weights {path}") from None
    except OSError as error:
        raise CannotRun(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def refuse_not_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raise BadRun if any of the tensors, which were read from `path`, has an element that is NaN or infinite."""
    for name, tensor in tensors.items():
        if bad := int((~tensor.isfinite()).sum()):
            raise BadRun(
                f"{path} has no usable weights: {bad:,} of {tensor.numel():,} numbers in {name} are not finite"
            )


def read_summary(folder: Path) -> Mapping[str, Any]:
    """Read summary.json, which there is once a run is finished; raises BadRun."""
    path = folder / SUMMARY
    return read_record(path, SummaryRecord).model_dump(exclude_unset=True) if path.exists() else {}


def read_metrics(folder: Path) -> tuple[Metrics, ...]:
    """Read the lines of metrics.jsonl, of which there are none before the end of the first epoch; raises BadRun."""
    path = folder / METRICS
    if not path.exists():
        return ()
    return tuple(record.model_dump(exclude_unset=True) for record in read_record_lines(path, MetricsRecord))


def read_statistics(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """Read the lines of statistics.jsonl, of which there are none without the option; raises BadRun."""
    path = folder / STATISTICS
    return tuple(record.model_dump() for record in read_record_lines(path, StatisticsRecord)) if path.exists() else ()
