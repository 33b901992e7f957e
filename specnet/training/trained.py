"""A run that was read back from its folder: the network with its weights, and all that is known of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from specnet.training.errors import BadRun
from specnet.training.job import Job, Metrics, Options
from specnet.training.measures import output_name
from specnet.training.normalize import Normalizer, from_record
from specnet.training.recorded import Recorded
from specnet.training.run_folder import METRICS, MODEL, SUMMARY
from specnet.training.weights import Weights


@dataclass(frozen=True)
class Trained:
    """`summary` is empty while the run is not finished; `metrics` are the lines of metrics.jsonl."""

    folder: Path
    job: Job = field(repr=False)
    options: Options
    classes: tuple[str, ...]
    normalization: Normalizer = field(repr=False)
    summary: Mapping[str, Any]
    metrics: tuple[Metrics, ...]

    @property
    def model(self) -> nn.Module:
        """The module in evaluation mode with the weights that count: normalised N×C×H×W to N×outputs."""
        return self.job.module

    @property
    def spec(self) -> str:
        return self.job.spec_text

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return cast(tuple[int, int, int], self.job.input_shape)

    @torch.inference_mode()
    def probabilities(self, pixels: Tensor) -> Tensor:
        """uint8 N×H×W×C of the network's size → N×outputs, each row with the sum 1."""
        outputs: Tensor = self.model(self.normalization(pixels)).float()
        is_softmax = bool((outputs >= 0).all()) and torch.allclose(outputs.sum(1), outputs.new_ones(()), atol=1e-3)
        return outputs if is_softmax else outputs.softmax(1)

    def class_name(self, output: int) -> str:
        """The name of the class that an output stands for, if it stands for one."""
        return output_name(self.classes, output)


def trained(begun: Recorded, job: Job, weights: Weights) -> Trained:
    """The run with its weights, which are those of the job's network; raises BadRun."""
    try:
        job.module.load_state_dict(weights.tensors)
        height, width, channels = job.input_shape
        normalizer = from_record(json.loads(weights.labels["normalize"]), (height, width, channels))
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise BadRun(f"{begun.folder / MODEL} does not fit {begun.name}: {error}") from None
    job.module.eval()
    summary, metrics = _read_summary(begun.folder), read_metrics(begun.folder)
    return Trained(begun.folder, job, begun.options, begun.classes, normalizer, summary, metrics)


def _read_summary(folder: Path) -> Mapping[str, Any]:
    return read_json(folder / SUMMARY) if (folder / SUMMARY).exists() else {}


def read_json(path: Path) -> Mapping[str, Any]:
    """A file that holds one object; raises BadRun."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadRun(f"{path} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise BadRun(f"{path} is damaged: it holds no object")
    return value


def read_metrics(folder: Path) -> tuple[Metrics, ...]:
    """The lines of metrics.jsonl, none before the first epoch is over; raises BadRun."""
    path = folder / METRICS
    if not path.exists():
        return ()
    try:
        return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise BadRun(f"{path} cannot be read: {error}") from None
