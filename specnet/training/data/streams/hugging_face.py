"""Read what Hugging Face `datasets` writes: the folder of `save_to_disk`, or Parquet files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from specnet.file_access import describe_reason, read_bounded_file
from specnet.settings.data import HuggingFace
from specnet.training.data.folder_layout import natural_key
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.places import find_place
from specnet.training.data.streams.arrow_index import Columns, index_arrow, list_class_names
from specnet.training.data.streams.parquet import unpack_parquet
from specnet.training.data.streams.shard_index import index_shards
from specnet.training.data.streams.shards import LocalShard
from specnet.training.data.streams.stream_reader import IndexedPart, make_data_set
from specnet.training.errors import DataProblem

DICT, STATE = "dataset_dict.json", "state.json"
"""The files that `save_to_disk` writes beside the folders of several splits, and beside the Arrow files of one."""

LARGEST_STATE = 2**24

PARTS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
"""The parts by the names of splits."""


def read_hugging_face(setting: HuggingFace, request: DataRequest) -> DataSet:
    """Return the parts of a set, whose pixels stay in their files; raises DataProblem, CannotRun."""
    place, columns = find_place(setting.path, request), Columns(setting.image_column, setting.label)
    found = _choose_parts(_find_splits(place), place, request)
    names = _find_class_names(found["train"][0], columns)
    shards = {part: [_open_shard(path, columns, request) for path in paths] for part, paths in found.items()}
    every = [shard for each in shards.values() for shard in each]
    reads = ["arrow", columns.image, columns.label]
    made = iter(index_shards(every, reads, lambda shard: index_arrow(shard, columns), request.workers, request.note))
    parts = {part: IndexedPart(each, [next(made) for _ in each]) for part, each in shards.items()}
    return make_data_set(setting, _leave_out_unlabelled(parts, request), request, names)


def _open_shard(path: Path, columns: Columns, request: DataRequest) -> LocalShard:
    is_parquet = path.suffix == ".parquet"
    return unpack_parquet(path, columns, request.note) if is_parquet else LocalShard(path)


def _find_splits(place: Path) -> Mapping[str, list[Path]]:
    """Return the files of each split of a folder, or of a single file; raises DataProblem without any."""
    if place.is_file():
        return {"train": [place]}
    if (place / DICT).is_file():
        return {str(split): _list_saved_files(place / str(split)) for split in _read_list(place / DICT, "splits")}
    if (place / STATE).is_file():
        return {"train": _list_saved_files(place)}
    paths = sorted(place.rglob("*.parquet"), key=lambda path: natural_key(path.relative_to(place).as_posix()))
    if not paths:
        raise DataProblem(f"{place} has neither what `save_to_disk` of datasets writes, a {STATE}, nor Parquet files")
    splits: dict[str, list[Path]] = {}
    for path in paths:
        splits.setdefault(_find_split(path.relative_to(place)), []).append(path)
    return splits


def _find_split(path: Path) -> str:
    """Return the split that a file belongs to by its name or its folders': train-00000-of-00004.parquet."""
    words = [re.split(r"[-_.\d]", part)[0].lower() for part in path.parts]
    return next((word for word in words if word in PARTS), "train")


def _list_saved_files(folder: Path) -> list[Path]:
    """Return the Arrow files of a split, of which none may be missing; raises DataProblem."""
    files = [folder / str(each["filename"]) for each in _read_list(folder / STATE, "_data_files")]
    if missing := [path.name for path in files if not path.is_file()]:
        raise DataProblem(f"{folder} is incomplete: {', '.join(missing[:3])} of {len(files)} files is missing")
    return files


def _read_list(path: Path, key: str) -> list[Any]:
    """Return a list of a JSON file; raises DataProblem for anything else."""
    try:
        values: Any = json.loads(read_bounded_file(path, LARGEST_STATE))[key]
    except OSError as error:
        raise DataProblem(f"{path} cannot be read: {describe_reason(error)}") from None
    except (ValueError, LookupError, TypeError):
        values = None
    if not isinstance(values, list) or not values:
        raise DataProblem(f"{path} is damaged: it has no list `{key}`; save the set again")
    return values


def _choose_parts(splits: Mapping[str, list[Path]], place: Path, request: DataRequest) -> dict[str, list[Path]]:
    """Return the files of each part, the training part first; raises DataProblem without one."""
    parts: dict[str, list[Path]] = {}
    for part in ("train", "validation", "test"):
        for split in (split for split in splits if PARTS.get(split.lower()) == part):
            parts.setdefault(part, []).extend(splits[split])
    if others := [split for split in splits if split.lower() not in PARTS]:
        request.note(f"passed over, as they are no part that is known: {', '.join(others)}")
    if "train" not in parts:
        raise DataProblem(f"{place} has no split `train`; it has {', '.join(splits)}")
    return parts


def _find_class_names(path: Path, columns: Columns) -> tuple[str, ...] | None:
    """Return the names of the classes in the order of their labels, if the files say them; raises DataProblem."""
    try:
        if path.suffix == ".parquet":
            return list_class_names(pq.read_schema(path), columns.label)
        with pa.memory_map(str(path)) as file:
            return list_class_names(pa.ipc.open_stream(file).schema, columns.label)
    except pa.ArrowException:
        return None  # what is wrong with the file is said when it is indexed
    except OSError as error:
        raise DataProblem(f"{path} cannot be read: {describe_reason(error)}") from None


def _leave_out_unlabelled(parts: Mapping[str, IndexedPart], request: DataRequest) -> dict[str, IndexedPart]:
    """Return the parts with labels, as test parts are published without; raises DataProblem where training has none."""
    labelled = dict(_iterate_labelled(parts))
    if "train" not in labelled:
        raise DataProblem(f"{parts['train'].shards[0].name} has no row with an image and a label")
    for part in parts.keys() - labelled.keys():
        request.note(f"the {part} part has no labels, and is passed over")
    return labelled


def _iterate_labelled(parts: Mapping[str, IndexedPart]) -> Iterator[tuple[str, IndexedPart]]:
    for name, part in parts.items():
        if any(len(index) for index in part.indexes):
            yield name, part
