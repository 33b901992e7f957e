"""What `check` says of the settings of a segmentation: outputs that are no map, data without masks, mixed images."""

from __future__ import annotations

import re

import pytest

from specnet.api import check

SPEC = """net Small
input {input}
conv K=8 F=3 P=1 -> relu -> {end}
train {{
  task segment {task}
  data {data}
  {more}
}}
"""

MASKS = 'folder "scenes" masks="masks"'


def list_messages(
    end: str = "conv K=3 F=1", data: str = f"{MASKS} classes=3", more: str = "", task: str = "", size: str = "16x16x1"
) -> list[str]:
    checked = check(SPEC.format(input=size, end=end, data=data, more=more, task=task))
    return [" ".join((each.message, *each.notes, each.help)) for each in checked.diagnostics]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"task": "ignore=0"},
        {"more": "loss dice cross_entropy=1"},
        {"more": "loss focal gamma=2"},
        {"more": "loss cross_entropy weights=balanced"},
        {"more": "evaluate mirror"},
        {"more": "augment crop pad=4 -> flip -> rotate 10 -> noise 3"},
        {"data": f'{MASKS} names="classes.txt"'},
        {"data": f'{MASKS} names="sky,road,car"'},
        {"data": 'csv "labels.csv" mask=mask classes=3'},
        {"end": "pool max F=2 -> upsample to=16x16 -> conv K=3 F=1"},
    ],
    ids=str,
)
def test_sound_settings(how: dict[str, str]) -> None:
    assert list_messages(**how) == []


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"end": "fc 3"}, "the network's output is a vector of 3, and `task segment` needs 16×16 pixels"),
        (
            {"end": "pool max F=4 -> conv K=3 F=1"},
            "has 4×4 pixels, and its image 16×16; `upsample to=16x16` brings it to that of the image",
        ),
        (
            {"end": "pool max F=2 -> conv K=3 F=3 P=1"},
            "has 8×8 pixels, and its image 16×16, of which its positions are 2×2 apart: a mask has a class for each",
        ),
        ({"end": "conv K=4 F=3 S=1x2 P=1 -> conv K=3 F=1"}, "of which its positions are 1×2 apart"),
        ({"end": "upsample 2 -> conv K=3 F=1"}, "has 32×32 pixels, and its image 16×16; `upsample to=16x16`"),
        ({"end": "conv K=3 F=2"}, "has 15×15 pixels, and its image 16×16: it stands for the centre of the mask"),
        ({"end": "conv K=2 F=1"}, "the network has 2 outputs, and the data has 3 classes"),
        ({"end": "conv K=4 F=1"}, "the network has 4 outputs, and the data has 3 classes"),
        ({"data": "mnist"}, "`task segment` needs a mask for each image, and `data mnist` names none"),
        ({"data": 'folder "scenes"'}, "`task segment` needs a mask for each image, and `data folder` names none"),
        ({"data": MASKS}, "the classes of the masks are not known; `classes=3` says that there are as many as outputs"),
        ({"data": f'{MASKS} classes=4 names="a,b,c"'}, "`folder` has 3 `names`, and `classes` is 4"),
        ({"data": f'{MASKS} names="sky,sky"'}, "it names different classes, at least two, as in"),
        ({"data": f'{MASKS} label="{{class}}.*"'}, "has the classes of images, `label`, or those of their pixels"),
        ({"more": "augment mixup"}, "`augment mixup` mixes labels of whole images, and `task segment` has none"),
        (
            {"more": "evaluate shift=1"},
            "`evaluate shift` averages the outputs for a whole image, and those of `task segment`",
        ),
        ({"more": "loss cross_entropy weights=[1, 2]"}, "`loss … weights` has 2 numbers, and the network 3 outputs"),
        ({"more": "loss mse"}, "`loss mse` does not suit `task segment`, whose images come with a mask"),
        ({"more": "loss lovasz_softmax"}, "`dice` is the loss that is made of the overlap"),
        ({"task": "ignore=256"}, "ignore"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_said(how: dict[str, str], message: str) -> None:
    found = list_messages(**how)
    assert any(re.search(re.escape(message), text) for text in found), found


def test_masks_are_for_segmentation() -> None:
    spec = SPEC.format(input="16x16x1", end="fc 3", data=f"{MASKS} classes=3", more="", task="")
    found = [each.message for each in check(spec.replace("task segment", "task classify")).diagnostics]
    assert any("the data comes with masks, and `task classify` with one class" in text for text in found)


def test_data_without_targets_is_told_once() -> None:
    found = list_messages(data="digits", size="8x8x1")
    assert len(found) == 1 and "needs a mask for each image" in found[0]


@pytest.mark.parametrize(
    "end",
    [
        "conv K=4 F=5 -> conv K=3 F=1",
        "@a\n@a -> pool max F=2 -> upsample 2 -> @b\n@a -> concat @b -> conv K=3 F=3",
        "pool max F=2 -> deconv K=4 F=2 S=2 -> conv K=3 F=3",
    ],
)
def test_the_centre_of_the_mask_suffices(end: str) -> None:
    assert not [text for text in list_messages(end) if "pixels" in text and "network's output" in text]
