"""Unpack Parquet files into Arrow files of the user's cache, once, as `datasets` does: pages hide single images."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from specnet.atomic_write import open_atomically
from specnet.byte_sizes import format_bytes
from specnet.file_access import describe_reason
from specnet.training.data.download import get_cache_folder
from specnet.training.data.streams.arrow_index import Columns, get_bytes, list_labels, refuse_columns
from specnet.training.data.streams.shards import LocalShard
from specnet.training.errors import CannotRun, DataProblem

ROWS = 256
"""Rows that are unpacked at a time."""

MARGIN = 2**28
"""Bytes of the disk that are left free."""


def unpack_parquet(path: Path, columns: Columns, note: Callable[[str], None]) -> LocalShard:
    """Return the images and labels of a Parquet file as an Arrow file; raises DataProblem, CannotRun."""
    source = LocalShard(path)
    of_path, of_content = (
        sha256("\n".join(map(str, facts)).encode()).hexdigest()[:16]
        for facts in ([path.absolute()], [*source.identity, columns])
    )
    target = get_cache_folder() / "streams" / "unpacked" / f"{of_path}-{of_content}.arrow"
    if not target.exists():
        _unpack(source, columns, target)
        for other in target.parent.glob(f"{of_path}-*.arrow"):
            if other != target:  # of the file before it changed
                with suppress(OSError):
                    other.unlink()
        note(f"unpacked {path.name} into {target.parent}, {format_bytes(target.stat().st_size)}")
    return LocalShard(target, str(path))


def _unpack(source: LocalShard, columns: Columns, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetFile(source.path) as file:
            refuse_columns(source.name, file.schema_arrow, columns)
            _refuse_full_disk(file, target.parent)
            with open_atomically(target) as stream:
                _write_batches(file, columns, stream, source.name)
    except pa.ArrowException as error:
        raise DataProblem(
            f"{source.name} is no Parquet file, or damaged or cut short: {str(error).splitlines()[0]}"
        ) from None
    except OSError as error:
        raise CannotRun(f"{source.name} cannot be unpacked into {target.parent}: {describe_reason(error)}") from None


def _write_batches(file: pq.ParquetFile, columns: Columns, stream: object, name: str) -> None:
    schema = pa.schema([(columns.image, pa.large_binary()), (columns.label, pa.string())])
    with pa.ipc.new_stream(stream, schema) as writer:
        for batch in file.iter_batches(ROWS, columns=[columns.image, columns.label]):
            labels = list_labels(batch.replace_schema_metadata(file.schema_arrow.metadata), columns, name)
            images = get_bytes(batch.column(columns.image)).cast(pa.large_binary())
            writer.write_batch(pa.record_batch([images, pa.array(labels, pa.string())], schema))


def _refuse_full_disk(file: pq.ParquetFile, folder: Path) -> None:
    groups = (file.metadata.row_group(number) for number in range(file.num_row_groups))
    needed, room = sum(group.total_byte_size for group in groups), shutil.disk_usage(folder).free
    if room < needed + MARGIN:
        raise CannotRun(
            f"unpacking Parquet into {folder} needs {format_bytes(needed)}, and the disk has {format_bytes(room)} left"
        )
