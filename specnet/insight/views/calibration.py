"""How far the probabilities of a classifier can be trusted, on its test part."""

from __future__ import annotations

from functools import partial
from typing import Any

from specnet.insight.images import choose_evenly, load_unseen
from specnet.insight.request import Request
from specnet.insight.results import measure
from specnet.insight.view import View
from specnet.printable import format_amount
from specnet.training import CannotRun, ClassificationMetrics, LoadedRun, Unsuitable
from specnet.training.data.images import Images
from specnet.training.figures.reliability import plot_reliability
from specnet.training.metrics.calibration import Reliability

PLAIN, BY_TEMPERATURE = "as trained", "by its temperature"


def compute(run: LoadedRun, request: Request) -> View:
    """Return the reliability diagram, of a calibrated run also that by its temperature; raises TrainingError."""
    part, images = load_unseen(run, request)
    chosen = images.take(choose_evenly(len(images), request.most))
    found = {PLAIN: _measure(run, chosen)}
    if (calibrated := _find_calibrated(run)) is not None:
        found[BY_TEMPERATURE] = _measure(calibrated, chosen)
    return View(
        "calibration",
        f"How far the probabilities can be trusted, on {format_amount(len(chosen), f'{part} image')}",
        "Images are sorted by the probability of their likeliest class into 15 bins; a bar is how often that class is "
        "right, and red its distance from the mean probability; the expected calibration error (ECE) is its mean.",
        tuple(
            f"{title}: accuracy {_accuracy(each):.2%}, mean confidence {_confidence(each):.2%}, ECE {each.error:.2%}"
            for title, each in found.items()
        ),
        {"part": part, "images": len(chosen), "temperature": _temperature(calibrated), "diagrams": _record(found)},
        partial(plot_reliability, found),
    )


def _find_calibrated(run: LoadedRun) -> LoadedRun | None:
    """Return the run with its temperature; None where it has none for its present weights."""
    try:
        return run.calibrated()
    except CannotRun:
        return None


def _temperature(run: LoadedRun | None) -> float | None:
    return run.fitted["temperature"][0] if run else None


def _measure(run: LoadedRun, images: Images) -> Reliability:
    results = measure(run, images)
    if not isinstance(results, ClassificationMetrics) or results.reliability is None:
        raise Unsuitable("the outputs of the network are not finite numbers")
    return results.reliability


def _accuracy(bins: Reliability) -> float:
    return float((bins.images * bins.accuracy).sum() / bins.images.sum())


def _confidence(bins: Reliability) -> float:
    return float((bins.images * bins.confidence).sum() / bins.images.sum())


def _record(found: dict[str, Reliability]) -> list[dict[str, Any]]:
    return [
        {
            "which": title,
            "calibration_error": each.error,
            "images": each.images.long().tolist(),
            "confidence": each.confidence.tolist(),
            "accuracy": each.accuracy.tolist(),
        }
        for title, each in found.items()
    ]
