"""specnet predict: what a trained network takes pictures for."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.output import write_file
from specnet.cli.torch_work import (
    add_device_arguments,
    add_format_argument,
    add_run_argument,
    needing_torch,
    open_run,
    picture_format,
    positive,
)

if TYPE_CHECKING:
    from specnet.training import Prediction

HELP = "ask a trained network what pictures show"


def arguments(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="a picture: PNG, JPEG, WebP …")
    parser.add_argument("--top", type=positive, default=5, metavar="K", help="how many classes (default: 5)")
    parser.add_argument("-o", dest="output", type=Path, metavar="OUT", help="a picture with bars: .png, .svg, .pdf")
    add_device_arguments(parser, "work")
    add_format_argument(parser)


@needing_torch
def run(options: argparse.Namespace) -> int:
    """0; a picture that cannot be read is 1, one that is not there is 2."""
    from specnet.training import predict

    format = picture_format(options.output)
    predictions = predict(open_run(options.trained), options.images, options.top, options.device or "cpu")
    if options.output:
        _draw(predictions, options.output, format)
    print(_json(options, predictions) if options.format == "json" else _text(predictions))
    return 0


def _draw(predictions: list[Prediction], output: Path, format: str) -> None:
    from specnet.training import plots

    write_file(output, plots.draw_predictions(predictions, format))
    rest = len(predictions) - plots.MOST_IMAGES
    print(f"wrote {output}" + (f"; it shows the first {plots.MOST_IMAGES} images" * (rest > 0)), file=sys.stderr)


def _text(predictions: list[Prediction]) -> str:
    """A heading a picture, a line a class."""
    width = max(len(guess.name) for prediction in predictions for guess in prediction.guesses)
    blocks = (
        [str(prediction.image), *(f"  {guess.name:<{width}}  {guess.probability:7.2%}" for guess in prediction.guesses)]
        for prediction in predictions
    )
    return "\n".join("\n".join(block) for block in blocks)


def _json(options: argparse.Namespace, predictions: list[Prediction]) -> str:
    found = [
        {
            "image": str(prediction.image),
            "top": [{"class": g.name, "index": g.index, "probability": g.probability} for g in prediction.guesses],
        }
        for prediction in predictions
    ]
    return json.dumps({"schema": 1, "run": str(options.trained), "predictions": found}, ensure_ascii=False, indent=1)
