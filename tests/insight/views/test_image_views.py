"""Views of an image work on odd networks: one class, branches, a softmax at the end, no maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_views import BRANCHES, FLAT, TWO_CONVOLUTIONS, build_digits_run, build_run, make_view

from specnet.insight.views import predictions

THOUSAND = 'net Thousand\ninput 32x24x3\nconv K=4 F=3 P=1 -> relu\nfc 1000\ntrain { data folder "photos" }\n'


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.mark.parametrize("view", ["occlusion", "saliency"])
@pytest.mark.parametrize("text", [FLAT, BRANCHES, TWO_CONVOLUTIONS, THOUSAND], ids=["flat", "branches", "two", "many"])
def test_any_network(text: str, view: str, picture: Path) -> None:
    run = build_run(text)
    found = make_view(run, view, image=picture)
    record = found.record()
    height, width = run.input_shape[:2]
    for place in record.get("maxima", {"": record.get("maximum")}).values():
        assert 0 <= place["row"] < height
        assert 0 <= place["column"] < width
    assert found.render().startswith(b"\x89PNG")


def test_of_one_class_the_probability_never_falls(picture: Path) -> None:
    record = make_view(build_run(FLAT), "occlusion", image=picture).record()
    assert (record["probability"], record["largest_drop"]) == (1.0, 0.0)


def test_a_network_without_maps_has_no_grad_cam(picture: Path) -> None:
    record = make_view(build_run(FLAT), "saliency", image=picture).record()
    assert record["layer"] is None
    assert list(record["maxima"]) == ["gradient"]


def test_of_many_predictions_the_first_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "MOST_DRAWN", 2)
    found = make_view(build_digits_run("input 8x8x1\nfc 10\ntrain { data digits }\n"), "predictions", count=5)
    record = found.record()
    assert len(record["predictions"]) == 5 and record["caption"].endswith("The first 2 are drawn.")
    assert sum(bool(axes.images) for axes in found.figure().axes) == 2
