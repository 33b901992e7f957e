"""Write predictions as text, JSON, CSV or a submission file, one after the other as they come."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from specnet.cli.output import CommandError
from specnet.pictures.files import BadFile
from specnet.printable import dump_json, escape_unprintable
from specnet.training import LoadedRun, Prediction
from specnet.training.data.folder_layout import natural_key
from specnet.training.plots import MOST_IMAGES

DIGITS = 9
"""Significant digits of a probability in CSV, which are all that it has."""


@dataclass
class Stream:
    """Predictions as they come: what has been iterated is counted, and only the `first` of them are kept for a plot.

    The files that cannot be read are in `bad`.
    """

    run: LoadedRun
    results: Iterable[Prediction | BadFile]
    first: list[Prediction] = field(default_factory=list)
    bad: list[BadFile] = field(default_factory=list)
    images: int = 0

    def __iter__(self) -> Iterator[Prediction]:
        for result in self.results:
            if isinstance(result, BadFile):
                self.bad.append(result)
                continue
            self.images += 1
            if len(self.first) < MOST_IMAGES:
                self.first.append(result)
            yield result


LINE_END = "\r\n"
"""The line end of CSV; a cell that holds one of its two characters is quoted."""

Format = Callable[[Stream], Iterator[str]]
"""Yields the text of predictions in parts, each of one or more whole lines."""


def format_text(stream: Stream) -> Iterator[str]:
    """Yield a heading per image with the lines of its answer, such as one per class."""
    for prediction in stream:
        lines = [f"  {line}" for line in prediction.answer.describe()]
        yield "\n".join([escape_unprintable(str(prediction.image)), *lines])


def format_json(stream: Stream) -> Iterator[str]:
    """Yield the parts of one JSON object; the files that cannot be read come last."""
    yield f'{{\n"schema": 1,\n"run": {dump_json(str(stream.run.folder))},\n"predictions": ['
    comma = ""
    for prediction in stream:
        yield comma + dump_json({"image": str(prediction.image), **prediction.answer.to_record()})
        comma = ","
    bad = [{"image": each.name, "reason": each.reason} for each in stream.bad]
    yield f'],\n"unreadable": {dump_json(bad)}\n}}'


def format_csv(stream: Stream) -> Iterator[str]:
    """Yield the rows of each image's answer, such as one per class, below the names of their columns."""
    head = None
    for prediction in stream:
        rows = prediction.answer.to_rows()
        if head is None and rows:
            head = _format_row(["image", *rows[0]])
            yield head
        yield "\n".join(_format_row([str(prediction.image), *map(_format_cell, row.values())]) for row in rows)


def _format_cell(value: object) -> object:
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else value


def format_submission(name: str) -> Format:
    """Return a format with a row per image, `id,label`: its file's name without the ending, and a class's probability.

    The rows are in the natural order of the ids; it raises CommandError where two images have the same.
    """

    def format(stream: Stream) -> Iterator[str]:
        chances: dict[str, float] = {}
        for prediction in stream:
            if (id_ := prediction.image.stem) in chances:
                raise CommandError(f"two images have the id {id_}; the second one is {prediction.image}", exit_code=1)
            chances[id_] = next(each.probability for each in prediction.top if each.name == name)
        yield _format_row(["id", "label"])
        for id_ in sorted(chances, key=natural_key):
            yield _format_row([id_, f"{chances[id_]:.{DIGITS}g}"])

    return format


def _format_row(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=LINE_END).writerow(cells)
    return text.getvalue().removesuffix(LINE_END)


FORMATS: dict[str, Format] = {"text": format_text, "json": format_json, "csv": format_csv}
"""The formats by their names."""
