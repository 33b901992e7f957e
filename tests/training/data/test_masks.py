"""Images with masks: in folders and tables, of every mode that masks come in, and those that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scenes_of_squares import NAMES, write_scenes

from specnet.settings.data import Csv, Folder
from specnet.settings.loss import Target
from specnet.training import CannotRun, DataProblem
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load

SIZE = (8, 6)

MASK = np.array([[0, 1, 2, 0, 1, 2], *[[0, 0, 1, 1, 2, 255]] * 7], np.uint8)
"""Three classes, and pixels that are ignored."""

CODED = (MASK + 1).astype(np.uint8)
"""The mask in the trainer's form: 255 becomes 0."""

PALETTE = [0, 0, 0, 200, 0, 0, 0, 200, 0]

COLOURS = np.array([*np.reshape(PALETTE, (3, 3)), [9, 9, 9]], np.uint8)


def write(path: Path, image: np.ndarray | Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path)


def write_pairs(folder: Path, mask: np.ndarray | Image.Image = MASK, images: int = 2, ending: str = "png") -> None:
    """Write images/N.png and masks/N.ENDING."""
    for number in range(images):
        write(folder / f"images/{number}.png", np.full(SIZE, 10 * number, np.uint8))
        write(folder / f"masks/{number}.{ending}", mask)


def read(root: Path, notes: list[str] | None = None, **how: Any) -> DataSet:
    """Read the folder `set`, or the table, below `root`; `how` are fields of the request or of the setting."""
    request = {name: how.pop(name) for name in list(how) if name in ("skip_bad", "classes_of_run", "shape", "ignored")}
    setting = {"path": "set", "masks": "masks", "classes": 3, **how}
    kind = Csv if "mask" in how else Folder
    return load(
        kind.model_validate({name: value for name, value in setting.items() if kind is Folder or name != "masks"}),
        None,
        DataRequest(
            request.get("shape", (*SIZE, 1)),
            root,
            (notes if notes is not None else []).append,
            skip_bad=request.get("skip_bad", False),
            classes=request.get("classes_of_run"),
            target=Target.MASK,
            ignored=request.get("ignored", 255),
        ),
    )


def get_masks(data: DataSet) -> np.ndarray:
    return np.asarray(data.train.pixels[:][..., -1])


def make_palette_image() -> Image.Image:
    image = Image.fromarray(MASK)
    image.putpalette([*PALETTE, *[255] * (768 - len(PALETTE))])
    return image


GREY_AS_RGB = np.repeat(MASK[..., None], 3, 2)

MODES: dict[str, np.ndarray | Image.Image] = {
    "grey": MASK,
    "palette": make_palette_image(),
    "16 bits": MASK.astype(np.uint16),
    "grey in RGB": GREY_AS_RGB,
    "grey in RGBA": np.concatenate([GREY_AS_RGB, np.full((*SIZE, 1), 255, np.uint8)], 2),
}


@pytest.mark.parametrize("mode", MODES)
def test_masks_of_all_modes(mode: str, tmp_path: Path) -> None:
    write_pairs(tmp_path / "set", MODES[mode])
    data = read(tmp_path)
    assert data.classes == ("0", "1", "2")
    assert data.has_masks and data.channels == 1
    assert data.train.pixels.shape == (2, *SIZE, 2)
    assert (get_masks(data) == CODED).all()
    assert data.train.pixels[:][1, ..., 0].eq(10).all()
    assert data.train.targets.tolist() == [0, 0]
    assert data.train.files == ("images/0.png", "images/1.png")


def test_masks_of_one_bit(tmp_path: Path) -> None:
    bits = MASK == 1
    write_pairs(tmp_path / "set", Image.fromarray(bits))
    assert (get_masks(read(tmp_path, classes=2)) == bits + 1).all()


@pytest.mark.parametrize("ending", ["tif", "bmp"])
def test_a_mask_may_have_another_ending(ending: str, tmp_path: Path) -> None:
    write_pairs(tmp_path / "set", MASK, ending=ending)
    assert (get_masks(read(tmp_path)) == CODED).all()


def test_colours_of_classes(tmp_path: Path) -> None:
    """A file of names tells the colours, whatever the mode; the class of the number that is ignored counts not."""
    (tmp_path / "set").mkdir()
    names = "sky #000000\n\nred car  #c80000\ntree #00C800\nvoid #090909\n"
    (tmp_path / "set/classes.txt").write_text(names, encoding="utf-8-sig")
    write_pairs(tmp_path / "set", COLOURS[np.where(MASK == 255, 3, MASK)])
    data = read(tmp_path, names="classes.txt", classes=None, ignored=3)
    assert data.classes == ("sky", "red car", "tree", "void")
    assert (get_masks(data) == CODED).all()


PARTS = ("train", "test")

LAYOUTS = {
    "one folder": ("set/images/{}/{}.png", "set/masks/{}/{}.png", {"path": "set"}, ()),
    "parts with both": ("set/{}/images/{}.png", "set/{}/masks/{}.png", {"path": "set"}, PARTS),
    "two trees": ("images/{}/{}.png", "masks/{}/{}.png", {"path": "images"}, PARTS),
    "two folders": ("a/train/x/{}/{}.png", "a/train/y/{}/{}.png", {"path": "a/train/x", "masks": "a/train/y"}, PARTS),
    "named in the spec": ("set/{}/images/{}.png", "set/{}/gt/{}.png", {"masks": "elsewhere/gt"}, PARTS),
    "names of parts": ("set/{}ing/img/{}.png", "set/{}ing/masks/{}.png", {}, PARTS),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_folders(layout: str, tmp_path: Path) -> None:
    image, mask, how, parts = LAYOUTS[layout]
    for place, part in enumerate(PARTS):
        for number in range(2 + place):
            write(tmp_path / image.format(part, number), np.full(SIZE, 10 * number, np.uint8))
            write(
                tmp_path / mask.format(part, number), np.where(MASK == 255, 255, (MASK + number) % 3).astype(np.uint8)
            )
    notes: list[str] = []
    data = read(tmp_path, notes, **how)
    assert [len(part) for part in data.parts().values()] == ([2, 3] if parts else [5])
    greys = data.train.pixels[:][..., 0, 0, 0].tolist()
    expected = [np.where(MASK == 255, 0, (MASK + grey // 10) % 3 + 1) for grey in greys]
    assert (get_masks(data) == np.array(expected)).all()
    assert not [note for note in notes if "mask" in note and "decoded" not in note]


def test_a_table_names_masks(tmp_path: Path) -> None:
    write_pairs(tmp_path, MASK, images=3)
    rows = ["file,seg,part", *(f"images/{n}.png,masks/{n}.png,{'test' if n == 2 else 'train'}" for n in range(3))]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    data = read(tmp_path, path="labels.csv", image="file", mask="seg", part="part")
    assert [len(part) for part in data.parts().values()] == [2, 1]
    assert (get_masks(data) == CODED).all()


def test_a_table_without_some_masks(tmp_path: Path) -> None:
    write_pairs(tmp_path, MASK, images=2)
    (tmp_path / "labels.csv").write_text(
        "image,mask\nimages/0.png,masks/0.png\nimages/1.png,\nimages/1.png,masks/7.png\n"
    )
    with pytest.raises(DataProblem, match=re.escape("line 3 (no mask), line 4 (there is no masks/7.png)")):
        read(tmp_path, path="labels.csv", mask="mask")
    assert len(read(tmp_path, path="labels.csv", mask="mask", skip_bad=True).train) == 1


def test_a_mask_is_resized_and_cut_as_its_image_to_the_nearest_pixel(tmp_path: Path) -> None:
    """Twice the size, and a margin at the sides that the centre crop leaves out."""
    large = MASK.repeat(2, 0).repeat(2, 1)
    wide = np.pad(large, ((0, 0), (4, 4)), constant_values=1)
    write(tmp_path / "set/images/0.png", np.where(wide == 255, 0, 100 * wide).astype(np.uint8))
    write(tmp_path / "set/masks/0.png", wide)
    pixels = read(tmp_path).train.pixels[:]
    assert (np.asarray(pixels[0, ..., 1]) == CODED).all()
    inside = pixels[..., 1] > 0
    torch.testing.assert_close(pixels[..., 0][inside].float(), 100.0 * (pixels[..., 1][inside] - 1), atol=60, rtol=0)


def test_a_cache_with_masks_stands_beside_one_without_and_follows_the_masks(tmp_path: Path) -> None:
    write_pairs(tmp_path / "set", MASK)
    notes: list[str] = []
    read(tmp_path, notes)
    read(tmp_path, notes)
    assert ["decoded" in note for note in notes] == [True, True] and "read from" in notes[1]
    write(tmp_path / "set/masks/1.png", np.where(MASK == 255, 255, 2 - MASK.clip(max=2)).astype(np.uint8))
    assert (get_masks(read(tmp_path, notes))[0] == CODED).all()
    assert get_masks(read(tmp_path, notes))[1, 0, 0] == 3


BAD: dict[str, tuple[np.ndarray | Image.Image, dict[str, Any], str]] = {
    "another size": (MASK[:5], {}, "1.png (its mask is 5×6, and it is 8×6)"),
    "values": (MASK, {"classes": 2}, "(its mask has 2, and the 2 classes are 0 to 1)"),
    "smooth edges": (
        np.arange(48, dtype=np.uint8).reshape(SIZE),
        {},
        "(its mask has 3, 4, 5, 6 and 41 more, and the 3 classes are 0 to 2)",
    ),
    "255 that counts": (MASK, {"ignored": None}, "(its mask has 255, and the 3 classes are 0 to 2)"),
    "colours": (COLOURS[MASK.clip(max=3)], {}, "(its mask has colours, and a file of names does not say which class"),
    "other colours": (
        COLOURS[MASK.clip(max=3)],
        {"names": "classes.txt", "classes": None},
        "(its mask has #00c800, #090909, which are the colour of no class)",
    ),
    "floats": (MASK.astype(np.float32), {}, "(its mask has the mode F, and a mask has a whole number or a colour"),
}


@pytest.mark.parametrize("what", BAD)
def test_masks_that_cannot_be_used(what: str, tmp_path: Path) -> None:
    """One image of three has such a mask; it is named, and left out on request."""
    mask, how, message = BAD[what]
    plain = np.where(MASK == 255, 255 if how.get("ignored", 255) else 0, MASK.clip(max=1)).astype(np.uint8)
    write_pairs(tmp_path / "set", plain if "names" not in how else COLOURS[plain.clip(max=1)], images=3, ending="tif")
    write(tmp_path / "set/masks/1.tif", mask)
    (tmp_path / "set/classes.txt").write_text("sky #000000\ncar #c80000\n")
    with pytest.raises(DataProblem, match=re.escape(message)) as found:
        read(tmp_path, **how)
    assert str(found.value).startswith("1 of 3 files cannot be used: images/1.png")
    assert len(read(tmp_path, skip_bad=True, **how).train) == 2


def test_images_without_masks_and_masks_without_images(tmp_path: Path) -> None:
    write_pairs(tmp_path / "set", MASK, images=4)
    for name in ("masks/1.png", "masks/2.png", "images/3.png"):
        (tmp_path / "set" / name).unlink()
    text = "2 of 3 images have no mask: images/1.png, images/2.png; a mask has the name of its image, below"
    with pytest.raises(DataProblem, match=re.escape(text)):
        read(tmp_path)
    notes: list[str] = []
    assert len(read(tmp_path, notes, skip_bad=True).train) == 1
    assert any("1 mask without an image: 3.png" in note for note in notes)


def test_black_and_white_masks_are_explained(tmp_path: Path) -> None:
    white = np.where(MASK == 1, 255, 0).astype(np.uint8)
    write_pairs(tmp_path / "set", white)
    with pytest.raises(DataProblem, match=r"less than two classes; the value 255 is ignored\. Where masks are black"):
        read(tmp_path, classes=2)
    (tmp_path / "set/names.txt").write_text("background #000000\nobject #ffffff")
    assert (get_masks(read(tmp_path, names="names.txt", classes=None)) == white // 255 + 1).all()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("sky\nsky\n", "names the class sky twice"),
        ("sky #000000\ncar\n", "has 1 colours for 2 classes; each has its own, or none has"),
        ("sky #000000\ncar #000000\n", "has 1 colours for 2 classes"),
        ("sky\n", "masks have from 2 to 254 classes, and these have 1"),
        ("", "masks have from 2 to 254 classes, and these have 0"),
        (b"sk\xff\n", "is not text in UTF-8, with the name of a class on each line"),
    ],
)
def test_files_of_names_that_make_no_sense(names: str | bytes, message: str, tmp_path: Path) -> None:
    write_pairs(tmp_path / "set")
    (tmp_path / "set/classes.txt").write_bytes(names if isinstance(names, bytes) else names.encode())
    with pytest.raises(DataProblem, match=re.escape(message)):
        read(tmp_path, names="classes.txt", classes=None)


def test_what_is_not_there(tmp_path: Path) -> None:
    write_pairs(tmp_path / "set")
    for how, message in (
        ({"masks": "labels"}, "there is no folder labels"),
        ({"names": "names.txt"}, "there is no file names.txt"),
        ({"classes": None}, "from 2 to 254 classes, and these have 0"),
        ({"masks": ""}, "have no masks; masks="),
    ):
        with pytest.raises((DataProblem, CannotRun), match=re.escape(message)):
            read(tmp_path, **how)
    write(tmp_path / "set/masks/0.bmp", MASK)
    with pytest.raises(DataProblem, match="are masks of the same image"):
        read(tmp_path)


def test_a_run_keeps_its_classes_on_other_images(tmp_path: Path) -> None:
    write_scenes(tmp_path / "set", images=5, parts=("test",))
    data = read(tmp_path, path="set/test", classes=None, classes_of_run=NAMES, shape=(16, 16, 1))
    assert data.classes == NAMES
    assert len(data.train) == 5


def test_the_cache_does_not_depend_on_how_the_folder_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run names its data by the folder of its spec, which training may have been given in relation to another one."""
    write_pairs(tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    for place in (Path(), tmp_path, tmp_path / "set/.."):
        notes: list[str] = []
        read(place, notes)
        assert [note.split()[0] for note in notes] == ["decoded" if place == Path() else "2"]


@pytest.mark.parametrize(("kept", "reason"), [(0, "it is empty"), (60, "")])
def test_a_damaged_mask_is_named_as_the_cause(kept: int, reason: str, tmp_path: Path) -> None:
    write_pairs(tmp_path / "set", images=3)
    mask = tmp_path / "set/masks/1.png"
    mask.write_bytes(mask.read_bytes()[:kept])
    with pytest.raises(DataProblem, match=re.escape(f"images/1.png (its mask {mask}: {reason}")):
        read(tmp_path)


def test_the_part_without_masks_is_named(tmp_path: Path) -> None:
    for part in PARTS:
        write_pairs(tmp_path / "set" / part)
    (tmp_path / "set/train/masks/1.png").unlink()
    folder = tmp_path / "set/train/masks"
    with pytest.raises(DataProblem, match=re.escape(f"below {folder}, which has 1, such as {folder / '0.png'}")) as one:
        read(tmp_path)
    assert str(one.value).startswith("1 of 4 images has no mask: train/images/1.png")
    (folder / "0.png").unlink()
    folder.rmdir()
    with pytest.raises(DataProblem, match=re.escape(f"{folder.parent} has no folder of masks, and there is no folder")):
        read(tmp_path)


def test_masks_are_the_same_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path / "images/set")
    write_pairs(tmp_path / "other")
    notes: list[str] = []
    for root in (Path(), tmp_path):
        read(root, notes, path="images/set/images", masks="images/set/masks")
    assert ["read from" in note for note in notes] == [False, True]
