"""specnet evaluate: measure the accuracy of a trained network, class by class."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from specnet.cli.options import (
    DATA_DIR,
    SKIP_BAD,
    add_device_arguments,
    add_format_argument,
    add_run_argument,
    named_path,
    positive_integer,
)
from specnet.cli.output import print_json, print_message, print_text
from specnet.cli.torch_commands import requires_torch
from specnet.reporters.table import align_rows

if TYPE_CHECKING:
    from specnet.training import ClassificationMetrics, Evaluation

HELP = "measure a trained network: accuracy, loss, each class, confusion matrix"

MOST_CLASSES = 20
"""With more classes, the pairs that are confused most are listed instead of a matrix."""

LONGEST_HEAD = 10
"""The largest number of characters of a class's name in the head of the matrix."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    parser.add_argument(
        "--data", metavar="DATA", help="a folder of images, or the name of a data set (default: the run's own)"
    )
    parser.add_argument("--data-dir", type=named_path, metavar="DIR", help=DATA_DIR)
    parser.add_argument("--skip-bad", action="store_true", help=SKIP_BAD)
    parser.add_argument(
        "--batch", type=positive_integer, metavar="N", help="images per batch (default: as in training)"
    )
    add_device_arguments(parser)
    add_format_argument(parser)


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0; data that cannot be read or has other classes ends with 1."""
    from specnet.runs import load_run
    from specnet.training import EvaluationOptions, evaluate

    loaded = load_run(options.run_folder)
    asked = EvaluationOptions(options.data, options.data_dir, options.device or "cpu", options.batch, options.skip_bad)
    evaluation = evaluate(loaded, asked, print_message)
    if options.format == "json":
        print_json(_describe(options, evaluation))
    else:
        print_text(_format_text(evaluation, options.data))
    return 0


def _describe(options: argparse.Namespace, evaluation: Evaluation) -> dict[str, Any]:
    """Return the JSON values of an evaluation."""
    metrics = evaluation.metrics
    return {
        "schema": 1,
        "run": str(options.run_folder),
        "data": options.data,
        "part": evaluation.part,
        "classes": list(metrics.classes),
        **metrics.to_record(),
    }


def _format_text(evaluation: Evaluation, data: str | None) -> str:
    metrics = evaluation.metrics
    part = f"all of {data}" if data and evaluation.part == "train" else evaluation.part
    totals = [("images", f"{metrics.images:,} ({part})"), ("accuracy", f"{metrics.accuracy:.2%}")]
    if metrics.top5 is not None:
        totals.append(("top-5", f"{metrics.top5:.2%}"))
    totals.append(("loss", f"{metrics.loss:.4f}"))
    confusion = _format_matrix(metrics) if len(metrics.classes) <= MOST_CLASSES else _format_pairs(metrics)
    return "\n\n".join("\n".join(lines) for lines in (align_rows(totals), _format_classes(metrics), confusion))


def _format_classes(metrics: ClassificationMetrics) -> list[str]:
    """Return a line per class, the worst first."""
    known = [(name, share) for name, share in metrics.class_accuracies.items() if share is not None]
    rows = [(name, f"{share:.2%}") for name, share in sorted(known, key=lambda pair: pair[1])]
    return align_rows([("class", "accuracy"), *rows], right={1})


def _format_matrix(metrics: ClassificationMetrics) -> list[str]:
    """Return the confusion matrix: a row per true class, a column per predicted one."""
    counts = metrics.confusion.tolist()
    heads = [metrics.output_name(output)[:LONGEST_HEAD] for output in range(len(counts[0]))]
    rows = [[name, *(str(count or "·") for count in row)] for name, row in zip(metrics.classes, counts, strict=True)]
    lines = align_rows([["", *heads], *rows], right=range(1, 1 + len(heads)))
    return ["true label (rows), predicted label (columns)", *lines]


def _format_pairs(metrics: ClassificationMetrics) -> list[str]:
    """Return the pairs of classes that are confused most often."""
    wrong = [(true, predicted, f"{count:,}") for true, predicted, count in metrics.find_confusions(MOST_CLASSES)]
    return align_rows([("true label", "predicted label", "images"), *wrong], right={2})
