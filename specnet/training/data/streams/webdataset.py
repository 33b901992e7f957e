"""Read WebDataset's tar files: find the shards of each part, and index them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from specnet.settings.data import WebDataset
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.places import list_roots
from specnet.training.data.streams.shard_index import index_shards
from specnet.training.data.streams.shard_names import find_shards, is_url
from specnet.training.data.streams.shards import LocalShard, Shard
from specnet.training.data.streams.stream_reader import IndexedPart, make_data_set
from specnet.training.data.streams.tar_index import SampleForm, index_tar
from specnet.training.errors import DataProblem

INDEXED_AT_ONCE = 4
"""Shards at URLs that are indexed at the same time, as each waits for the network."""


def read_webdataset(setting: WebDataset, request: DataRequest) -> DataSet:
    """Return the parts that the setting names, whose pixels stay in their shards; raises DataProblem."""
    form = SampleForm(setting.image_ending, setting.label)
    roots = list(list_roots(request))
    named = {"train": setting.path, "validation": setting.validation, "test": setting.test}
    found = {part: _open_shards(text, roots) for part, text in named.items() if text}
    _refuse_shared(found)
    shards = [shard for each in found.values() for shard in each]
    reads = ["tar", form.image, form.label]
    indexes = iter(index_shards(shards, reads, lambda shard: index_tar(shard, form), request.workers, request.note))
    parts = {part: IndexedPart(each, [next(indexes) for _ in each]) for part, each in found.items()}
    return make_data_set(setting, parts, request)


def _refuse_shared(parts: Mapping[str, Sequence[Shard]]) -> None:
    """Raise DataProblem for a shard in two parts, one of which would measure what the other has taught."""
    for one, other in combinations(parts, 2):
        if shared := {shard.name for shard in parts[one]} & {shard.name for shard in parts[other]}:
            raise DataProblem(f"the {one} part and the {other} part both have {min(shared)}; name it in one of them")


def _open_shards(text: str, roots: list[Path]) -> list[Shard]:
    """Return the shards that a text names, in its order."""
    names = find_shards(text, roots)
    remote = iter(_open_remote_shards([name for name in names if is_url(name)]))
    return [next(remote) if is_url(name) else LocalShard(Path(name)) for name in names]


def _open_remote_shards(urls: list[str]) -> Sequence[Shard]:
    if not urls:
        return ()
    from specnet.training.data.streams.remote_shards import open_remote_shards  # takes time to import

    return open_remote_shards(urls)
