"""On a digit in a noisy field, the views point at the digit."""

from __future__ import annotations

from pathlib import Path

import pytest
from digit_fields import draw_fields, train_finder
from PIL import Image
from small_views import make_view

from specnet.training import LoadedRun

IMAGES = 100


@pytest.fixture(scope="module")
def finder() -> LoadedRun:
    return train_finder()


@pytest.mark.slow
def test_maxima_fall_on_the_digit(finder: LoadedRun, tmp_path: Path) -> None:
    data = draw_fields(IMAGES, 1)
    right = (finder.probabilities(data.pixels).argmax(1) == data.labels).sum().item()
    hits = {"occlusion": 0, "gradient": 0, "grad_cam": 0}
    for number in range(IMAGES):
        path = tmp_path / f"{number}.png"
        Image.fromarray(data.pixels[number, :, :, 0].numpy()).save(path)
        occlusion = make_view(finder, "occlusion", image=path).record()
        maxima = {"occlusion": occlusion["maximum"], **make_view(finder, "saliency", image=path).record()["maxima"]}
        for view, place in maxima.items():
            hits[view] += data.has_digit(number, place)
    assert right > 0.9 * IMAGES
    assert min(hits.values()) > 0.8 * IMAGES, hits


@pytest.mark.slow
def test_a_learned_class_is_excited_tenfold(finder: LoadedRun) -> None:
    units = make_view(finder, "maximise", layer="fc4").record()["units"]
    gains = sorted(unit["activation"] / abs(unit["activation_at_noise"]) for unit in units)
    assert gains[len(gains) // 4] > 10, gains
