"""Index a tar file in WebDataset's form: consecutive files with the same name up to its first dot are one sample.

https://github.com/webdataset/webdataset describes the form.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from specnet.file_access import describe_reason
from specnet.pictures.files import BadFile
from specnet.training.data.streams.shard_index import Sample, ShardIndex, build_index
from specnet.training.data.streams.shards import Shard
from specnet.training.errors import DataProblem

NAME = re.compile(r"((?:.*/)?[^./][^/.]*)\.([^/]+)", re.DOTALL)
"""The name of a sample, and the ending of one of its files."""

IMAGES = ("jpg", "jpeg", "png", "webp", "ppm", "pgm", "bmp", "tif", "tiff", "avif", "jp2", "gif")
"""Endings of images, the usual ones first."""

LONGEST_LABEL = 2**20
"""The most bytes of a file with a label; a JSON file may say more than that."""

BLOCK, CHUNK = tarfile.BLOCKSIZE, 2**20

COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""The first bytes of compressed files."""

CUT = ("unexpected end of data", "truncated header")
"""Parts of tarfile's messages about a file that ends too early."""

SHOWN = 5
"""Endings that a message names."""


@dataclass(frozen=True)
class SampleForm:
    """The endings of image and label in a sample; an image of any kind without an ending."""

    image: str | None
    label: str

    def find_image(self, files: Mapping[str, Place]) -> Place | None:
        endings = (self.image,) if self.image else IMAGES
        return next((files[ending] for ending in endings if ending in files), None)

    @property
    def label_ending(self) -> str:
        return "json" if self.label.startswith("json.") else self.label

    def parse_label(self, content: bytes) -> str:
        """Return the text of a label; raises ValueError."""
        try:
            text = content.decode().strip()
        except UnicodeDecodeError:
            raise ValueError(f"its {self.label_ending} is no text in UTF-8") from None
        if self.label_ending != self.label:
            text = self._find_field(text)
        if not text or "\n" in text:
            raise ValueError("its label is empty" if not text else "its label has several lines")
        return text

    def _find_field(self, text: str) -> str:
        """Return the value of a field of a JSON text; raises ValueError."""
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("its json cannot be read") from None
        for name in self.label.split(".")[1:]:
            if not isinstance(value, dict) or name not in value:
                raise ValueError(f"its json has no {name}")
            value = value[name]
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"its {self.label} is neither a number nor a text")
        return str(value)


@dataclass(frozen=True)
class Place:
    """The bytes of a file within a tar file."""

    offset: int
    length: int


@dataclass
class _Found:
    """What is found in a shard so far."""

    samples: list[Sample] = field(default_factory=list)
    bad: list[BadFile] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)


def index_tar(shard: Shard, form: SampleForm) -> ShardIndex:
    """Return the index of a tar file; raises DataProblem for one that is cut short, compressed or no tar file."""
    try:
        with shard.get_file().open("rb") as stream:
            _refuse_compressed(shard, stream)
            found = _Found()
            for name, files in _group_files(shard, stream, found.endings):
                _add_sample(found, name, files, form, stream)
            if found.samples:
                return build_index(found.samples, found.bad, partial(_read, stream))
    except OSError as error:
        raise DataProblem(f"{shard.name} cannot be read: {describe_reason(error)}") from None
    raise DataProblem(_describe_none(shard, form, found))


def _read(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def _refuse_compressed(shard: Shard, stream: BinaryIO) -> None:
    head = stream.read(8)
    stream.seek(0)
    for begin, name in COMPRESSED.items():
        if head.startswith(begin):
            raise DataProblem(
                f"{shard.name} is compressed with {name}, so that its images cannot be read one by one; unpack it "
                "(images are compressed already)"
            )


def _group_files(shard: Shard, stream: BinaryIO, endings: Counter[str]) -> Iterator[tuple[str, dict[str, Place]]]:
    """Yield the samples, each with the places of its files by their endings; raises DataProblem."""
    present, files = "", dict[str, Place]()
    for member in _iterate_members(shard, stream):
        match = NAME.fullmatch(member.name)
        if not match or not member.isreg():
            continue
        name, ending = match[1], match[2].lower()
        if name != present and files:
            yield present, files
            files = {}
        if ending in files:
            raise DataProblem(f"{shard.name} has {name}.{ending} twice in a row, at byte {member.offset:,}")
        present = name
        files[ending] = Place(member.offset_data, member.size)
        endings[ending] += 1
    if files:
        yield present, files


def _iterate_members(shard: Shard, stream: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """Yield the members up to the block of zeros that ends a tar file; raises DataProblem without one."""
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            while member := archive.next():
                archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
                if member.offset_data + member.size > shard.size:
                    raise _make_cut_error(shard, f"{member.name} goes on to {member.offset_data + member.size:,}")
                yield member
            end = archive.offset
    except (tarfile.TarError, EOFError, ValueError) as error:
        if shard.size < BLOCK or any(sign in str(error) for sign in CUT):
            raise _make_cut_error(shard, "a file in it goes on") from None
        raise DataProblem(f"{shard.name} is no tar file, or damaged: {error}") from None
    stream.seek(end)
    if (block := stream.read(BLOCK)) != bytes(BLOCK):
        if len(block) < BLOCK:
            raise _make_cut_error(shard, "the blocks of zeros that end a tar file are missing")
        raise DataProblem(f"{shard.name} is damaged at byte {end:,}, where another file should begin; copy it again")
    _refuse_rest(shard, stream)


def _refuse_rest(shard: Shard, stream: BinaryIO) -> None:
    """Raise DataProblem where more than zeros follow the end of a tar file."""
    while chunk := stream.read(CHUNK):
        if rest := chunk.lstrip(b"\0"):
            place = stream.tell() - len(rest)
            raise DataProblem(
                f"{shard.name} goes on at byte {place:,}, after the end of a tar file, as several that are joined do; "
                "keep them as shards of their own"
            )


def _make_cut_error(shard: Shard, why: str) -> DataProblem:
    return DataProblem(f"{shard.name} is cut short at byte {shard.size:,}: {why}; copy or download it again")


def _add_sample(found: _Found, name: str, files: Mapping[str, Place], form: SampleForm, stream: BinaryIO) -> None:
    image, label = form.find_image(files), files.get(form.label_ending)
    if not image or not image.length:
        found.bad.append(BadFile(name, "its image is empty" if image else f"no {form.image or 'image'}"))
    elif not label:
        found.bad.append(BadFile(name, f"no {form.label_ending}"))
    else:
        try:
            found.samples.append(Sample(name, image.offset, image.length, _read_label(stream, label, form)))
        except ValueError as error:
            found.bad.append(BadFile(name, str(error)))


def _read_label(stream: BinaryIO, place: Place, form: SampleForm) -> str:
    """Return the label of a sample; raises ValueError."""
    if place.length > LONGEST_LABEL:
        raise ValueError(f"its label has {place.length:,} bytes")
    return form.parse_label(_read(stream, place.offset, place.length))


def _describe_none(shard: Shard, form: SampleForm, found: _Found) -> str:
    """Return why a shard has no sample."""
    if not found.endings:
        return f"{shard.name} has no samples: no file in it has a name with an ending"
    there = ", ".join(f"{count:,} .{ending}" for ending, count in found.endings.most_common(SHOWN))
    if found.bad and not found.bad[0].reason.startswith("no "):
        return f"{shard.name} has no usable sample; the first is {found.bad[0].name}: {found.bad[0].reason}"
    if form.label_ending in found.endings and any(map(found.endings.get, [form.image] if form.image else IMAGES)):
        return (
            f"{shard.name} has no sample: its files are {there}, and those of one sample, which share a name, do not "
            "stand one after the other; sort the files by name"
        )
    if cut := next((ending for ending in found.endings if ending.rpartition(".")[2] in IMAGES and "." in ending), ""):
        return (
            f"{shard.name} has no sample: its files are {there}, as the name of a sample ends at its first dot; write "
            f"it without dots, as in `{found.bad[0].name}_{cut}` for `{found.bad[0].name}.{cut}`"
        )
    wanted = f"an image ({form.image or 'of any kind'}) and a label ({form.label})"
    return f"{shard.name} has no sample with {wanted}; its files are {there}: `image=` and `label=` name their endings"
