"""The parts from which a page assembles a diagram: every box, scope and edge, whatever is folded."""

from __future__ import annotations

import json
import re

import pytest
from paths import ERRORS, SPECS

from specnet.backends.diagram.parts import list_parts
from specnet.compiler import check_source
from specnet.source import Source


@pytest.mark.parametrize("name", ["alexnet", "unet", "resnet50", "googlenet-heads", "siamese"])
def test_parts_are_consistent(name: str) -> None:
    checked = check_source(Source(name, (SPECS / f"{name}.net").read_text(encoding="utf-8")))
    parts = json.loads(json.dumps(list_parts(checked)))
    held = [*parts["contents"], *(inner for scope in parts["scopes"].values() for inner in scope["contents"])]
    assert sorted(held) == sorted([*parts["boxes"], *parts["scopes"]])
    layers = [layer for part in (parts["boxes"], parts["scopes"]) for each in part.values() for layer in each["layers"]]
    assert sorted(layers) == sorted(node.name for node in checked.network.nodes)
    ends = parts["boxes"].keys() | parts["terminals"].keys()
    assert all({edge["source"], edge["target"]} <= ends for edge in parts["edges"])


NESTED = """input 8x8x3
repeat 2 { repeat 3 { conv K=3 F=3 P=1 } }
repeat 2 {
  conv K=5 F=1 -> conv K=3 F=1
  repeat 3 { conv K=3 F=3 P=1 -> conv K=3 F=3 P=1 }
}
pool avg global
"""


def test_the_runs_of_nested_repetitions_count_every_layer_once() -> None:
    runs = list_parts(check_source(Source("x", NESTED)))["runs"]
    shares = {run["scopes"][0]: re.findall(r"(\d+) %", run["folded"]["label"]) for run in runs}
    assert shares == {
        "repeat1.0": ["32"],
        "repeat1.0.repeat1.0.conv1": ["16"],
        "repeat1.1.repeat1.0.conv1": ["16"],
        "repeat2.0": ["68"],
        "repeat2.0.repeat1.0": ["32"],
        "repeat2.1.repeat1.0": ["32"],
    }


def test_alike_neighbours_form_a_run() -> None:
    checked = check_source(Source("resnet50", (SPECS / "resnet50.net").read_text(encoding="utf-8")))
    runs = list_parts(checked)["runs"]
    assert runs[1]["scopes"] == ["conv3_x.1", "conv3_x.2", "conv3_x.3"] and not runs[1]["open"]
    assert "×3" in runs[1]["caption"] and "×3" in runs[1]["folded"]["label"]


def test_broken_networks_have_parts_too() -> None:
    for spec in sorted(ERRORS.glob("*.net"))[:20]:
        assert list_parts(check_source(Source(spec.name, spec.read_bytes().decode(errors="replace"))))["graph"]
