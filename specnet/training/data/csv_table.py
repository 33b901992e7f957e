"""Read images and labels that a table lists: `data csv "labels.csv" image=path label=species`."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from specnet.option_names import name_option
from specnet.printable import format_amount, shorten_text
from specnet.settings.data import Csv
from specnet.settings.loss import Target
from specnet.training.data.folder_layout import (
    ClassFile,
    FolderLayout,
    compose_name,
    find_part,
    is_named_as_image,
    order_classes,
)
from specnet.training.data.image_files import read_image_files
from specnet.training.data.images import DataRequest, DataSet, Targets
from specnet.training.data.masked_files import read_masked_files
from specnet.training.data.places import find_file
from specnet.training.data.table import BadRow, Row, Table, read_table
from specnet.training.data.targets import (
    BadValue,
    encode_names,
    find_separator,
    make_empty_targets,
    read_flags,
    read_numbers,
    refuse_rounding,
    split_names,
)
from specnet.training.errors import DataProblem

SHOWN = 5
"""Bad rows in one message."""

PARTS = ("train", "validation", "test")

SEVERAL_COLUMNS = {Target.NUMBERS, Target.CLASSES}
"""The targets that may stand in several columns."""

COLUMN = re.compile(r"\{([^{}]+)\}")
"""A column in a path such as `photos/{id}.jpg`."""


@dataclass(frozen=True)
class ListedImage:
    """An image that a row names: its file, and its numbers or its cell of names where these are the targets."""

    file: ClassFile
    numbers: tuple[float, ...] = ()
    cell: str = ""


@dataclass(frozen=True)
class _Listing:
    """A table of images: how the path, the part and the targets of each row are read.

    Paths are written in relation to `home`, the folder of the first table.
    """

    table: Table
    home: Path
    name_image: Callable[[Row], str]
    find_part: Callable[[Row], str]
    labels: Mapping[str, int]
    """The places of the columns with targets, by name."""
    target: Target

    def read(self) -> Iterator[ListedImage | BadRow]:
        """Yield the image of each row, or why there is none."""
        yield from self.table.bad
        for row in self.table.rows:
            try:
                yield self._read_row(row)
            except BadValue as error:
                yield BadRow(row.line, str(error))

    def _read_row(self, row: Row) -> ListedImage:
        part, name = self.find_part(row), self._find_image(self.name_image(row))
        cells = [row.values[place] for place in self.labels.values()]
        file = ClassFile(name, part, "", f"{self._origin}line {row.line:,}")
        if self.target is Target.MASK:
            return ListedImage(replace(file, mask=self.home / self._find_image(cells[0], "mask")))
        if self.target is Target.IMAGE:
            return ListedImage(file)
        if self.target is Target.NUMBERS:
            return ListedImage(file, read_numbers(cells, [*self.labels]))
        if self.target is Target.CLASSES:
            return ListedImage(file, read_flags(cells, [*self.labels]) if len(cells) > 1 else (), cells[0])
        if not cells[0]:
            raise BadValue("no label")
        return ListedImage(replace(file, class_name=compose_name(cells[0], file.origin)))

    def _find_image(self, name: str, noun: str = "image") -> str:
        """Return the path of an image or a mask, which a table from Windows may write with backslashes."""
        folder = self.table.path.parent
        for written in dict.fromkeys((name, name.replace("\\", "/"))):
            if written and os.path.isfile(folder / written):  # noqa: PTH113, Path.is_file raises
                return written if folder == self.home else os.path.relpath(folder / written, self.home)
        raise BadValue(_explain_missing(folder, name) if name else f"no {noun}")

    @property
    def _origin(self) -> str:
        return "" if self.table.path.parent == self.home else f"{self.table.path.name} "


def read_csv(setting: Csv, request: DataRequest) -> DataSet:
    """Read the images that the rows name, decoded once to the requested size; raises DataProblem, CannotRun."""
    path = find_file(setting.path, request)
    if request.target is Target.MASK and not setting.mask:
        raise DataProblem(f"the images of {path} have no masks; mask=COLUMN says in which column their paths are")
    others = {"validation": setting.validation, "test": setting.test}
    tables = {"train": path, **{part: path.parent / name for part, name in others.items() if name}}
    layout = FolderLayout(has_parts=bool(setting.part) or len(tables) > 1, is_listed=True)
    images = list[ListedImage]()
    for part, place in tables.items():
        listing = _make_listing(setting, read_table(place), path.parent, part, request)
        images += _collect_images(listing, setting.image_column, layout.notes, request.skip_bad)
    _refuse_untrained(images, path, setting)
    images.sort(key=lambda image: PARTS.index(image.file.part))
    layout.files += [image.file for image in images]
    layout.classes |= {part: order_classes(each.class_name for each in files) for part, files in _by_part(layout)}
    layout.targets = _encode_targets(images, [*listing.labels], request)
    if request.target is Target.CLASS and request.classes is None:
        _note_joined(layout)
    _note_repeated(layout)
    read = read_masked_files if request.target is Target.MASK else read_image_files
    return read(path.parent, layout, setting, request)


def _refuse_untrained(images: Sequence[ListedImage], path: Path, setting: Csv) -> None:
    """Raise DataProblem where no row is of the training part."""
    if not any(image.file.part == "train" for image in images):
        there = ", ".join(dict.fromkeys(image.file.part for image in images))
        raise DataProblem(f"no row of {path} is of the training part: `{setting.part}` says {there} in all of them")


def _explain_missing(folder: Path, name: str) -> str:
    """Return why a path is no image that can be read."""
    if name.startswith(("http://", "https://")):
        return f"{shorten_text(name)} is a URL, and images are files"
    with suppress(OSError, ValueError):
        if (folder / name).exists():
            return f"{shorten_text(name)} is no file"
    return f"there is no {shorten_text(name)}"


def _by_part(layout: FolderLayout) -> Iterator[tuple[str, list[ClassFile]]]:
    """Yield the parts that have files."""
    for part in PARTS:
        if files := [file for file in layout.files if file.part == part]:
            yield part, files


def _make_listing(setting: Csv, table: Table, home: Path, part: str, request: DataRequest) -> _Listing:
    """Return how a table is read; raises DataProblem for a column that it lacks.

    Other images, which a run is measured on, need no column of parts.
    """
    name_image, labels = _read_pattern(table, setting.image_column), _find_labels(table, setting, request.target)
    if not setting.part or (request.classes is not None and setting.part not in table.columns):
        return _Listing(table, home, name_image, lambda row: part, labels, request.target)
    column = table.find_column(setting.part)
    return _Listing(table, home, name_image, lambda row: _read_part(row.values[column]), labels, request.target)


def _find_labels(table: Table, setting: Csv, target: Target) -> dict[str, int]:
    """Return the columns with targets: one, or several with commas between their names; raises DataProblem."""
    if target is Target.IMAGE:
        return {}
    if target is Target.MASK:
        return {setting.mask: table.find_column(setting.mask)}
    written = setting.label
    names = [written] if written in table.columns else [name.strip() for name in written.split(",")]
    if len(names) > 1 and target not in SEVERAL_COLUMNS:
        raise DataProblem(f'label="{written}" names {len(names)} columns, and the task needs {target}, in one column')
    return {name: table.find_column(name) for name in names}


def _encode_targets(images: Sequence[ListedImage], columns: Sequence[str], request: DataRequest) -> Targets | None:
    """Return the targets of all images, part by part; None where they are one class each. Raises DataProblem."""
    if request.target is Target.IMAGE:
        return make_empty_targets(len(images))
    if request.target is Target.NUMBERS:
        if request.classes is None:
            refuse_rounding(np.array([image.numbers for image in images if image.file.part == "train"]), columns)
        return Targets(tuple(columns), torch.tensor([image.numbers for image in images], dtype=torch.float32))
    if request.target is not Target.CLASSES:
        return None
    if len(columns) > 1:
        return Targets(tuple(columns), torch.tensor([image.numbers for image in images], dtype=torch.uint8))
    separator = find_separator([image.cell for image in images])
    rows: dict[str, list[tuple[str, ...]]] = {part: [] for part in PARTS}
    for image in images:
        rows[image.file.part].append(split_names(compose_name(image.cell, image.file.title), separator))
    return encode_names(rows, request.classes)


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
        raise BadValue(
            f"its part is `{shorten_text(value)}`, and not train, validation or test" if value else "no part"
        )
    return "test" if part == "evaluation" else part


def _collect_images(listing: _Listing, column: str, notes: list[str], skip_bad: bool) -> Sequence[ListedImage]:
    """Return the images of a table; raises DataProblem for rows that cannot be used, unless they are skipped.

    `column` is the setting that says where the paths are.
    """
    read = list(listing.read())
    images = [each for each in read if isinstance(each, ListedImage)]
    bad = sorted((each for each in read if isinstance(each, BadRow)), key=lambda row: row.line)
    if bad:
        message = _describe_bad_rows(listing.table, bad, len(read))
        if not images:
            raise DataProblem(f"{message}{_suggest_pattern(listing, column)}")
        if not skip_bad:
            raise DataProblem(f"{message}; {name_option('skip_bad', True)} leaves such rows out")
        notes.append(f"{message}; left out")
    return images


def _describe_bad_rows(table: Table, bad: Sequence[BadRow], rows: int) -> str:
    """Return a message that names the first rows, and where images are looked for if one is missing."""
    shown = ", ".join(map(str, bad[:SHOWN])) + (f" and {len(bad) - SHOWN:,} more" if len(bad) > SHOWN else "")
    is_missing = any(row.reason.startswith("there is no") for row in bad)
    place = f"; images are looked for in {table.path.absolute().parent}" if is_missing else ""
    return f"{len(bad):,} of {format_amount(rows, 'row')} of {table.path} cannot be used: {shown}{place}"


def _suggest_pattern(listing: _Listing, column: str) -> str:
    """Return the pattern that finds the image of the first row, if it lies in a folder beside it or has an ending."""
    rows, folder = listing.table.rows, listing.table.path.parent
    name = listing.name_image(rows[0]) if rows else ""
    if not name or os.path.isabs(name) or os.path.isfile(folder / name):  # noqa: PTH113, PTH117, Path.is_file raises
        return ""
    written = column if COLUMN.search(column) and column not in listing.table.columns else f"{{{column}}}"
    known = glob.escape(name)
    for pattern in (f"{known}.*", f"*/{known}", f"*/{known}.*"):
        found = sorted(filter(is_named_as_image, glob.glob(pattern, root_dir=folder)))  # noqa: PTH207, Path.glob raises
        if found:
            return f'; there is {found[0]}, which image="{found[0].replace(name, written, 1)}" names'
    return ""


def _note_joined(layout: FolderLayout) -> None:
    """Note classes that are made of fewer names, as where a cell has several classes; they may be meant as one."""
    classes = order_classes(file.class_name for file in layout.files)
    separator = find_separator(classes)
    names = {name for each in classes for name in split_names(each, separator)}
    if len(names) < len(classes):
        joined = next(each for each in classes if len(split_names(each, separator)) > 1)
        counts = f"{len(classes):,} classes, such as `{joined}`, are made of {len(names):,} names"
        layout.advice = f"{counts}; `task multilabel` reads several classes in a cell"
        layout.notes.append(layout.advice)


def _note_repeated(layout: FolderLayout) -> None:
    """Note the images that several rows name."""
    counts: Mapping[str, int] = Counter(file.name for file in layout.files)
    if repeated := [name for name, count in counts.items() if count > 1]:
        amount = format_amount(len(repeated), "image")
        layout.notes.append(f"{amount} named by several rows, such as {repeated[0]}: each row counts")
