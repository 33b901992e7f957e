"""Which classes a network takes for which, on its test part."""

from __future__ import annotations

from functools import partial

from specnet.insight.request import Request
from specnet.insight.results import read_results
from specnet.insight.view import View
from specnet.printable import format_amount
from specnet.training import ClassificationMetrics, EvaluationOptions, LoadedRun, Unsuitable, evaluate

LISTED = 5
"""The number of confusions in the summary."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return the confusion matrix; raises TrainingError."""
    part, metrics = _find_recorded(run, request) or _measure(run, request)
    most = metrics.find_confusions(LISTED)
    return View(
        "confusion",
        "Which classes are taken for which",
        f"A row is a true class of the {part} part, a column what the network says; confusions are red, on a "
        "scale of their own.",
        (
            f"{metrics.accuracy:.2%} of {format_amount(metrics.images, 'image')} ({part})",
            *(f"{true} taken for {predicted}  {count:,}" for true, predicted, count in most),
        ),
        {
            "part": part,
            "accuracy": metrics.accuracy,
            "images": metrics.images,
            "classes": list(metrics.classes),
            "confusion": metrics.confusion.tolist(),
        },
        partial(metrics.plot, part, request.note),
    )


def _find_recorded(run: LoadedRun, request: Request) -> tuple[str, ClassificationMetrics] | None:
    """Return the part and the metrics that a finished run has recorded; None where other data are asked for."""
    results = None if request.data_dir else read_results(run)
    metrics = results and results.to_metrics(run.classes)
    return (results.part, metrics) if results and metrics else None


def _measure(run: LoadedRun, request: Request) -> tuple[str, ClassificationMetrics]:
    found = evaluate(run, EvaluationOptions(data_dir=request.data_dir, device=str(run.place)), request.note)
    if not isinstance(found.results, ClassificationMetrics):
        raise Unsuitable("a confusion matrix needs a network that tells classes apart")
    return found.part, found.results
