"""Networks of the zoo that are exported as ONNX and imported again are the same graphs, with the same outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from round_trips.comparison import compare, list_differences

from specnet.api import check
from tests.paths import SPECS

UNEQUAL = {"fast-scnn": "torch writes a pool to a size that does not divide its map as a gather of single places"}
"""Networks whose files do not hold what they are, and why."""


@pytest.mark.slow
@pytest.mark.parametrize("spec", sorted(SPECS.glob("*.net")), ids=lambda spec: spec.stem)
def test_a_network_comes_back_as_it_was(spec: Path, tmp_path: Path) -> None:
    comparison = compare(spec, tmp_path)
    if spec.stem in UNEQUAL:
        assert not comparison.is_same, "it comes back now: take it out of UNEQUAL"
        return
    assert comparison.is_same, str(comparison)
    assert "outputs differ by at most" in comparison.weights


def test_other_layers_are_told_apart_and_those_that_do_nothing_are_not() -> None:
    text = "net n\ninput 8x8x3\nconv K=4 F=3 P=1\nrelu\ndropout p=0.5\nfc 10\n"
    one = check(text).network
    assert not list_differences(one, check(text.replace("dropout p=0.5\n", "flatten\n")).network)
    assert list_differences(one, check(text.replace("K=4", "K=5")).network)
    assert list_differences(one, check(text.replace("relu\n", "")).network)
