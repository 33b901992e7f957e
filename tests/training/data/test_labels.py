"""A label that is probably a mistake is named, instead of a network with one output more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_sets import write_image
from small_shards import draw_images, encode_image, list_files, write_tar

import specnet
from specnet.training import Unsuitable
from specnet.training.data.labels import describe_stray_labels

STRAYS = [
    ("0 1 99", "the label 99 of item 2 does not fit in with 0, 1: correct it"),
    ("0 1 -1", "the label -1 of item 2 does not fit in with 0, 1: correct it"),
    ("1 2 3 dog", "the label dog of item 3 does not fit in with 1, 2, 3: correct it"),
    ("0 1 1.0", "the label 1.0 of item 2 does not fit in with 0, 1: correct it"),
    ("cat 7 dog", "the label 7 of item 1 does not fit in with cat, dog: correct it"),
    ("0 1 2", ""),
    ("1 2 3", ""),
    ("0 1 3", ""),
    ("0 99", ""),
    ("10 20 30", ""),
    ("cat dog fox", ""),
    ("", ""),
]


@pytest.mark.parametrize(("labels", "expected"), STRAYS)
def test_a_stray_label_is_described(labels: str, expected: str) -> None:
    assert describe_stray_labels({label: f"item {place}" for place, label in enumerate(labels.split())}) == expected


SPEC = "input 8x8x3\nfc 2\ntrain {\n  data %s\n  epochs 1\n  split validation=0.5\n}\n"
LABELS = ("0", "1", "0", "99")


def write_table(folder: Path) -> str:
    for place in range(len(LABELS)):
        write_image(folder / f"{place}.png", place)
    rows = [f"{place}.png,{label}" for place, label in enumerate(LABELS)]
    (folder / "labels.csv").write_text("\n".join(["image,label", *rows]))
    return 'csv "labels.csv"'


def write_arrays(folder: Path) -> str:
    np.savez(folder / "x.npz", x=draw_images(4), y=np.array(LABELS, int))
    return 'npz "x.npz"'


def write_shard(folder: Path) -> str:
    samples = zip(map(encode_image, draw_images(4)), LABELS, strict=True)
    files = [list_files(str(place), {"png": png, "cls": label.encode()}) for place, (png, label) in enumerate(samples)]
    write_tar(folder / "a.tar", [file for each in files for file in each])
    return 'webdataset "a.tar" image=png'


@pytest.mark.parametrize(
    ("write", "place"), [(write_table, "line 5: 3.png"), (write_arrays, "image 3"), (write_shard, r"3 in .*a\.tar")]
)
def test_a_stray_label_is_named_in_every_form(write: Any, place: str, tmp_path: Path) -> None:
    spec = tmp_path / "x.net"
    spec.write_text(SPEC % write(tmp_path))
    with pytest.raises(
        Unsuitable, match=rf"the network has 2 outputs, .*; the label 99 of {place} does not fit in with 0, 1"
    ):
        specnet.train(spec, run=tmp_path / "run")
