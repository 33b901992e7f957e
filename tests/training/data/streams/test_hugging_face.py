"""What Hugging Face `datasets` writes is read without it: folders of save_to_disk and Parquet files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from small_shards import draw_images, encode_image

from specnet.settings.data import HuggingFace
from specnet.training import DataProblem
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load
from specnet.training.data.streams.streamed_pixels import StreamedPixels

IMAGES = draw_images(30)
LABELS = [place % 3 for place in range(30)]
NAMES = ["wolf", "cat", "dog"]


def make_table(
    images: Sequence[np.ndarray] = IMAGES, labels: Sequence[Any] = LABELS, names: list[str] | None = NAMES
) -> pa.Table:
    """As `datasets` makes it: images as a struct of bytes and path, the features as JSON in the metadata."""
    encoded = pa.array([{"bytes": encode_image(image), "path": None} for image in images])
    features: dict[str, Any] = {"image": {"_type": "Image"}}
    if names:
        features["label"] = {"names": names, "_type": "ClassLabel"}
    facts = json.dumps({"info": {"features": features}})
    return pa.table({"image": encoded, "label": pa.array(labels)}).replace_schema_metadata({"huggingface": facts})


def save_to_disk(folder: Path, table: pa.Table, files: int = 2) -> None:
    folder.mkdir(parents=True)
    names = [f"data-{number:05}-of-{files:05}.arrow" for number in range(files)]
    for number, name in enumerate(names):
        begin, end = len(table) * number // files, len(table) * (number + 1) // files
        with pa.ipc.new_stream(folder / name, table.schema) as writer:
            writer.write_table(table.slice(begin, end - begin).combine_chunks(), max_chunksize=4)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))


def read(path: Path, notes: list[str] | None = None, **settings: Any) -> DataSet:
    note = (lambda text: None) if notes is None else notes.append
    setting = HuggingFace.model_validate({"path": str(path), **settings})
    return load(setting, None, DataRequest((8, 8, 3), None, note, 0))


def write_saved(folder: Path) -> Path:
    save_to_disk(folder, make_table())
    return folder


def write_parquet(folder: Path) -> Path:
    folder.mkdir()
    pq.write_table(make_table(IMAGES[:20], LABELS[:20]), folder / "train-00000-of-00002.parquet", row_group_size=7)
    pq.write_table(make_table(IMAGES[20:], LABELS[20:]), folder / "train-00001-of-00002.parquet")
    return folder


def write_single_parquet(folder: Path) -> Path:
    folder.mkdir()
    pq.write_table(make_table(), folder / "all.parquet", compression="zstd")
    return folder / "all.parquet"


def write_plain_bytes(folder: Path) -> Path:
    """An Arrow file that is no stream, with images as plain bytes and the names of the classes as texts."""
    folder.mkdir()
    table = pa.table({"image": list(map(encode_image, IMAGES)), "label": [NAMES[label] for label in LABELS]})
    pq.write_table(table, folder / "data.parquet")
    return folder


@pytest.mark.parametrize("write", [write_saved, write_parquet, write_single_parquet, write_plain_bytes])
def test_images_and_labels_are_those_that_were_written(write: Any, tmp_path: Path) -> None:
    data = read(write(tmp_path / "set"))
    assert isinstance(data.train.pixels, StreamedPixels)
    assert data.train.pixels[:].equal(torch.from_numpy(IMAGES))
    assert [data.classes[label] for label in data.train.labels.tolist()] == [NAMES[label] for label in LABELS]
    assert sorted(data.classes) == sorted(NAMES)


def test_classes_are_in_the_order_of_the_metadata(tmp_path: Path) -> None:
    assert read(write_saved(tmp_path / "set")).classes == tuple(NAMES)


def test_splits_are_parts(tmp_path: Path) -> None:
    table, notes = make_table(), list[str]()
    parts = {"train": table.slice(0, 12), "test": table.slice(12, 9), "valid": table.slice(21), "unsupervised": table}
    for name, part in parts.items():
        save_to_disk(tmp_path / "set" / name, part, 1)
    (tmp_path / "set/dataset_dict.json").write_text(json.dumps({"splits": list(parts)}))
    data = read(tmp_path / "set", notes)
    assert {name: len(part) for name, part in data.parts().items()} == {"train": 12, "validation": 9, "test": 9}
    assert data.test is not None and data.test.pixels[:].equal(torch.from_numpy(IMAGES[12:21]))
    assert "passed over, as they are no part that is known: unsupervised" in notes


def test_a_test_part_without_labels_is_passed_over(tmp_path: Path) -> None:
    notes = list[str]()
    (tmp_path / "set").mkdir()
    pq.write_table(make_table(), tmp_path / "set/train-00000.parquet")
    pq.write_table(make_table(labels=[-1] * 30), tmp_path / "set/test-00000.parquet")
    assert set(read(tmp_path / "set", notes).parts()) == {"train"}
    assert "the test part has no labels, and is passed over" in notes


def test_parquet_is_unpacked_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path, unpacked = write_single_parquet(tmp_path / "set"), tmp_path / "cache/specnet/streams/unpacked"
    times = []
    for _ in range(2):
        read(path)
        times.append([file.stat().st_mtime_ns for file in unpacked.iterdir()])
    assert times[0] == times[1]
    pq.write_table(make_table(IMAGES[::-1]), path)
    assert read(path).train.pixels[:].equal(torch.from_numpy(IMAGES[::-1].copy()))
    assert len(list(unpacked.iterdir())) == 1


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def cut_arrow(folder: Path) -> Path:
    cut(write_saved(folder) / "data-00001-of-00002.arrow")
    return folder


def cut_parquet(folder: Path) -> Path:
    cut(path := write_single_parquet(folder))
    return path


def lose_arrow(folder: Path) -> Path:
    (write_saved(folder) / "data-00001-of-00002.arrow").unlink()
    return folder


def compress_arrow(folder: Path) -> Path:
    folder.mkdir()
    table = make_table()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(folder / "x.arrow", table.schema, options=options) as writer:
        writer.write_table(table)
    (folder / "state.json").write_text('{"_data_files": [{"filename": "x.arrow"}]}')
    return folder


def write_numbers(folder: Path) -> Path:
    save_to_disk(folder, pa.table({"image": [[1, 2]] * 4, "label": [0, 1] * 2}))
    return folder


def damage_state(folder: Path) -> Path:
    (write_saved(folder) / "state.json").write_text("{")
    return folder


def leave_empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


BAD: Mapping[Any, tuple[dict[str, str], str]] = {
    cut_arrow: ({}, r"data-00001-of-00002\.arrow is cut short at byte [\d,]+: the end of an Arrow stream is missing"),
    cut_parquet: ({}, r"all\.parquet is no Parquet file, or damaged or cut short"),
    lose_arrow: ({}, r"set is incomplete: data-00001-of-00002\.arrow of 2 files is missing"),
    compress_arrow: ({}, r"x\.arrow is compressed, so that its images cannot be read one by one"),
    write_numbers: ({}, r"the column image of .* holds list<.*>, and images are encoded files there"),
    damage_state: ({}, r"state\.json is damaged: it has no list `_data_files`"),
    leave_empty: ({}, r"set has neither what `save_to_disk` of datasets writes, a state\.json, nor Parquet files"),
    write_saved: ({"label": "species"}, r"has no column species; it has image, label: `label=` names another one"),
    write_parquet: ({"image": "img"}, r"has no column img; it has image, label: `image=` names another one"),
}


@pytest.mark.parametrize("write", BAD, ids=lambda write: write.__name__)
def test_what_cannot_be_read_is_named(write: Any, tmp_path: Path) -> None:
    settings, message = BAD[write]
    with pytest.raises(DataProblem, match=message):
        read(write(tmp_path / "set"), **settings)


def test_rows_without_an_image_are_named(tmp_path: Path) -> None:
    table = make_table().to_pylist()
    table[7]["image"] = {"bytes": None, "path": None}
    changed = pa.Table.from_pylist(table, make_table().schema)
    save_to_disk(tmp_path / "set", changed, 1)
    with pytest.raises(DataProblem, match=r"1 of 30 samples cannot be used: row 7 in .*\(no image in it\)"):
        read(tmp_path / "set")


@pytest.mark.filterwarnings("ignore")  # its own
def test_datasets_itself_writes_what_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)})
    table = pa.Table.from_pylist(make_table().to_pylist(), features.arrow_schema)
    train, test = (
        datasets.Dataset(
            datasets.table.InMemoryTable(part), datasets.DatasetInfo(features=features), fingerprint=str(len(part))
        )
        for part in (table, table.slice(0, 6))
    )
    datasets.DatasetDict({"train": train, "test": test}).save_to_disk(str(tmp_path / "saved"))
    (tmp_path / "parquet").mkdir()
    train.to_parquet(str(tmp_path / "parquet/train-00000-of-00001.parquet"))
    for place in ("saved", "parquet"):
        data = read(tmp_path / place)
        assert data.train.pixels[:].equal(torch.from_numpy(IMAGES))
        assert data.train.labels.tolist() == LABELS and data.classes == tuple(NAMES)
