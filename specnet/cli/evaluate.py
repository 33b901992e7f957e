"""specnet evaluate: measure a trained network by the metric of its task, class by class."""

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
    from specnet.training import Evaluation, LoadedRun
    from specnet.training.tasks.results import Table

HELP = "measure a trained network: its metric, loss, each class, confusion matrix"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    parser.add_argument(
        "--data",
        metavar="DATA",
        help="a folder of images, a .csv, .tsv or .npz, or the name of a data set (default: the run's own)",
    )
    parser.add_argument("--data-dir", type=named_path, metavar="DIR", help=DATA_DIR)
    parser.add_argument("--skip-bad", action="store_true", help=SKIP_BAD)
    parser.add_argument(
        "--batch", type=positive_integer, metavar="N", help="images per batch (default: as in training)"
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="first fit a temperature to the validation part, for `predict --calibrated`, and show the results by it",
    )
    add_device_arguments(parser)
    add_format_argument(parser)


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0; data that cannot be read or has other classes ends with 1."""
    from specnet.runs import load_run
    from specnet.training import EvaluationOptions, evaluate

    loaded = load_run(options.run_folder)
    asked = EvaluationOptions(
        options.data,
        options.data_dir,
        options.device or "cpu",
        options.batch,
        options.skip_bad,
        calibrate=options.calibrate,
    )
    evaluation = evaluate(loaded, asked, print_message)
    if options.format == "json":
        print_json(_describe(options, loaded, evaluation))
    else:
        print_text(_format_text(evaluation, options.data))
    return 0


def _describe(options: argparse.Namespace, loaded: LoadedRun, evaluation: Evaluation) -> dict[str, Any]:
    """Return the JSON values of an evaluation."""
    return {
        "schema": 1,
        "run": str(options.run_folder),
        "data": options.data,
        "part": evaluation.part,
        "classes": list(loaded.classes),
        **evaluation.results.to_record(),
    }


def _format_text(evaluation: Evaluation, data: str | None) -> str:
    results = evaluation.results
    part = f"all of {data}" if data and evaluation.part == "train" else evaluation.part
    totals = [("images", f"{results.images:,} ({part})"), *results.describe_scores(), ("loss", f"{results.loss:.4f}")]
    return "\n\n".join(["\n".join(align_rows(totals)), *map(_format_table, results.make_tables())])


def _format_table(table: Table) -> str:
    lines = align_rows([table.head, *table.rows], right=table.numbers)
    return "\n".join([table.title, *lines] if table.title else lines)
