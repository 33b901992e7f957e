"""Pictures of all kinds come out as a person sees them; what is none is refused with the reason."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specnet.pictures.files import BadFile
from specnet.pictures.headers import read_header
from specnet.training.data.image_decoding import ImageFormat, decode_images

WHITE, RED = [255, 255, 255], [255, 0, 0]


def one(path: Path, channels: int = 3, size: tuple[int, int] = (4, 4)) -> np.ndarray | str:
    """A picture's pixels, or why there are none."""
    (result,) = decode_images([path], ImageFormat(size, channels), 0, print)
    return result.reason if isinstance(result, BadFile) else result.numpy()


def halves(left: tuple[int, ...], right: tuple[int, ...], mode: str = "RGB") -> Image.Image:
    """A picture of 4×4."""
    image = Image.new(mode, (4, 4), left)
    image.paste(right, (2, 0, 4, 4))
    return image


def test_a_camera_held_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    halves((255, 0, 0), (0, 0, 255)).save(tmp_path / "turned.png", exif=exif)
    turned = one(tmp_path / "turned.png")
    assert turned[0].tolist() == [RED] * 4
    assert turned[3].tolist() == [[0, 0, 255]] * 4


def test_a_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new("RGB", (8, 4), (9, 9, 9)).save(tmp_path / "turned.jpg", exif=exif)
    assert one(tmp_path / "turned.jpg", size=(8, 4)).shape == (8, 4, 3)


@pytest.mark.parametrize("notes", [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0"])
def test_damaged_notes_of_a_camera_do_no_harm(tmp_path: Path, notes: bytes) -> None:
    Image.new("RGB", (4, 4), (255, 0, 0)).save(tmp_path / "odd.jpg", exif=notes, quality=100)
    assert one(tmp_path / "odd.jpg").shape == (4, 4, 3)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_what_is_transparent_is_white(tmp_path: Path, mode: str) -> None:
    image = halves((255, 0, 0, 255), (0, 255, 0, 0), "RGBA")
    (image if mode == "RGBA" else image.quantize(4)).save(tmp_path / "clear.png")
    with Image.open(tmp_path / "clear.png") as saved:
        assert saved.mode == mode
    pixels = one(tmp_path / "clear.png")
    assert pixels[0].tolist() == [RED, RED, WHITE, WHITE]


def test_a_palette_with_one_clear_colour(tmp_path: Path) -> None:
    image = halves((255, 0, 0), (0, 0, 255)).quantize(2)
    image.save(tmp_path / "clear.gif", transparency=image.getpixel((3, 0)))
    assert one(tmp_path / "clear.gif")[0].tolist() == [RED, RED, WHITE, WHITE]


def test_grey_with_transparency_stays_grey(tmp_path: Path) -> None:
    halves((50, 255), (50, 0), "LA").save(tmp_path / "clear.png")
    assert read_header(tmp_path / "clear.png").is_grey
    assert one(tmp_path / "clear.png", 1)[0].ravel().tolist() == [50, 50, 255, 255]


def test_print_colours(tmp_path: Path) -> None:
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "print.jpg", quality=100)
    red, green, blue = one(tmp_path / "print.jpg")[0, 0].tolist()
    assert red > 240
    assert max(green, blue) < 15


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    shades = np.array([[0, 128, 129, 3000, 65278, 65279, 65535, 32768]] * 8, np.uint16)
    Image.fromarray(shades).save(tmp_path / "deep.png")
    Image.fromarray(shades).save(tmp_path / "deep.tif")
    expected = [round(int(shade) / 257) for shade in shades[0]]
    for name in ("deep.png", "deep.tif"):
        assert one(tmp_path / name, 1, (8, 8))[0].ravel().tolist() == expected
        assert one(tmp_path / name, 3, (8, 8))[0].tolist() == [[shade] * 3 for shade in expected]
        assert read_header(tmp_path / name).is_grey


def test_an_animation_is_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert one(tmp_path / "moving.gif")[0, 0].tolist() == RED


def test_numbers_that_are_no_shades_are_refused(tmp_path: Path) -> None:
    """So no NaN comes in: all that is read is whole numbers from 0 to 255."""
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "nan.tif")
    Image.fromarray(np.full((4, 4), 70_000, np.int32)).save(tmp_path / "long.tif")
    assert one(tmp_path / "nan.tif") == "its values are no whole numbers"
    assert one(tmp_path / "long.tif") == "more than 16 bits a pixel"


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    """Also one that Pillow would only warn of."""
    for name, side in (("large", 10_000), ("huge", 60_000)):
        head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
        (tmp_path / f"{name}.bmp").write_bytes(b"BM" + struct.pack("<IHHI", 54 + len(head), 0, 0, 54) + head)
        assert one(tmp_path / f"{name}.bmp") == "more than 89 million pixels"


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "lost.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    halves((1, 2, 3), (4, 5, 6)).save(tmp_path / "half.bmp")
    (tmp_path / "half.bmp").write_bytes((tmp_path / "half.bmp").read_bytes()[:60])
    reasons = {path.name: one(path) for path in tmp_path.iterdir()}
    assert reasons.pop("half.bmp").startswith("image file is truncated")
    assert reasons == {
        "empty.jpg": "it is empty",
        "text.jpg": "no image of a known format",
        "lost.jpg": "no such file or directory",
        "pipe.jpg": "it is no file",
    }


def test_a_picture_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, formats: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    halves((1, 2, 3), (4, 5, 6)).save(tmp_path / "closed.png")
    monkeypatch.setattr(Image, "open", refuse)
    assert one(tmp_path / "closed.png") == "permission denied"


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_the_order_is_that_of_the_files(tmp_path: Path, workers: int) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(40)]
    for number, path in enumerate(paths):
        Image.new("L", (4, 4), number).save(path)
    results = list(decode_images(paths, ImageFormat((4, 4), 1), workers, print))
    assert [int(result[0, 0, 0]) for result in results] == list(range(40))


def test_a_long_decoding_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specnet.training.data.image_decoding.NOTE_EVERY", 0)
    Image.new("L", (4, 4), 1).save(tmp_path / "1.png")
    notes: list[str] = []
    list(decode_images([tmp_path / "1.png"] * 3, ImageFormat((4, 4), 1), 0, notes.append))
    assert [note.partition(" images, ")[0] for note in notes] == [f"decoded {done} of 3" for done in (1, 2, 3)]
