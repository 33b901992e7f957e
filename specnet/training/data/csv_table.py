"""Read images and labels that a table lists: `data csv "labels.csv" image=path label=species`."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from specnet.option_names import name_option
from specnet.printable import format_amount
from specnet.settings.data import Csv
from specnet.training.data.folder_layout import ClassFile, FolderLayout, compose_name, find_part, order_classes
from specnet.training.data.image_files import read_image_files
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.places import find_file
from specnet.training.data.table import BadRow, Row, Table, read_table
from specnet.training.errors import DataProblem

SHOWN = 5
"""Bad rows in one message."""

COLUMN = re.compile(r"\{([^{}]+)\}")
"""A column in a path such as `photos/{id}.jpg`."""


class _BadValue(Exception):
    """A row cannot be used; the message is a short reason."""


@dataclass(frozen=True)
class _Listing:
    """A table of images: how the path, the label and the part of each row are read.

    Paths are written in relation to `home`, the folder of the first table.
    """

    table: Table
    home: Path
    name_image: Callable[[Row], str]
    label: int
    find_part: Callable[[Row], str]

    def read(self) -> Iterator[ClassFile | BadRow]:
        """Yield the file of each row, or why there is none."""
        yield from self.table.bad
        for row in self.table.rows:
            try:
                yield self._read_row(row)
            except _BadValue as error:
                yield BadRow(row.line, str(error))

    def _read_row(self, row: Row) -> ClassFile:
        part, name = self.find_part(row), self._find_image(self.name_image(row))
        if not (label := row.values[self.label]):
            raise _BadValue("no label")
        return ClassFile(name, part, compose_name(label, f"line {row.line:,}"), f"{self._origin}line {row.line:,}")

    def _find_image(self, name: str) -> str:
        """Return the path of an image, which a table from Windows may write with backslashes."""
        folder = self.table.path.parent
        for written in dict.fromkeys((name, name.replace("\\", "/"))):
            if written and os.path.isfile(folder / written):  # noqa: PTH113, Path.is_file raises
                return written if folder == self.home else os.path.relpath(folder / written, self.home)
        raise _BadValue(f"there is no {name}" if name else "no image")

    @property
    def _origin(self) -> str:
        return "" if self.table.path.parent == self.home else f"{self.table.path.name} "


def read_csv(setting: Csv, request: DataRequest) -> DataSet:
    """Read the images that the rows name, decoded once to the requested size; raises DataProblem, CannotRun."""
    path = find_file(setting.path, request)
    others = {"validation": setting.validation, "test": setting.test}
    tables = {"train": path, **{part: path.parent / name for part, name in others.items() if name}}
    layout = FolderLayout(has_parts=bool(setting.part) or len(tables) > 1, is_listed=True)
    for part, place in tables.items():
        listing = _make_listing(setting, read_table(place), path.parent, part, request.classes is None)
        layout.files += _collect_files(listing, layout.notes, request.skip_bad)
    for part in ("train", "validation", "test"):
        if classes := order_classes(file.class_name for file in layout.files if file.part == part):
            layout.classes[part] = classes
    _note_repeated(layout)
    return read_image_files(path.parent, layout, setting, request)


def _make_listing(setting: Csv, table: Table, home: Path, part: str, is_for_training: bool) -> _Listing:
    """Return how a table is read; raises DataProblem for a column that it lacks.

    Other images, which a run is measured on, need no column of parts.
    """
    name_image, label = _read_pattern(table, setting.image_column), table.find_column(setting.label)
    if not setting.part or (not is_for_training and setting.part not in table.columns):
        return _Listing(table, home, name_image, label, lambda row: part)
    column = table.find_column(setting.part)
    return _Listing(table, home, name_image, label, lambda row: _read_part(row.values[column]))


def _read_pattern(table: Table, written: str) -> Callable[[Row], str]:
    """Return a function from a row to the path of its image: a column, or a path with columns in braces."""
    if written in table.columns or not COLUMN.search(written):
        column = table.find_column(written)
        return lambda row: row.values[column]
    columns = {name: table.find_column(name) for name in COLUMN.findall(written)}
    return lambda row: COLUMN.sub(lambda match: row.values[columns[match[1]]], written)


def _read_part(value: str) -> str:
    part = find_part(value)
    if part is None:
        raise _BadValue(f"its part is `{value}`, and not train, validation or test" if value else "no part")
    return "test" if part == "evaluation" else part


def _collect_files(listing: _Listing, notes: list[str], skip_bad: bool) -> Sequence[ClassFile]:
    """Return the files of a table; raises DataProblem for rows that cannot be used, unless they are skipped."""
    read = list(listing.read())
    files = [each for each in read if isinstance(each, ClassFile)]
    bad = sorted((each for each in read if isinstance(each, BadRow)), key=lambda row: row.line)
    if bad:
        message = _describe_bad_rows(listing.table, bad, len(read))
        if not skip_bad or not files:
            raise DataProblem(f"{message}; {name_option('skip_bad', True)} leaves such rows out")
        notes.append(f"{message}; left out")
    return files


def _describe_bad_rows(table: Table, bad: Sequence[BadRow], rows: int) -> str:
    """Return a message that names the first rows, and where images are looked for if one is missing."""
    shown = ", ".join(map(str, bad[:SHOWN])) + (f" and {len(bad) - SHOWN:,} more" if len(bad) > SHOWN else "")
    is_missing = any(row.reason.startswith("there is no") for row in bad)
    place = f"; images are looked for in {table.path.absolute().parent}" if is_missing else ""
    return f"{len(bad):,} of {format_amount(rows, 'row')} of {table.path} cannot be used: {shown}{place}"


def _note_repeated(layout: FolderLayout) -> None:
    """Note the images that several rows name."""
    counts: Mapping[str, int] = Counter(file.name for file in layout.files)
    if repeated := [name for name, count in counts.items() if count > 1]:
        amount = format_amount(len(repeated), "image")
        layout.notes.append(f"{amount} named by several rows, such as {repeated[0]}: each row counts")
