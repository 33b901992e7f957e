"""How good a network is: as its run has recorded it, or measured now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from specnet.training import ClassificationMetrics, LoadedRun
from specnet.training.data.images import Images, add_partners
from specnet.training.engine.evaluator import average_views
from specnet.training.optim.losses import build_loss
from specnet.training.tasks.objective import get_main_output
from specnet.training.tasks.results import Results, measure_batches

BATCH = 256


class RecordedResults(BaseModel):
    """The results on a part, as `measured` in summary.json has them; what is not known is None or empty.

    What a task alone has, such as its metric, is kept as it is.
    """

    model_config = ConfigDict(extra="allow")

    part: str
    images: int | None = None
    loss: float | None = None
    accuracy: float | None = None
    top5_accuracy: float | None = None
    per_class_accuracy: Mapping[str, float | None] = {}
    per_class_iou: Mapping[str, float | None] = {}
    confusion: list[list[int]] | None = None
    sampled_from: int | None = None

    @property
    def figures(self) -> dict[str, float]:
        """All figures but counts of images, such as loss and metric, by name."""
        given = {name: value for name, value in self.model_dump().items() if name not in ("images", "sampled_from")}
        return {name: float(value) for name, value in given.items() if isinstance(value, int | float)}

    @property
    def description(self) -> str:
        """What was measured: `10,000 test images`."""
        chosen = f" taken evenly from {self.sampled_from:,}" if self.sampled_from else ""
        return f"{self.images:,} {self.part} images{chosen}" if self.images else f"the {self.part} images"

    def to_metrics(self, classes: tuple[str, ...]) -> ClassificationMetrics | None:
        """Return the metrics with their confusion matrix; None where there is none of these classes."""
        rows = self.confusion or []
        if len(rows) != len(classes) or len({len(row) for row in rows}) != 1 or not sum(map(sum, rows)):
            return None
        return ClassificationMetrics(self.loss or 0.0, self.top5_accuracy, classes, torch.tensor(rows))


def read_results(run: LoadedRun) -> RecordedResults | None:
    """Return the results that a run has recorded; None where it has none, or they are damaged."""
    try:
        return RecordedResults.model_validate(run.summary.get("measured"))
    except ValidationError:
        return None


@torch.inference_mode()
def measure(run: LoadedRun, images: Images) -> Results:
    """Return the results of a run's network on images, in fp32, with its test-time augmentation."""
    meter = run.objective.make_meter(build_loss(run.job.training.loss))
    return measure_batches(meter, _iterate_outputs(run, images, torch.arange(len(images))))


@torch.inference_mode()
def compute_outputs(run: LoadedRun, images: Images, index: Tensor) -> tuple[Tensor, Tensor]:
    """Return outputs N×… and targets N×… of the images of an index int64 N, with the partners of evaluations."""
    outputs, targets = zip(*_iterate_outputs(run, images, index), strict=True)
    return torch.cat(outputs), torch.cat(targets)


def _iterate_outputs(run: LoadedRun, images: Images, chosen: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield outputs B×… and targets B×… of the images of an index, batch by batch."""
    network = average_views(run.model, run.job.training.evaluate, run.job.training.task.is_map)
    partners = run.objective.find_partners(images.targets)
    for index in torch.split(chosen, BATCH):
        whole = add_partners(index, partners)
        pixels, targets = images.pixels[whole].to(run.place), images.targets[whole].to(run.place)
        batch = run.objective.prepare(pixels, targets, run.normalization, index)
        yield get_main_output(run.objective.forward(network, batch.inputs)), batch.targets
