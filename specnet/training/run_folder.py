"""A run's folder: what is in it, and that it belongs to one run alone."""

from __future__ import annotations

import csv
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

import specnet
from specnet.settings import to_record
from specnet.training import kept_spec, weights
from specnet.training.device import Device, capabilities
from specnet.training.errors import CannotRun, Interrupted
from specnet.training.files import write, write_json
from specnet.training.job import Job, Options
from specnet.training.normalize import Normalizer
from specnet.training.ranks import ALONE, Ranks, launch_id

CONFIG, ENVIRONMENT, SUMMARY, FAILURE = "config.json", "environment.json", "summary.json", "failure.json"

RUNS = Path("runs")
"""Where runs go that are not told where."""

MODEL, METRICS, TABLE = "model.safetensors", "metrics.jsonl", "metrics.csv"


@dataclass(frozen=True)
class RunFolder:
    """The files of a run; `metadata` goes with the weights, so that these can be used on their own."""

    path: Path
    metadata: Mapping[str, str]

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint"

    def write_model(self, weights: dict[str, Tensor]) -> None:
        """The weights that count."""
        write(self.path / MODEL, save(weights, dict(self.metadata)))

    def read_model(self) -> dict[str, Tensor]:
        """The weights that count, as they were written; raises CannotRun."""
        return weights.read(self.path / MODEL).tensors

    def write_metrics(self, history: Sequence[Mapping[str, Any]]) -> None:
        """A line an epoch; the whole file, so that a resumed run drops what it is going to do again."""
        write(self.path / METRICS, "".join(json.dumps(line) + "\n" for line in history))
        table = StringIO()
        rows = csv.DictWriter(table, list(history[0]), lineterminator="\n")
        rows.writeheader()
        rows.writerows(history)
        write(self.path / TABLE, table.getvalue())

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        write_json(self.path / SUMMARY, summary)

    @contextmanager
    def noting_failure(self) -> Iterator[None]:
        """Within it, what makes the run fail is written down, where the disk still takes it."""
        (self.path / FAILURE).unlink(missing_ok=True)
        try:
            yield
        except Interrupted:
            raise
        except Exception as error:
            with suppress(CannotRun):
                write_json(self.path / FAILURE, {"error": str(error)})
            raise


def metadata(job: Job, classes: Sequence[str], normalizer: Normalizer, overrides: Mapping[str, str]) -> dict[str, str]:
    """What goes with the weights: network, classes, normalisation."""
    return {
        "spec": job.spec_text,
        "used": json.dumps(job.used),
        "overrides": json.dumps(dict(overrides)),
        "digest": job.digest,
        "classes": json.dumps(classes, ensure_ascii=False),
        "normalize": json.dumps(normalizer.record()),
    }


def refuse_taken(folder: Path) -> None:
    """Raises CannotRun if there is a run in the folder, or no folder to be made there."""
    if folder.exists() and not folder.is_dir():
        raise CannotRun(f"{folder} is a file, and a run needs a folder")
    if any((folder / name).exists() for name in (kept_spec.SPEC, CONFIG, MODEL)):
        raise CannotRun(
            f"{folder} already holds a run; `--resume {folder}` goes on with it, `--run` names another folder"
        )


def default_folder(name: str) -> Path:
    """runs/NAME-DATE-TIME, with a number behind it if that is taken."""
    stem = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    candidates = (RUNS / (stem + suffix) for suffix in ("", *(f"-{number}" for number in range(2, 1000))))
    return next(candidate for candidate in candidates if not candidate.exists())


def make(folder: RunFolder) -> None:
    """Make the folder; raises CannotRun."""
    try:
        folder.checkpoint.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotRun(f"{folder.path} cannot be made: {(error.strerror or str(error)).lower()}") from None


def create(
    folder: RunFolder, job: Job, options: Options, device: Device, classes: Sequence[str], ranks: Ranks = ALONE
) -> None:
    """Write down in a folder that is there what is going to happen; raises CannotRun."""
    write_json(folder.path / ENVIRONMENT, _environment(device, ranks))
    config = {
        "name": job.name,
        "digest": job.digest,
        "parameters": job.parameters,
        "used": list(job.used),
        "classes": list(classes),
        "training": to_record(job.training),
        "options": _plain(replace(options, device=str(device.place), precision=device.precision)),
    }
    kept_spec.keep(folder.path, job.spec_text, job.used)
    write_json(folder.path / CONFIG, config)


def _plain(options: Options) -> dict[str, Any]:
    values = asdict(options)
    return {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in values.items()}


def _environment(device: Device, ranks: Ranks) -> dict[str, Any]:
    return {
        "begun": datetime.now().astimezone().isoformat(timespec="seconds"),
        "specnet": specnet.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": capabilities().get("cpu_name") or platform.processor(),
        "device": device.title,
        "precision": device.precision,
        "threads": torch.get_num_threads(),
        "processes": ranks.amount,
        "launch": launch_id(),
    }
