"""Tar files in WebDataset's form are indexed as tarfile reads them, and bad ones are refused with the place."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from small_shards import draw_images, encode_image, list_files, read_shards, write_shards, write_tar

from specnet.training import DataProblem
from specnet.training.data.streams.shards import LocalShard
from specnet.training.data.streams.tar_index import SampleForm, index_tar

PICTURE = encode_image(draw_images(1)[0])


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_found_where_tarfile_finds_them(form: int, tmp_path: Path) -> None:
    path, long = tmp_path / "a.tar", "folder/" * 12 + "ümlaut"
    names = [f"{long}{number}" for number in range(5)]
    pictures = [encode_image(image) for image in draw_images(5)]
    samples = zip(names, pictures, strict=True)
    write_tar(path, [file for name, png in samples for file in list_files(name, {"png": png, "cls": b"1\n"})], form)
    index = index_tar(LocalShard(path), SampleForm(None, "cls"))
    content = path.read_bytes()
    places = zip(index.offsets.tolist(), index.lengths.tolist(), strict=True)
    assert [content[offset : offset + length] for offset, length in places] == pictures
    assert [index.get_name(place) for place in range(5)] == names
    assert (index.values, index.labels.tolist()) == (("1",), [0] * 5)


LABELS: list[tuple[str, dict[str, bytes], str]] = [
    ("cls", {"cls": b" 7\n"}, "7"),
    ("txt", {"txt": "Schäferhund".encode()}, "Schäferhund"),
    ("json.label", {"json": b'{"label": 3, "other": [1, 2]}'}, "3"),
    ("json.a.b", {"json": b'{"a": {"b": "cat"}}'}, "cat"),
    ("label.txt", {"label.txt": b"cat"}, "cat"),
]


@pytest.mark.parametrize(("label", "files", "expected"), LABELS)
def test_labels_of_all_forms(label: str, files: dict[str, bytes], expected: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_tar(path, list_files("x", {"jpg": PICTURE, "seg.png": b"mask", **files}))
    index = index_tar(LocalShard(path), SampleForm(None, label))
    assert index.values == (expected,)
    assert index.lengths.tolist() == [len(PICTURE)]


def test_an_image_is_known_by_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_tar(path, list_files("x", {"jpg": b"small", "left.PNG": PICTURE, "cls": b"0"}))
    index = index_tar(LocalShard(path), SampleForm("left.png", "cls"))
    assert index.lengths.tolist() == [len(PICTURE)]


BAD_LABELS = [
    ("cls", {}, "no cls"),
    ("cls", {"cls": b""}, "its label is empty"),
    ("cls", {"cls": b"1\n2"}, "its label has several lines"),
    ("txt", {"txt": b"\xff"}, "its txt is no text in UTF-8"),
    ("json.a", {"json": b"{"}, "its json cannot be read"),
    ("json.a", {"json": b"[" * 100_000}, "its json cannot be read"),
    ("json.a", {"json": b'{"b": 1}'}, "its json has no a"),
    ("json.a", {"json": b'{"a": [1]}'}, "its json.a is neither a number nor a text"),
    ("json.a", {"json": b'{"a": true}'}, "its json.a is neither a number nor a text"),
]


@pytest.mark.parametrize(("label", "files", "reason"), BAD_LABELS)
def test_samples_without_a_label_are_kept_apart(
    label: str, files: dict[str, bytes], reason: str, tmp_path: Path
) -> None:
    path, good = tmp_path / "a.tar", dict(next(files for each, files, _ in LABELS if each == label or "." in each))
    good |= {"cls": b"0", "txt": b"x", "json": b'{"a": 1}'}
    samples = [*list_files("one", {"jpg": PICTURE, **good}), *list_files("two", {"jpg": PICTURE, **files})]
    write_tar(path, samples)
    index = index_tar(LocalShard(path), SampleForm("jpg", label))
    assert len(index) == 1
    assert [(each.name, each.reason) for each in index.bad] == [("two", reason)]


def test_a_shard_cut_at_any_byte_is_refused(tmp_path: Path) -> None:
    """Also one that is cut between two files, as its end is marked."""
    (path,) = write_shards(tmp_path, draw_images(3), shards=1)
    content, cut = path.read_bytes(), tmp_path / "cut.tar"
    ends = [*range(0, len(content), 97), *range(512, len(content), 512)]
    zeros = len(content) - len(content.rstrip(b"\0"))
    for end in (end for end in ends if end < len(content) - zeros):
        cut.write_bytes(content[:end])
        with pytest.raises(DataProblem, match=rf"cut\.tar is cut short at byte {end:,}: .*; copy or download it again"):
            index_tar(LocalShard(cut), SampleForm(None, "cls"))


def test_damage_in_the_middle_is_refused_with_its_place(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path, draw_images(3), shards=1)
    with tarfile.open(path) as archive:
        place = archive.getmembers()[2].offset
    content = bytearray(path.read_bytes())
    content[place : place + 100] = b"\xff" * 100
    path.write_bytes(content)
    with pytest.raises(DataProblem, match=rf"is damaged at byte {place:,}, where another file should begin"):
        index_tar(LocalShard(path), SampleForm(None, "cls"))


REFUSED = [
    (b"\x1f\x8b" + bytes(2000), r"is compressed with gzip, .* unpack it"),
    (b"no tar file at all" * 100, "is no tar file, or damaged"),
    (bytes(1024), "has no samples: no file in it has a name with an ending"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_what_is_no_shard_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(content)
    with pytest.raises(DataProblem, match=rf"a\.tar {message}"):
        index_tar(LocalShard(path), SampleForm(None, "cls"))


def test_other_endings_than_the_asked_ones_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_tar(path, list_files("x", {"jpg": PICTURE, "txt": b"cat"}))
    expected = r"no sample with an image \(of any kind\) and a label \(cls\); its files are 1 \.jpg, 1 \.txt: `image=`"
    with pytest.raises(DataProblem, match=expected):
        index_tar(LocalShard(path), SampleForm(None, "cls"))


def test_a_dot_in_the_name_of_a_sample_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_tar(path, [*list_files("cat.85", {"jpg": PICTURE, "cls": b"1"}), *list_files("cat.7", {"jpg": PICTURE})])
    expected = r"name of a sample ends at its first dot; .* as in `cat_85\.jpg` for `cat\.85\.jpg`"
    with pytest.raises(DataProblem, match=expected):
        index_tar(LocalShard(path), SampleForm(None, "cls"))


def test_files_of_a_sample_that_do_not_stand_together(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_tar(path, [("x.jpg", PICTURE), ("y.jpg", PICTURE), ("x.cls", b"1"), ("y.cls", b"0")])
    with pytest.raises(
        DataProblem, match=r"2 \.jpg, 2 \.cls, and those of one sample, which share a name, do not stand"
    ):
        index_tar(LocalShard(path), SampleForm(None, "cls"))


def test_joined_tar_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_tar(path, list_files("x", {"jpg": PICTURE, "cls": b"1"}))
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(DataProblem, match=rf"a\.tar goes on at byte {size:,}, after the end of a tar file"):
        index_tar(LocalShard(path), SampleForm(None, "cls"))


def test_a_file_twice_in_a_sample_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_tar(path, [("x.jpg", PICTURE), ("x.cls", b"1"), ("x.jpg", PICTURE)])
    with pytest.raises(DataProblem, match=r"has x\.jpg twice in a row, at byte"):
        index_tar(LocalShard(path), SampleForm(None, "cls"))


def test_an_index_is_made_once_and_again_when_the_shard_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_shards(tmp_path, draw_images(12))
    made: list[str] = []

    def note(shard: LocalShard, form: SampleForm) -> object:
        made.append(Path(shard.name).name)
        return index_tar(shard, form)

    monkeypatch.setattr("specnet.training.data.streams.webdataset.index_tar", note)
    read_shards(f"{tmp_path}/train-*.tar")
    assert sorted(made) == [path.name for path in paths]
    made.clear()
    read_shards(f"{tmp_path}/train-*.tar")
    assert not made
    write_tar(paths[1], list_files("y", {"png": PICTURE, "cls": b"1"}))
    read_shards(f"{tmp_path}/train-*.tar")
    assert made == [paths[1].name]
    for kept in (tmp_path / "cache/specnet/streams/indexes").iterdir():
        kept.write_bytes(kept.read_bytes()[:100])
    made.clear()
    read_shards(f"{tmp_path}/train-*.tar")
    assert len(made) == 4, "a damaged index is made anew"
