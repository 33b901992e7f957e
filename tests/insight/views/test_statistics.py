"""The curves of a run that was trained with statistics, and what is said of one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest

import specnet
from specnet.insight.views.statistics import NAMED, PANELS
from specnet.training import CannotRun

NETWORK = """net Small
input 8x8x1
conv1: conv K=8 F=3 P=1 -> bn -> relu
fc2: fc 16 -> relu
fc3: fc 10
train { data digits
        batch 256
        epochs 2 }
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return specnet.train(NETWORK, run=tmp_path_factory.mktemp("run") / "a", statistics=True).folder


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_panel_has_a_curve_for_each_layer(trained: Path, theme: str) -> None:
    view = specnet.show(trained, "statistics")
    record = view.record()
    layers = ["conv1", "conv1_bn", "conv1_relu", "fc2", "fc2_relu", "fc3"]
    assert (record["images"], record["epochs"], list(record["layers"])) == (256, [0, 1, 2], layers)
    *panels, key = view.figure(theme).axes
    for axes, statistic in zip(panels, PANELS, strict=True):
        assert len(axes.lines) == len(layers)
        assert axes.lines[0].get_ydata()[2] == record["layers"]["conv1"][statistic][2] or statistic in ("zeros", "dead")
    assert len(key.get_legend().get_texts()) == len(layers) < NAMED


def test_a_run_without_says_so(tmp_path: Path) -> None:
    run = specnet.train(NETWORK, {"epochs": 1}, run=tmp_path / "b").folder
    with pytest.raises(CannotRun, match="the run has no statistics, as it was trained without `statistics"):
        specnet.show(run, "statistics")
