"""Occlusion: where patches lie, and that the place which the class depends on is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_views import build_run, make_view

from specnet.insight.views.occlusion import make_mask, place_patches, spread
from specnet.training import LoadedRun

CORNER = 'net Corner\ninput 16x16x1\nfc 2 bias=no\ntrain { data folder "photos" }\n'


def build_corner_reader() -> LoadedRun:
    """Return a run whose second class is the brightness of the square of rows 2 to 5 and columns 8 to 11."""
    run = build_run(CORNER)
    weights = torch.zeros(2, 16, 16)
    weights[1, 2:6, 8:12] = 0.2
    with torch.no_grad():
        next(run.model.parameters()).copy_(weights.view(2, -1))
    return run


def test_the_largest_fall_is_where_the_class_is_read(tmp_path: Path) -> None:
    pixels = np.zeros((16, 16), np.uint8)
    pixels[2:6, 8:12] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    record = make_view(build_corner_reader(), "occlusion", image=tmp_path / "a.png", class_name="kind 1").record()
    place = record["maximum"]
    assert 2 <= place["row"] < 6
    assert 8 <= place["column"] < 12
    assert record["largest_drop"] == pytest.approx(max(max(row) for row in record["drops"]))
    assert record["largest_drop"] > 0.1


@pytest.mark.parametrize(("side", "patch", "stride"), [(8, 2, 1), (16, 3, 1), (32, 6, 2), (96, 16, 6), (227, 38, 13)])
def test_every_pixel_is_covered_about_as_often(side: int, patch: int, stride: int) -> None:
    covered = np.zeros(side, int)
    for start in place_patches(side, patch, stride):
        covered[max(start, 0) : start + patch] += 1
    assert covered.min() >= patch // stride
    assert covered.max() - covered.min() <= 1


def test_a_pixel_has_the_mean_of_its_patches() -> None:
    masks = torch.stack([make_mask((2, 3), place, (1, 2)) for place in ((0, -1), (0, 0), (1, 1))])
    heat = spread(masks, torch.tensor([0.2, 0.4, 0.6]))
    torch.testing.assert_close(heat, torch.tensor([[0.3, 0.4, 0.0], [0.0, 0.6, 0.6]]))
