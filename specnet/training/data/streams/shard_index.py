"""The index of a shard: where each encoded image lies in its file, its label and its name. It is made once and kept.

In the user's cache, `streams/indexes/KEY.npz` holds the index of one shard; the key hashes the shard's name, size and
time (or what a server calls its version), and how samples are read from it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from specnet.pictures.files import BadFile, BadImage
from specnet.pictures.headers import Header, read_header
from specnet.printable import format_amount
from specnet.training.data.download import get_cache_folder
from specnet.training.data.streams.shards import Shard
from specnet.training.errors import CannotRun
from specnet.training.files import write_atomically

FORMAT = 2
"""A part of the key, to be increased whenever the same shard gives another index."""

NOTE_EVERY = 5.0
"""Seconds between two notes of progress."""

SURVEYED = 16
"""The images of a shard whose headers are read, spread over all of it."""

SEPARATOR = "\0"
"""What stands between the names of samples."""


@dataclass(frozen=True)
class Sample:
    """An encoded image: its name, its bytes from `offset` on, and the text of its label."""

    name: str
    offset: int
    length: int
    label: str


@dataclass(frozen=True)
class ShardIndex:
    """The samples of a shard, in the order of the file.

    `offsets` and `lengths` are int64 N, in bytes; `labels` int32 N are places in `values`; `names` are joined. `bad`
    are samples that have no image or no label, `headers` those of some of the images.
    """

    offsets: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    values: tuple[str, ...]
    names: str
    bad: tuple[BadFile, ...]
    headers: tuple[Header, ...]

    def __len__(self) -> int:
        return len(self.offsets)

    def get_name(self, place: int) -> str:
        return self.names.split(SEPARATOR)[place]


def build_index(samples: Sequence[Sample], bad: Sequence[BadFile], read: Callable[[int, int], bytes]) -> ShardIndex:
    """Return the index of samples; `read` returns the bytes of the shard from an offset on, of a length."""
    values = tuple(sorted({sample.label for sample in samples}))
    numbers = {value: number for number, value in enumerate(values)}
    return ShardIndex(
        np.array([sample.offset for sample in samples], np.int64),
        np.array([sample.length for sample in samples], np.int64),
        np.array([numbers[sample.label] for sample in samples], np.int32),
        values,
        SEPARATOR.join(sample.name for sample in samples),
        tuple(bad),
        tuple(_survey(samples, read)),
    )


def _survey(samples: Sequence[Sample], read: Callable[[int, int], bytes]) -> Iterator[Header]:
    """Yield the headers of some images; those that cannot be read are met again when they are decoded."""
    for sample in samples[:: -(-len(samples) // SURVEYED) or 1]:
        with suppress(BadImage):
            yield read_header(BytesIO(read(sample.offset, sample.length)))


def index_shards(
    shards: Sequence[Shard],
    reads: Sequence[object],
    make: Callable[[Shard], ShardIndex],
    workers: int,
    note: Callable[[str], None],
) -> list[ShardIndex]:
    """Return the indexes of all shards, those that are not kept made by `make`; `reads` is how it reads samples.

    Raises DataProblem.
    """
    found = [_load_index(shard, reads) for shard in shards]
    lacking = [place for place, index in enumerate(found) if index is None]
    began = told = time.perf_counter()
    with ThreadPoolExecutor(max(1, workers), "index") as threads:
        pending = [(place, threads.submit(make, shards[place])) for place in lacking]
        try:
            for done, (place, future) in enumerate(pending, 1):
                found[place] = future.result()
                _keep_index(shards[place], reads, future.result(), note)
                if (now := time.perf_counter()) - told > NOTE_EVERY:
                    told = now
                    note(f"indexed {done:,} of {len(lacking):,} shards, {done / (now - began):,.1f} a second")
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    indexes = [index for index in found if index is not None]
    samples = format_amount(sum(map(len, indexes)), "sample")
    made = f"; {len(lacking):,} of them indexed now" if lacking else ""
    note(f"{samples} in {format_amount(len(shards), 'shard')}{made}")
    return indexes


def _find_place(shard: Shard, reads: Sequence[object]) -> Path:
    key = sha256(json.dumps([FORMAT, *shard.identity, *reads]).encode()).hexdigest()[:20]
    return get_cache_folder() / "streams" / "indexes" / f"{key}.npz"


def _load_index(shard: Shard, reads: Sequence[object]) -> ShardIndex | None:
    """Return the index that is kept; None where there is none, or it is damaged."""
    try:
        with _find_place(shard, reads).open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            facts: dict[str, Any] = json.loads(bytes(kept["facts"]))
            index = ShardIndex(
                kept["offsets"],
                kept["lengths"],
                kept["labels"],
                tuple(facts["values"]),
                facts["names"],
                tuple(BadFile(*each) for each in facts["bad"]),
                tuple(Header((each[0], each[1]), each[2], each[3], ()) for each in facts["headers"]),
            )
    except (OSError, ValueError, LookupError, TypeError, EOFError, BadZipFile):
        return None
    return index if _is_sound(index, shard) else None


def _is_sound(index: ShardIndex, shard: Shard) -> bool:
    """Whether all samples lie within the shard, and all labels within their values."""
    number = len(index)
    if not len(index.lengths) == len(index.labels) == number:
        return False
    ends, limit = index.offsets + index.lengths, len(index.values)
    is_within = not number or (index.offsets.min() >= 0 and index.lengths.min() >= 0 and ends.max() <= shard.size)
    return bool(is_within and (not number or (index.labels.min() >= 0 and index.labels.max() < limit)))


def _keep_index(shard: Shard, reads: Sequence[object], index: ShardIndex, note: Callable[[str], None]) -> None:
    place, stream = _find_place(shard, reads), BytesIO()
    facts = {
        "values": index.values,
        "names": index.names,
        "bad": [(each.name, each.reason) for each in index.bad],
        "headers": [(*each.size, each.is_grey, each.is_deep) for each in index.headers],
    }
    content = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    np.savez(stream, offsets=index.offsets, lengths=index.lengths, labels=index.labels, facts=content)
    with suppress(OSError, CannotRun):  # it is made anew for the next run
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, stream.getvalue())
