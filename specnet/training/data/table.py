"""Read a table of text, CSV or TSV, row by row: rows that do not fit are kept apart, each with its reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from specnet.file_access import describe_reason, read_bounded_file
from specnet.printable import format_amount
from specnet.suggest import did_you_mean, find_closest_word
from specnet.training.errors import CannotRun, DataProblem

LARGEST = 2**31
"""The most bytes of a table, which is read whole: room for ten million images."""

SEPARATORS = (",", ";", "\t")

BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""The encodings of files by the bytes that some programs write first."""


@dataclass(frozen=True)
class Row:
    """A row that has a value in each column, without spaces around it; `line` counts from 1."""

    line: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line:,} ({self.reason})"


@dataclass(frozen=True)
class Table:
    """The columns of a table, its rows, and the rows that have more or fewer values than columns."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]

    def find_column(self, name: str) -> int:
        """Return the place of a column; raises DataProblem where there is none, or where two have this name."""
        if (count := self.columns.count(name)) == 1:
            return self.columns.index(name)
        if count:
            raise DataProblem(f"{self.path} has {count} columns `{name}`, and it is not clear which one is meant")
        hint = did_you_mean(find_closest_word(name, self.columns))
        there = ", ".join(each or "one without a name" for each in self.columns)
        raise DataProblem(f"{self.path} has no column `{name}`; it has {there}{hint}")


def read_table(path: Path) -> Table:
    """Read a file with a name for each column in its first row; raises DataProblem, CannotRun."""
    text = _decode(path)
    lines = list(_parse(path, text, _find_separator(path, text)))
    if not lines:
        raise DataProblem(f"{path} is empty: its first row names the columns, and a row for each image follows")
    (_, head), *body = lines
    columns = tuple(name.strip() for name in head)
    rows, bad = list[Row](), list[BadRow]()
    for line, values in body:
        if len(values) == len(columns):
            rows.append(Row(line, tuple(map(str.strip, values))))
        else:
            bad.append(
                BadRow(line, f"{format_amount(len(values), 'value')} for {format_amount(len(columns), 'column')}")
            )
    if not rows and not bad:
        raise DataProblem(f"{path} has no rows below the names of its columns")
    return Table(path, columns, tuple(rows), tuple(bad))


def _decode(path: Path) -> str:
    """Return the text of a file in UTF-8, or UTF-16 with its mark; raises DataProblem, CannotRun."""
    try:
        content = read_bounded_file(path, LARGEST)
    except OSError as error:
        raise CannotRun(f"{path} cannot be read: {describe_reason(error)}") from None
    encoding = next((name for mark, name in BYTE_ORDER_MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataProblem(
            f"{path} is not text in {encoding.removesuffix('-sig').upper()}: byte {error.object[error.start]:#04x} "
            f"in line {line:,}; save it as UTF-8"
        ) from None
    if "\0" in text:  # UTF-16 without its mark, UTF-32, or no text at all
        raise DataProblem(f"{path} has bytes of zero, which no text in UTF-8 has; save it as UTF-8")
    return text


def _find_separator(path: Path, text: str) -> str:
    """Return what stands between values: a tab in a .tsv, else what the first row has most of outside of quotes."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    head = "".join(text.lstrip().partition("\n")[0].split('"')[::2])
    return max(SEPARATORS, key=head.count)


def _parse(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the values of each row that is not blank; raises DataProblem."""
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1
    try:
        for values in reader:
            if any(map(str.strip, values)):
                yield line, values
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataProblem(f"{path} cannot be read as a table from line {line:,} on: {error}") from None
