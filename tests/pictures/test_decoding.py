"""Pictures of all modes are read as a person sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specnet.pictures.decoding import read_picture
from specnet.pictures.files import BadImage


def save(path: Path, pixels: list[list[int]], kind: type = np.uint8, **options: object) -> Path:
    Image.fromarray(np.array(pixels, kind)).save(path, **options)
    return path


def test_grey_is_read_with_one_channel_or_three(tmp_path: Path) -> None:
    path = save(tmp_path / "grey.png", [[0, 9], [200, 255]])
    assert read_picture(path, 1).tolist() == [[0, 9], [200, 255]]
    assert read_picture(path).tolist() == [[[0] * 3, [9] * 3], [[200] * 3, [255] * 3]]


def test_a_camera_that_was_held_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "held.png", [[1, 2, 3]], exif=exif)
    assert read_picture(path, 1).tolist() == [[1], [2], [3]]


def test_greys_of_16_bits_have_a_scale_of_their_own(tmp_path: Path) -> None:
    path = save(tmp_path / "deep.png", [[1000, 2000, 3000]], np.uint16)
    assert read_picture(path, 1).tolist() == [[0, 128, 255]]


def test_palettes_have_colours_and_transparent_parts_are_white(tmp_path: Path) -> None:
    colours = Image.new("P", (2, 1))
    colours.putpalette([10, 20, 30, 40, 50, 60])
    colours.putdata([0, 1])
    colours.save(tmp_path / "palette.png", transparency=1)
    assert read_picture(tmp_path / "palette.png").tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize(("content", "reason"), [(b"", "it is empty"), (b"no picture", "no image of a known format")])
def test_what_is_no_image(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(BadImage, match=reason):
        read_picture(tmp_path / "broken.png")
