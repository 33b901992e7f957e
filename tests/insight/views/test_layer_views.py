"""Views of a layer: its maps are those of a hook, its kernels the very weights, its units are excited."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_views import BRANCHES, FLAT, build_run, make_view
from torch import Tensor

from specnet.insight.ascent import maximise
from specnet.training import CannotRun

TRAIN = 'train { data folder "photos" }\n'


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_features_are_what_a_hook_sees(picture: Path) -> None:
    run, seen = build_run(), list[Tensor]()
    run.model.get_submodule("conv2_relu").register_forward_hook(lambda module, inputs, output: seen.append(output))
    run.probabilities(torch.from_numpy(np.array(Image.open(picture)))[None])
    view = make_view(run, "features", image=picture, layer="conv2_relu")
    expected = seen[0][0]
    record = view.record()
    assert record["output"] == [8, 8, 6]
    assert [each["max"] for each in record["maps"]] == pytest.approx(expected.amax((1, 2)).tolist(), rel=1e-5)
    drawn = [image.get_array() for image in view.figure().axes[0].get_images()]
    np.testing.assert_allclose(np.stack(drawn), expected, rtol=1e-5)


def test_the_strongest_maps_are_shown(picture: Path) -> None:
    record = make_view(build_run(), "features", image=picture, layer="conv1_relu", count=3).record()
    means = {each["channel"]: each["mean"] for each in record["maps"]}
    assert record["shown"] == sorted(means, key=lambda channel: -means[channel])[:3]


@pytest.mark.parametrize(("layer", "tiles"), [("conv1", 8), ("conv2", 48)])
def test_filters_are_the_very_weights(layer: str, tiles: int) -> None:
    run = build_run()
    weights = run.model.get_parameter(f"{layer}.weight").detach().numpy()
    view = make_view(run, "filters", layer=layer)
    drawn = np.stack([np.asarray(image.get_array()) for image in view.figure().axes[0].get_images()])
    end = np.abs(weights).max()
    expected = weights.transpose(0, 2, 3, 1) if layer == "conv1" else weights.reshape(tiles, 3, 3)
    np.testing.assert_allclose((2 * drawn - 1) * end if layer == "conv1" else drawn, expected, atol=1e-6)
    assert view.record()["norms"] == pytest.approx(np.linalg.norm(weights.reshape(len(weights), -1), axis=1).tolist())


@pytest.mark.parametrize("text", ["", BRANCHES, FLAT])
def test_units_are_excited(text: str) -> None:
    run = build_run(text) if text else build_run()
    for layer in list(run.model.meta["values"])[-3:]:  # type: ignore[union-attr,arg-type]
        for unit in make_view(run, "maximise", layer=layer, count=2).record()["units"]:
            assert unit["activation"] >= unit["activation_at_noise"]


def test_a_convolution_is_excited_tenfold() -> None:
    """The units of a second convolution, whose noise is near zero on average."""
    units = make_view(build_run(), "maximise", layer="fc3").record()["units"]
    found = [unit["activation"] / abs(unit["activation_at_noise"]) for unit in units]
    assert sorted(found)[len(found) // 2] > 10
    silent = make_view(build_run(), "maximise", layer="conv2_relu", unit=0).record()["units"][0]
    assert silent["activation"] > 10 * silent["activation_at_noise"]


def test_a_silent_unit_is_excited() -> None:
    """A relu that gives 0 for the noise has no gradient, and what it reads is climbed."""
    run = build_run(f"input 8x8x1\na: conv K=2 F=3 -> relu\nfc 2\n{TRAIN}")
    with torch.no_grad():
        run.model.get_parameter("a.bias").fill_(-0.5)
        run.model.get_parameter("a.weight").mul_(2)
    found = maximise(run, "a_relu", [0, 1], 0)
    assert found.at_noise.max() < 0.01
    assert found.after.min() > 0.2


def test_ascent_is_reproducible() -> None:
    images = [maximise(build_run(), "conv1", [1], seed).images for seed in (0, 0, 1)]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])


def test_a_unit_that_there_is_not_is_refused() -> None:
    with pytest.raises(CannotRun, match="`conv1` has no unit 8; its units are 0 to 7"):
        make_view(build_run(), "maximise", layer="conv1", unit=8)
