"""Layers are found by the names of the table, and what they give is what a hook sees."""

from __future__ import annotations

import re

import pytest
import torch
from small_views import BRANCHES, FLAT, TWO_CONVOLUTIONS, build_run
from torch import Tensor

import specnet
from specnet.insight.layers import compute_output, find_weights, list_layers, measure_outputs, require_maps
from specnet.training import CannotRun


@pytest.mark.parametrize("text", [TWO_CONVOLUTIONS, BRANCHES, FLAT])
def test_layers_are_those_of_the_table(text: str) -> None:
    network = specnet.check(text).network
    shapes = {name: shape[-1:] + shape[:-1] for name, shape in network.shapes.items() if shape}
    run = build_run(text)
    assert list(list_layers(run)) == [node.name for node in network.nodes]
    assert measure_outputs(run) == {node.name: shapes[node.name] for node in network.nodes}


@pytest.mark.parametrize("layer", ["conv1", "conv1_relu", "pool1", "conv2", "fc3"])
def test_an_output_is_what_a_hook_sees(layer: str) -> None:
    run, seen = build_run(), list[Tensor]()
    pixels = torch.randint(256, (2, 16, 16, 3), dtype=torch.uint8)
    handle = run.model.get_submodule(layer).register_forward_hook(lambda module, inputs, output: seen.append(output))
    run.probabilities(pixels)
    handle.remove()
    torch.testing.assert_close(compute_output(run, pixels, layer), seen[0])


def test_the_value_of_a_function_has_the_name_of_its_layer() -> None:
    """An `add` is a function, which torch.fx names `add` wherever it stands."""
    run = build_run(BRANCHES)
    pixels = torch.randint(256, (2, 12, 12, 1), dtype=torch.uint8)
    name = next(name for name in list_layers(run) if "add" in name)
    left, before = (compute_output(run, pixels, layer) for layer in ("left", "conv1_relu"))
    torch.testing.assert_close(compute_output(run, pixels, name), left + before)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("conv3", "no layer `conv3`; did you mean `conv"),
        ("Conv1", "no layer `Conv1`; did you mean `conv1`?"),
        ("xyz", "no layer `xyz`; there are conv1, conv1_relu, pool1, conv2, conv2_relu, pool2, fc3"),
        ("fc3", "`fc3` has no maps, as its output is 5; those that have are conv1, conv1_relu, pool1"),
    ],
)
def test_a_layer_without_maps_is_refused(layer: str, message: str) -> None:
    with pytest.raises(CannotRun, match=re.escape(message)):
        require_maps(build_run(), layer)


def test_a_network_without_maps_says_so() -> None:
    with pytest.raises(CannotRun, match="`fc4` has no maps, as its output is 7; no layer of this network has"):
        require_maps(build_run(FLAT), "fc4")


def test_weights_are_the_very_weights() -> None:
    run = build_run()
    assert torch.equal(find_weights(run, "conv2"), run.model.get_parameter("conv2.weight"))


def test_transposed_weights_are_turned() -> None:
    text = 'input 8x8x3\nup: deconv K=5 F=2 S=2\npool avg global\nfc 2\ntrain { data folder "photos" }\n'
    assert find_weights(build_run(text), "up").shape == (5, 3, 2, 2)


def test_a_layer_without_kernels_is_refused() -> None:
    with pytest.raises(CannotRun, match="`fc3` has no kernels; those that have are conv1, conv2"):
        find_weights(build_run(), "fc3")
