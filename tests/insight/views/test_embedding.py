"""Images are laid out by their features, the same way every time, whatever the layer and however few they are."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from small_views import build_digits_run, make_view

from specnet.insight.images import load_unseen
from specnet.insight.layers import compute_output
from specnet.insight.request import Request
from specnet.insight.views.embedding import choose_layer, measure_separation
from specnet.training import CannotRun, LoadedRun
from specnet.training.errors import Unsuitable

TRAIN = "train { data digits }\n"

PLAIN = f"""net Plain
input 8x8x1
conv1: conv K=6 F=3 P=1 -> relu
pool1: pool max F=2
fc2: fc 12 -> relu
fc3: fc 10
{TRAIN}"""


@pytest.fixture(scope="module")
def run() -> LoadedRun:
    return build_digits_run(PLAIN)


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        (PLAIN, "fc2_relu"),
        ("input 8x8x1\nconv1: conv K=6 F=3\npool1: pool avg F=2\nfc 10\n", "pool1"),
        ("input 8x8x1\nconv1: conv K=10 F=3 -> relu -> pool avg global -> flatten\n", "conv1_pool"),
        ("input 8x8x1\nfc1: fc 10\n", "fc1"),
    ],
)
def test_the_usual_layer_is_what_the_last_fc_reads(text: str, layer: str) -> None:
    assert choose_layer(build_digits_run(text if "train" in text else text + TRAIN)) == layer


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_the_same_seed_gives_the_same_places(run: LoadedRun, method: str) -> None:
    one, other, third = (make_view(run, "embedding", method=method, count=60, seed=s).record() for s in (0, 0, 1))
    assert one == other
    assert one["points"] != third["points"]
    assert (one["layer"], one["method"], one["features"], len(one["points"])) == ("fc2_relu", method, 12, 60)
    assert np.isfinite([(point["x"], point["y"]) for point in one["points"]]).all()


def test_labels_and_predictions_are_those_of_the_images(run: LoadedRun) -> None:
    record = make_view(run, "embedding", method="pca", count=40).record()
    images = load_unseen(run, Request())[1]
    for point in record["points"]:
        number = torch.tensor([int(point["image"].removeprefix("test:"))])
        assert point["label"] == int(images.labels[number])
        assert point["prediction"] == int(run.probabilities(images.pixels[number]).argmax())


def test_principal_components_explain_what_they_do(run: LoadedRun) -> None:
    record = make_view(run, "embedding", method="pca", count=359, layer="fc2").record()
    features = compute_output(run, load_unseen(run, Request())[1].pixels[:], "fc2").numpy()
    expected = PCA(2).fit(features).explained_variance_ratio_
    assert record["explained_variance"] == pytest.approx(expected.tolist(), rel=1e-3)


def test_maps_are_averaged_and_it_is_said(run: LoadedRun) -> None:
    view = make_view(run, "embedding", layer="conv1_relu", count=30)
    assert (view.record()["features"], view.record()["averaged_maps"]) == (6, "8×8")
    assert "Of each map of 8×8, the mean is the feature." in view.caption
    assert "mean" not in make_view(run, "embedding", count=30).caption


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("count", [3, 4, 5, 12])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_few_images(run: LoadedRun, method: str, count: int, theme: str) -> None:
    view = make_view(run, "embedding", method=method, count=count)
    assert len(view.record()["points"]) == count
    view.figure(theme)


def test_one_feature_and_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    one = build_digits_run("input 8x8x1\nfc1: fc 1\nfc 10\n" + TRAIN)
    part, images = load_unseen(one, Request())
    alike = images.take(images.labels == 3)
    monkeypatch.setattr("specnet.insight.views.embedding.load_unseen", lambda run, request: (part, alike))
    for method in ("pca", "tsne"):
        view = make_view(one, "embedding", method=method)
        assert view.record()["neighbour_accuracy"] == 1
        assert len(view.record()["points"]) == len(alike)
        view.figure()


def test_many_classes_are_named_at_their_points(run: LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    part, images = load_unseen(run, Request())
    many = replace(images, targets=torch.arange(len(images)) % 30)
    monkeypatch.setattr("specnet.insight.views.embedding.load_unseen", lambda run, request: (part, many))
    names = tuple(f"kind {number} $" for number in range(30))
    figure = make_view(replace(run, classes=names), "embedding", method="pca").figure()
    assert [text.get_text() for text in figure.axes[0].texts] == [rf"kind {number} \$" for number in range(30)]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["wrong"]


def test_neighbours_tell_classes_apart() -> None:
    generator = np.random.default_rng(0)
    labels = torch.arange(60) % 3
    apart = labels.numpy()[:, None] * 10 + generator.normal(size=(60, 4))
    assert measure_separation(apart, labels) == 1
    assert measure_separation(generator.normal(size=(60, 4)), labels) < 0.7


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"layer": "fc9"}, CannotRun, "the network has no layer `fc9`; did you mean `fc"),
        ({"count": 2}, CannotRun, "an embedding compares at least 3 images, not 2"),
        ({"method": "umap"}, ValueError, "the method is tsne or pca, and 'umap' is neither"),
    ],
)
def test_refusals(run: LoadedRun, values: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        make_view(run, "embedding", **values)


def test_features_that_are_all_the_same_are_refused() -> None:
    silent = build_digits_run(PLAIN)
    with torch.no_grad():
        silent.model.get_parameter("fc2.bias").fill_(-1e9)
    with pytest.raises(Unsuitable, match="`fc2_relu` has the same features for all images"):
        make_view(silent, "embedding")
