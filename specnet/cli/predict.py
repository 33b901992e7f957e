"""specnet predict: classify images with a trained network."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.cli.options import (
    PLOT_FORMATS,
    add_device_arguments,
    add_format_argument,
    add_run_argument,
    output_file,
    parse_format,
    positive_integer,
)
from specnet.cli.output import print_json, print_message, print_text, refuse_overwriting, write_file
from specnet.cli.torch_commands import requires_torch
from specnet.printable import escape_unprintable
from specnet.reporters.table import align_rows

if TYPE_CHECKING:
    from specnet.training import Prediction

HELP = "classify images with a trained network"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    parser.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE|FOLDER",
        help="an image file (PNG, JPEG, WebP …) or a folder of images",
    )
    parser.add_argument("--top", type=positive_integer, default=5, metavar="K", help="show K classes (default: 5)")
    parser.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help="plot the images with bars into this file: .png, .svg, .pdf",
    )
    add_device_arguments(parser)
    add_format_argument(parser)


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0; an image that cannot be read ends with 1, one that is not there with 2."""
    from specnet.runs import load_run
    from specnet.training import predict

    format = parse_format(options.output, PLOT_FORMATS) if options.output else None
    loaded, device = load_run(options.run_folder), options.device or "cpu"
    predictions = predict(loaded, options.images, options.top, device, print_message)
    if format:
        _plot(predictions, options.output, format)
    if options.format == "json":
        print_json(_describe(options, predictions))
    else:
        print_text("\n".join(_format_text(predictions)))
    return 0


def _plot(predictions: list[Prediction], output: Path, format: str) -> None:
    from specnet.training import plots

    refuse_overwriting(output, [prediction.image for prediction in predictions])
    write_file(output, plots.draw_predictions(predictions, format, print_message))
    rest = len(predictions) - plots.MOST_IMAGES
    print_message(f"wrote {output}" + f"; it shows the first {plots.MOST_IMAGES} images" * (rest > 0))


def _format_text(predictions: list[Prediction]) -> Iterator[str]:
    """Yield a heading per image and a line per class."""
    rows = [(score.name, f"{score.probability:.2%}") for each in predictions for score in each.top]
    lines = iter(align_rows(rows, right={1}))
    for prediction in predictions:
        yield escape_unprintable(str(prediction.image))
        yield from (f"  {next(lines)}" for _ in prediction.top)


def _describe(options: argparse.Namespace, predictions: list[Prediction]) -> dict[str, Any]:
    """Return the JSON values of the predictions."""
    found = [
        {
            "image": str(prediction.image),
            "top": [{"class": g.name, "index": g.index, "probability": g.probability} for g in prediction.top],
        }
        for prediction in predictions
    ]
    return {"schema": 1, "run": str(options.run_folder), "predictions": found}
