"""specnet evaluate: how good a trained network is, class by class."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.torch_work import (
    add_device_arguments,
    add_format_argument,
    add_run_argument,
    needing_torch,
    open_run,
    positive,
)

if TYPE_CHECKING:
    from specnet.training import ClassificationMetrics, Evaluation

HELP = "measure a trained network: accuracy, loss, class by class, and what is taken for what"

WIDEST = 20
"""With more classes, the pairs that are confused most are listed instead of a matrix."""

NAMED = 10
"""Columns that a class's name takes at most in the head of the matrix."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    parser.add_argument("--data", metavar="DATA", help="a folder of images, or a set's name (default: the run's own)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="where data sets are looked for first")
    parser.add_argument("--skip-bad", action="store_true", help="leave out images of a folder that cannot be read")
    parser.add_argument("--batch", type=positive, metavar="N", help="images at a time (default: as trained)")
    add_device_arguments(parser, "measure")
    add_format_argument(parser)


@needing_torch
def run(options: argparse.Namespace) -> int:
    """0; data that cannot be read or has other classes is 1."""
    from specnet.training import EvaluationOptions, evaluate

    trained = open_run(options.trained)
    asked = EvaluationOptions(options.data, options.data_dir, options.device or "cpu", options.batch, options.skip_bad)
    found = evaluate(trained, asked, lambda text: print(text, file=sys.stderr))
    print(_json(options, found) if options.format == "json" else _text(found))
    return 0


def _json(options: argparse.Namespace, found: Evaluation) -> str:
    measures = found.measures
    record = {
        "schema": 1,
        "run": str(options.trained),
        "data": options.data,
        "part": found.part,
        "classes": list(measures.classes),
        **measures.record(),
    }
    return json.dumps(record, ensure_ascii=False, indent=1)


def _text(found: Evaluation) -> str:
    measures = found.measures
    figures = [("images", f"{measures.images:,} ({found.part})"), ("accuracy", f"{measures.accuracy:.2%}")]
    if measures.top5 is not None:
        figures.append(("top-5", f"{measures.top5:.2%}"))
    figures.append(("loss", f"{measures.loss:.4f}"))
    head = "\n".join(f"{name:<8}  {value}" for name, value in figures)
    confused = _matrix(measures) if len(measures.classes) <= WIDEST else _pairs(measures)
    return "\n\n".join((head, _per_class(measures), confused))


def _per_class(measures: ClassificationMetrics) -> str:
    """A line a class, the worst first."""
    known = [(name, share) for name, share in measures.per_class.items() if share is not None]
    width = max(len(name) for name, _ in known)
    return "\n".join(f"{name:<{width}}  {share:7.2%}" for name, share in sorted(known, key=lambda pair: pair[1]))


def _matrix(measures: ClassificationMetrics) -> str:
    """Rows are what the images are, columns what they are taken for."""
    rows = measures.confusion.tolist()
    heads = [measures.output_name(output)[:NAMED] for output in range(len(rows[0]))]
    widths = [max(len(str(cell)) for cell in (head, *column)) for head, *column in zip(heads, *rows, strict=True)]
    left = max(len(name) for name in measures.classes)
    lines = [(" " * left, heads), *zip((name.ljust(left) for name in measures.classes), rows, strict=True)]
    return "\n".join(
        "  ".join((name, *(str(cell or "·").rjust(width) for cell, width in zip(cells, widths, strict=True))))
        for name, cells in lines
    )


def _pairs(measures: ClassificationMetrics) -> str:
    """What is taken for what most often."""
    wrong = measures.confused(WIDEST)
    width = max((len(true) for true, _, _ in wrong), default=0)
    return "\n".join(f"{true:<{width}}  taken for {taken}: {count}" for true, taken, count in wrong)
