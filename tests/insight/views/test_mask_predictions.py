"""The view `predictions` of a segmentation: images, masks and answers, with the figures of each image."""

from __future__ import annotations

import json

import pytest
from scenes_of_squares import NAMES, write_scenes

import specnet
from specnet.insight.registry import VIEWS
from specnet.insight.request import make_request
from specnet.insight.show import compute_view
from specnet.runs import load_run
from specnet.training import LoadedRun, Unsuitable

SPEC = """net Squares
input 16x16x1
conv K=8 F=3 P=1 -> relu -> conv K=3 F=3 P=1
train {
  task segment
  data folder "scenes" masks="masks" names="background,bright,dark"
  optimizer adam lr=0.02
  batch 16
  epochs 4
}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    folder = tmp_path_factory.mktemp("segmentation")
    write_scenes(folder / "scenes", images=50)
    return load_run(specnet.train(SPEC, data_dir=folder, run=folder / "run").folder)


@pytest.mark.parametrize("wrong", [False, True])
def test_images_are_shown_with_their_figures(run: LoadedRun, wrong: bool) -> None:
    view = compute_view(run, "predictions", make_request("predictions", {"count": 4, "wrong": wrong}, None, print))
    rows = view.values["predictions"]
    assert len(rows) == 4
    assert all(0 <= row["miou"] <= 1 and list(row["per_class_iou"]) == list(NAMES) for row in rows)
    assert all(row["file"].startswith("test/images/") for row in rows)
    for row, line in zip(rows, view.summary[1:], strict=True):
        assert line.startswith(f"{row['image']}  {row['file']}  mIoU {row['miou']:.2%} of the 3 classes of its mask, ")
    if wrong:
        assert [row["miou"] for row in rows] == sorted(row["miou"] for row in rows)
    json.dumps(view.record(), allow_nan=False)
    figure = view.figure()
    assert len(figure.axes) == 4 * 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(NAMES)


@pytest.mark.parametrize("name", sorted(name for name, info in VIEWS.items() if info.of_classes))
def test_views_of_classes_of_images_are_refused(run: LoadedRun, name: str) -> None:
    given = dict.fromkeys(VIEWS[name].needs, "test:0")
    with pytest.raises(Unsuitable, match="explains the class of an image, and `task segment` trains with a mask"):
        compute_view(run, name, make_request(name, given, None, print))


def test_other_views_read_images_without_their_masks(run: LoadedRun) -> None:
    for name, given in (("features", {"image": "test:1", "layer": "conv1"}), ("dead", {}), ("initialization", {})):
        assert compute_view(run, name, make_request(name, given, None, print)).values
