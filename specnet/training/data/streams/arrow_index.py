"""Index an Arrow file as Hugging Face `datasets` writes it: where the encoded images lie in its record batches.

https://arrow.apache.org/docs/format/Columnar.html describes the form. Nothing is copied: the bytes of an image are
consecutive in the file, so that they are read later without pyarrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from specnet.file_access import describe_reason
from specnet.pictures.files import BadFile
from specnet.training.data.streams.shard_index import Sample, ShardIndex, build_index
from specnet.training.data.streams.shards import Shard
from specnet.training.errors import DataProblem

FILE, END = b"ARROW1", b"\xff\xff\xff\xff\0\0\0\0"
"""How an Arrow file begins that is no stream, and how a stream ends."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns of the images and of their labels."""

    image: str
    label: str


def index_arrow(shard: Shard, columns: Columns) -> ShardIndex:
    """Return the index of an Arrow file; raises DataProblem."""
    try:
        with pa.memory_map(str(shard.get_file())) as file:
            content = file.read_buffer()
            samples, bad = list[Sample](), list[BadFile]()
            for first, batch in _number_batches(_open_batches(shard, content)):
                refuse_columns(shard.name, batch.schema, columns)
                labels = list_labels(batch, columns, shard.name)
                for row, place in enumerate(_locate_images(batch.column(columns.image), content, shard)):
                    _add_sample(samples, bad, f"row {first + row:,}", place, labels[row])
            view = memoryview(content)
            return build_index(samples, bad, lambda offset, length: bytes(view[offset : offset + length]))
    except OSError as error:
        raise DataProblem(f"{shard.name} cannot be read: {describe_reason(error)}") from None


def _add_sample(
    samples: list[Sample], bad: list[BadFile], name: str, place: tuple[int, int] | None, label: str | None
) -> None:
    if place is None or not place[1]:
        bad.append(BadFile(name, "no image in it" if place is None else "its image is empty"))
    elif label is None:
        bad.append(BadFile(name, "no label"))
    else:
        samples.append(Sample(name, *place, label))


def _open_batches(shard: Shard, content: pa.Buffer) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a file or a stream; raises DataProblem for one that is damaged or cut short."""
    is_stream = bytes(content[: len(FILE)]) != FILE
    if is_stream and bytes(content[-len(END) :]) != END:
        raise DataProblem(
            f"{shard.name} is cut short at byte {shard.size:,}: the end of an Arrow stream is missing; copy it again"
        )
    source = pa.BufferReader(content)
    try:
        if is_stream:
            yield from pa.ipc.open_stream(source)
        else:
            file = pa.ipc.open_file(source)
            yield from (file.get_batch(number) for number in range(file.num_record_batches))
    except pa.ArrowException as error:
        raise DataProblem(f"{shard.name} is no Arrow file, or damaged: {str(error).splitlines()[0]}") from None


def _number_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield each batch with the number of its first row."""
    first = 0
    for batch in batches:
        yield first, batch
        first += batch.num_rows


def _locate_images(column: pa.Array, content: pa.Buffer, shard: Shard) -> list[tuple[int, int] | None]:
    """Return the offset and the length of each image in the file; None where a row has none. Raises DataProblem."""
    images = get_bytes(column)
    _, limits, data = images.buffers()
    kind = np.int64 if pa.types.is_large_binary(images.type) else np.int32
    offsets = np.frombuffer(limits, kind)[images.offset : images.offset + len(images) + 1].astype(np.int64)
    begin = (data.address if data else content.address) - content.address
    if data and not 0 <= begin <= begin + data.size <= content.size:
        raise DataProblem(f"{shard.name} is compressed, so that its images cannot be read one by one; save it without")
    is_there = images.is_valid().to_pylist()
    places = zip((begin + offsets[:-1]).tolist(), np.diff(offsets).tolist(), strict=True)
    return [place if valid else None for place, valid in zip(places, is_there, strict=True)]


def get_bytes(column: pa.Array) -> pa.Array:
    """Return the encoded images of a column, which are its values or the field `bytes` of these."""
    return column.flatten()[column.type.get_field_index("bytes")] if pa.types.is_struct(column.type) else column


def refuse_columns(name: str, schema: pa.Schema, columns: Columns) -> None:
    """Raise DataProblem where a file has no such columns, or these are neither images nor labels."""
    there = ", ".join(schema.names)
    for key, column in (("image", columns.image), ("label", columns.label)):
        if column not in schema.names:
            raise DataProblem(f"{name} has no column {column}; it has {there}: `{key}=` names another one")
    kind = schema.field(columns.image).type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        kind = kind.field("bytes").type
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise DataProblem(
            f"the column {columns.image} of {name} holds {kind}, and images are encoded files there, such as "
            "datasets.Image() makes them"
        )
    kind = schema.field(columns.label).type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if not (is_number or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise DataProblem(f"the column {columns.label} of {name} holds {kind}, and a label is a number or a text")


def list_class_names(schema: pa.Schema, column: str) -> tuple[str, ...] | None:
    """Return the names of the classes that `datasets` has written beside a column; None where there are none."""
    try:
        facts: Any = json.loads((schema.metadata or {})[b"huggingface"])
        names = facts["info"]["features"][column]["names"]
    except (ValueError, KeyError, TypeError):
        return None
    return tuple(map(str, names)) if isinstance(names, Sequence) and not isinstance(names, str) else None


def list_labels(batch: pa.RecordBatch, columns: Columns, name: str) -> list[str | None]:
    """Return the label of each row as a text, the name of the class where it has one; None where there is none."""
    values, names = batch.column(columns.label).to_pylist(), list_class_names(batch.schema, columns.label)
    known: Mapping[object, str] = dict(enumerate(names)) if names else {}
    if odd := sorted({value for value in values if isinstance(value, int) and names and value >= len(names)}):
        raise DataProblem(f"{name} has the label {odd[0]}, and names {len(names or ())} classes")
    missing = (None, "", -1) if names else (None, "")
    return [None if value in missing else known.get(value, str(value)) for value in values]
