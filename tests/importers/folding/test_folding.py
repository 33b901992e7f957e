"""A fold is the same graph as the flat network, and reads like a file that a person wrote."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flat_networks import anonymise, make_random_network
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import GOLDEN, SPECS
from zoo_sample import sample

import specnet
from specnet.analyses.isomorphism import match_networks
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.importers.folding import Hints, fold
from specnet.importers.folding.folded import AMBITIONS
from specnet.importers.folding.network_file import NetworkFile
from specnet.importers.imported import Scope
from specnet.printer.formatter import format_source
from specnet.source import Source

ZOO = sorted(file.stem for file in SPECS.glob("*.net"))

SHARED = {"siamese", "siamese-mnist"}
"""Networks whose layers share weights, which are written line by line."""


def read(name: str) -> Network:
    return anonymise(specnet.check(SPECS / f"{name}.net").network)


def count_lines(text: str) -> int:
    body, *_ = text.partition("\ntrain {")
    return sum(bool(line.strip()) and not line.startswith("#") for line in body.splitlines())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_every_text_of_a_random_network_is_the_same_graph(seed: int) -> None:
    network = make_random_network(seed)
    for ambition in AMBITIONS:
        text = NetworkFile(network, Hints(), ambition).write()
        checked = check_source(Source("", text))
        assert checked.ok and match_networks(network, checked.network), text


@pytest.mark.parametrize("name", sample(ZOO))
def test_a_network_of_the_zoo_is_folded_at_the_first_try(name: str) -> None:
    network = read(name)
    if name not in SHARED:
        text = NetworkFile(network, Hints(), AMBITIONS[0]).write()
        checked = check_source(Source("", text))
        assert checked.ok and match_networks(network, checked.network)
        assert checked.network.training == network.training
        assert text == format_source(checked.source, checked.lines)  # as `specnet fmt` has it
        assert text == NetworkFile(network, Hints(), AMBITIONS[0]).write()


@pytest.mark.parametrize("name", sorted(SHARED))
def test_layers_that_share_weights_are_written_line_by_line(name: str) -> None:
    network = read(name)
    folded = fold(network)
    assert "same " in folded.text
    assert {*folded.names} >= {node.name for node in network.nodes}


GOLDENS = ["resnet50", "mobilenet-v2", "densenet121", "googlenet", "unet-scenes"]


@pytest.mark.parametrize("name", GOLDENS)
def test_a_fold_reads_like_this(name: str) -> None:
    network = replace(read(name), training=None)
    assert fold(network).text == (GOLDEN / "folds" / f"{name}.net").read_text(encoding="utf-8")


LARGEST = {"resnet50": 25, "mobilenet-v2": 28, "densenet121": 32, "darknet53": 28, "googlenet": 35, "vit-b-16": 16}


@pytest.mark.parametrize(("name", "most"), LARGEST.items())
def test_a_fold_has_few_lines(name: str, most: int) -> None:
    assert count_lines(fold(read(name)).text) <= most


def test_names_lead_from_the_flat_network_to_the_fold() -> None:
    network = read("resnet18")
    folded = fold(network)
    by_name = folded.checked.network.by_name
    assert all(by_name[folded.names[node.name]].layer == node.layer for node in network.nodes)
    assert len({*folded.names.values()}) == len(network.nodes) + 1


def test_training_is_kept() -> None:
    network = read("resnet50")
    assert network.training and fold(network).checked.network.training == network.training


def make_scopes(network: Network) -> dict[str, tuple[Scope, ...]]:
    """Return the modules of torchvision's ResNet around the nodes of that of the zoo."""
    found: dict[str, tuple[Scope, ...]] = {}
    for node in network.nodes:
        stage, *rest = node.name.split(".")
        block = f"{stage}.{rest[0]}" if rest else ""
        found[node.name] = (Scope(stage, "Sequential"), Scope(block, "mypkg.models.BottleneckV2")) if rest else ()
    return found


def test_blocks_and_stages_have_the_names_of_the_source() -> None:
    network = specnet.check(SPECS / "resnet50.net").network
    text = fold(network, Hints(make_scopes(network))).text
    assert "block bottleneck_v2(" in text
    assert "\nconv3_x: bottleneck_v2 128 S=2 -> repeat 3 { bottleneck_v2 128 }    => 28x28x512\n" in text
    assert "\nfc:      fc 1000 " in text


def test_comments_and_expectations_of_the_source_are_printed() -> None:
    network = read("lenet5")
    comments = {"n1": ("first\nline", "second line"), network.nodes[-1].name: ("the last",)}
    parameters = specnet.check(SPECS / "lenet5.net").totals.parameters
    folded = fold(network, Hints(comments=comments, remarks=("from a file",), parameters=parameters))
    lines = folded.text.splitlines()
    assert lines[0] == "# from a file"
    assert lines[lines.index("# first line") + 1] == "# second line"
    assert lines[lines.index("# second line") + 1].startswith("conv K=6")
    assert lines[lines.index("# the last") + 1].startswith("fc 10")
    assert lines[-1] == f"expect parameters {parameters:_}"
    assert "expect" not in fold(network, Hints(parameters=5)).text


def test_a_module_of_the_source_is_a_block_though_another_part_would_save_more() -> None:
    network = specnet.check(SPECS / "mobilenet-v2.net").network
    scopes: dict[str, tuple[Scope, ...]] = {}
    for node in network.nodes:
        stage, *rest = node.name.split(".")
        inner = f"{stage}.{rest[0]}" if rest else stage
        scopes[node.name] = (Scope(inner, "InvertedResidual"),) if rest else ()
    text = fold(network, Hints(scopes)).text
    assert "block stack(" not in text
    text = " ".join(text.split())
    assert (
        "bottleneck3_0_convs1: bottleneck 32 S=2" in text
        and "bottleneck3_1_2: repeat 2 { add { | bottleneck 32 | identity } }" in text
    )


@pytest.mark.parametrize("pools", ["F=2,F=2 S=2", "F=2 S=2,F=2", "F=2,F=2 S=1,F=2 S=2"])
def test_layers_that_are_one_function_are_written_as_they_were_given(pools: str) -> None:
    stages = [f"conv K=8 F=3 {pad} -> bn -> relu\npool max {pool} floor\n"
              for pool in pools.split(",") for pad in ("P=1", "P=same")]  # fmt: skip
    network = specnet.check(f"input 512x512x8\n{''.join(stages * 2)}fc 3\n").network
    assert [node.layer for node in fold(network).checked.network.nodes] == [node.layer for node in network.nodes]


def test_a_text_with_other_attributes_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    network = specnet.check("input 8x8x4\nconv K=4 F=3 P=same\npool max F=2\n").network
    write = NetworkFile.write
    monkeypatch.setattr(NetworkFile, "write", lambda self: write(self).replace("F=2", "F=2 S=2"))
    assert "S=2" not in fold(network).text


def test_a_very_large_network_is_written_line_by_line() -> None:
    builder = specnet.NetworkBuilder("long")
    value = builder.input((8,))
    for _ in range(6_001):
        value = builder.add("relu", value)
    assert count_lines(fold(builder.network(value)).text) == 6_003


def test_arms_that_are_nested_too_deep_are_no_arms() -> None:
    builder = specnet.NetworkBuilder("deep")
    value = builder.input((8,))
    values = [value]
    for _ in range(60):
        values.append(builder.add("fc", values[-1], K=8))
    for before in reversed(values[:-1]):
        value = builder.add("add", values[-1], before)
        values[-1] = value
    network = builder.network(value)
    assert match_networks(network, fold(network).checked.network)


def make_fires(*names: str) -> Network:
    """Return modules of convolutions, those of `fire2` as `fire2_squeeze`, `fire2_mix` …, with pools between."""
    builder = specnet.NetworkBuilder("fires")
    value = builder.input((64, 64, 8))
    for filters, name in enumerate(names, 4):
        value = builder.add("conv", value, K=filters, F=1, name=f"{name}_squeeze")
        value = builder.add("conv", value, K=4, F=3, P=1, name=f"{name}_mix")
        arms = [builder.add("conv", value, K=8, F=1 + 2 * n, P=n, name=f"{name}_expand{n}") for n in range(2)]
        value = builder.add("concat", *arms, name=f"{name}_concat")
        if filters % 2:
            value = builder.add("pool", value, operation="max", F=2, name=f"pool_{name}")
    return builder.network(value)


def test_blocks_and_lines_have_what_the_names_of_the_source_share() -> None:
    text = fold(make_fires("fire2", "fire3", "fire4", "fire5")).text
    assert "block fire(" in text
    assert all(f"\n{label}: " in text for label in ("fire2_3", "fire4_5", "pool_fire3"))
    assert "stage" not in text


def test_lines_that_the_source_has_no_names_for_are_stages_in_order() -> None:
    text = fold(anonymise(make_fires("a", "b", "c", "d"))).text
    labels = [line.partition(":")[0] for line in text.splitlines() if line.startswith("stage")]
    assert labels == ["stage1", "stage2"]


def test_a_projection_that_occurs_once_has_the_parameters_of_its_block() -> None:
    builder = specnet.NetworkBuilder("residual")
    value = builder.input((16, 16, 16))
    for filters, stride in ((16, 1), (32, 2), (32, 1), (32, 1)):
        inner = builder.add("relu", builder.add("conv", value, K=filters, F=3, S=stride, P=1))
        for _ in range(2):
            inner = builder.add("bn", builder.add("conv", inner, K=filters, F=3, P=1))
            inner = builder.add("conv", builder.add("relu", inner), K=filters, F=1)
        short = value if stride == 1 else builder.add("conv", value, K=filters, F=1, S=stride)
        value = builder.add("relu", builder.add("add", inner, short))
    assert "identity or { conv K=K F=1 S=S }" in fold(builder.network(value)).text
