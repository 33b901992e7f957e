"""Which classes a network takes for which, on its test part."""

from __future__ import annotations

from functools import partial

from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.printable import format_amount
from specnet.training import EvaluationOptions, LoadedRun, evaluate
from specnet.training.plots import plot_confusion

LISTED = 5
"""The number of confusions in the summary."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return the confusion matrix; raises TrainingError."""
    device = str(run.place)
    found = evaluate(run, EvaluationOptions(data_dir=request.data_dir, device=device), request.note)
    metrics = found.metrics
    most = metrics.find_confusions(LISTED)
    return View(
        "confusion",
        "Which classes are taken for which",
        f"A row is a true class of the {found.part} part, a column what the network says; confusions are red, on a "
        "scale of their own.",
        (
            f"{metrics.accuracy:.2%} of {format_amount(metrics.images, 'image')} ({found.part})",
            *(f"{true} taken for {predicted}  {count:,}" for true, predicted, count in most),
        ),
        {
            "part": found.part,
            "accuracy": metrics.accuracy,
            "images": metrics.images,
            "classes": list(metrics.classes),
            "confusion": metrics.confusion.tolist(),
        },
        partial(plot_confusion, metrics, found.part, request.note),
    )
