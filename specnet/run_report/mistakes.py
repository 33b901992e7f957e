"""Where a network is wrong: the confusions of classes, the worst predictions, and random ones."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from specnet.insight.results import RecordedResults
from specnet.insight.view import View
from specnet.page.markup import Html, name
from specnet.page.shell import make_paragraph, make_table
from specnet.run_report.gallery import Gallery
from specnet.run_report.measurement import measure_subject
from specnet.run_report.overview import explain_absence
from specnet.run_report.subject import Subject
from specnet.training import ClassificationMetrics

MOST_CLASSES = 100
"""The number of classes up to which the confusion matrix is drawn."""

LISTED = 12
"""The confusions in the table."""

IMAGES = 6
"""The images of a picture of predictions."""

Rows = list[dict[str, Any]]
"""Predictions, as the view `predictions` records them."""


def show_confusions(subject: Subject, gallery: Gallery, results: RecordedResults | None) -> Iterable[Html]:
    """Yield the confusion matrix and the most frequent confusions."""
    metrics = results and results.to_metrics(subject.run.classes)
    if results is None or not metrics:
        results = measure_subject(subject)
        metrics = results and results.to_metrics(subject.run.classes)
    if results is None or not metrics:
        return
    if len(metrics.classes) <= MOST_CLASSES:
        yield gallery.draw(_view_confusion(metrics, results, subject))
    rows = [(name(true), name(predicted), f"{count:,}") for true, predicted, count in metrics.find_confusions(LISTED)]
    if rows and len(metrics.classes) > 2:
        caption = f"The most frequent confusions, on {results.description}"
        yield make_table(caption, ("true label", "predicted label", "images"), rows, numbers={2})


def _view_confusion(metrics: ClassificationMetrics, results: RecordedResults, subject: Subject) -> View:
    caption = (
        f"A row is a true class, a column what the network says, for {results.description}; confusions are red, on a "
        "scale of their own."
    )
    values = {"part": results.part, "confusion": metrics.confusion.tolist()}
    draw = partial(metrics.plot, results.part, subject.note)
    return View("confusion", "Which classes are taken for which", caption, (), values, draw)


def show_predictions(subject: Subject, gallery: Gallery) -> tuple[list[Html], Rows, Rows]:
    """Return the pictures of the worst wrong predictions and of random ones, and the rows of both."""
    if subject.unseen is None:
        return [make_paragraph(explain_absence(subject))], [], []
    wrong = gallery.compute("predictions", wrong=True, count=IMAGES)
    random = gallery.compute("predictions", count=IMAGES)
    rows, others = wrong.values["predictions"], random.values["predictions"]
    return [gallery.draw(view, is_wide=True) for view in ([wrong, random] if rows else [random])], rows, others


def show_answers(subject: Subject, gallery: Gallery) -> Iterable[Html]:
    """Yield the pictures of the worst answers and of random ones, of a task that does not tell classes apart."""
    if subject.unseen is None:
        yield make_paragraph(explain_absence(subject))
        return
    yield gallery.show("predictions", is_wide=True, wrong=True, count=IMAGES)
    yield gallery.show("predictions", is_wide=True, count=IMAGES)
