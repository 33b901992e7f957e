"""Networks made by programs: what the builder returns, and what it says of arguments that make no sense."""

from __future__ import annotations

import doctest
import re

import pytest

import specnet
import specnet.builder
from specnet.layers.conv import Conv


def make_builder() -> specnet.NetworkBuilder:
    return specnet.NetworkBuilder("Made", "by a program")


def test_the_example_of_the_docstring_runs() -> None:
    results = doctest.testmod(specnet.builder)
    assert results.attempted and not results.failed


def test_a_built_network_is_checked_like_a_spec() -> None:
    builder = make_builder()
    image = builder.input((32, 32, 3))
    left = builder.add("conv", image, K=16, F=3, P=1, name="left")
    right = builder.add(Conv(out_channels=16, kernel_size=(1, 1)), image, name="right")
    network = builder.network(builder.add("fc", builder.add("add", left, right), K=10))
    checked = specnet.check(network)
    assert checked.ok
    assert checked.network == network


def test_a_layer_comes_to_the_size_of_its_second_input() -> None:
    builder = make_builder()
    image = builder.input((32, 24, 3))
    small = builder.add("pool", image, operation="avg", F=2)
    with pytest.raises(ValueError, match="`upsample1` takes two values, not one"):
        builder.add("upsample", small, like=True, name="upsample1")
    with pytest.raises(ValueError, match="takes one value, not two"):
        builder.add("upsample", small, image, factor=2)
    with pytest.raises(ValueError, match="needs either a `factor` or a size, `to` or `like=@x`"):
        builder.add("upsample", small, image, factor=2, like=True)
    network = builder.network(builder.add("upsample", small, image, like=True, name="upsample1"))
    assert network.shapes["upsample1"] == (32, 24, 3)
    assert specnet.check(network).network == network


def test_names_are_free_and_hide_no_attribute_of_a_module() -> None:
    builder = make_builder()
    image = builder.input((8, 8, 3))
    assert builder.add("relu", image, name="relu1") == "relu1"
    assert builder.add("relu", image) == "relu2"
    assert builder.add("relu", image, name="train") == "train_"
    network = builder.network(builder.add("relu", "train_"))
    assert specnet.check(network).network == network


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        ("conv", {"K": 6, "F": 5, "S": 2}, "leaves real pixels unread"),
        ("cnov", {}, "no kind of layer is called `cnov`; did you mean `conv`?"),
        ("xyz", {}, "no kind of layer is called `xyz`; there are add, "),
        ("conv", {"K": 0, "F": 1}, "`K` of `conv` must be at least 1, not 0"),
        ("conv", {"K": "many", "F": 1}, "`K` of `conv` must be a whole number, not `many`"),
        ("conv", {"F": 1}, "`conv` needs `K`"),
        ("conv", {"K": 1, "F": 1, "strid": 2}, "`conv` has no attribute `strid`; did you mean `S`?"),
        (
            "conv",
            {"strid": 0, "F": 0},
            "`conv` needs `K`, the number of filters; `F` of `conv` must be at least 1, not 0; `conv` has no",
        ),
        ("relu", {"name": "input"}, "the name `input` is taken"),
        ("relu", {"name": "a b"}, "`a b` cannot be a name"),
        ("relu", {"name": "let"}, "`let` cannot be a name"),
        ("relu", {"name": "input.relu"}, "the name `input.relu` is taken"),
        ("conv", {"K": "8", "F": 1}, "`K` of `conv` must be a whole number, not `8`"),
        ("conv", {"K": 8.0, "F": 1}, "`K` of `conv` must be a whole number, not 8"),
        ("conv", {"K": True, "F": 1}, "`K` of `conv` must be a whole number, not yes"),
        ("conv", {"K": 8, "F": 1, "bias": 1}, "`bias` of `conv` must be yes or no, not 1"),
        ("conv", {"K": 8, "F": "1"}, "`F` of `conv` is the filter's size, as 3 or 3x5, not `1`"),
        ("dropout", {"p": "0.5"}, "`p` of `dropout` must be a number, not `0.5`"),
    ],
)
def test_arguments_that_make_no_sense_are_errors_at_once(
    kind: str, attributes: dict[str, object], message: str
) -> None:
    builder = make_builder()
    with pytest.raises(ValueError, match=re.escape(message)):
        builder.add(kind, builder.input((26, 26, 10)), **attributes)


@pytest.mark.parametrize("shape", [(8, 8, 3, 1), (8, 8, "3"), (8, 8, 3.0), (8, 8, True), (0,), (8, 8, 2**31), ()])
def test_an_input_has_one_to_three_sizes(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match="an input is height, width and channels, length and channels, or a length, from 1 to"
    ):
        make_builder().input(shape)


@pytest.mark.parametrize("name", ['a"b', "a\nb"])
def test_a_name_that_a_spec_cannot_write_is_an_error_at_once(name: str) -> None:
    for texts in ((name, ""), ("a", name)):
        with pytest.raises(ValueError, match="a name or a description has no quotes and no line ends"):
            specnet.NetworkBuilder(*texts)


def test_names_of_inputs_and_parts_of_names_are_escaped() -> None:
    builder = make_builder()
    assert builder.input((8, 8, 3), name="torch") == "torch_"
    assert builder.input((8, 8, 3)) == "input"
    assert builder.add("relu", "torch_", name="train.eval") == "train_.eval_"
    network = builder.network(builder.add("add", "train_.eval_", "input", name="sum"))
    checked = specnet.check(network)
    assert [given.name for given in checked.network.inputs] == ["torch_", "input"]
    assert checked.ok


def test_values_that_do_not_exist_are_errors_at_once() -> None:
    builder = make_builder()
    builder.input((8, 8, 3))
    with pytest.raises(ValueError, match=r"no value is named `inptu`; did you mean `input`\?"):
        builder.add("relu", "inptu")
    with pytest.raises(ValueError, match="no value is named `relu1`"):
        builder.network("relu1")
