"""Source for Keras and Flax: it reads as a person would have written it, and says what it cannot write.

That its outputs are torch's is tested in test_source_equality.py.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
from runpy import run_path

import pytest
from paths import ROOT, SPECS
from source_specs import INCEPTION, RESIDUAL, STREAMS

from specnet.backends.channels_last.conversion import UnwrittenLayers
from specnet.backends.channels_last.network import convert_network
from specnet.backends.channels_last.operations import CUT, FLATTEN, PERMUTE, RESHAPE, Operation, convert_calls
from specnet.backends.channels_last.rows import Rows
from specnet.backends.flax_source import generate_flax_source
from specnet.backends.flax_source.calls import FLAX_MODULES, FLAX_ROWS
from specnet.backends.keras_source import generate_keras_source
from specnet.backends.keras_source.calls import KERAS_MODULES, KERAS_ROWS
from specnet.backends.keras_source.padding import PAD, settle_paddings
from specnet.backends.source.embedding import EmbeddedModules
from specnet.cli import main
from specnet.compiler import check_source
from specnet.elaborate.formulas import find_formulas
from specnet.graph import Network
from specnet.layers.base import TorchCall
from specnet.source import Source

GENERATORS = {"keras": generate_keras_source, "flax": generate_flax_source}

OWN = {CUT, FLATTEN, PERMUTE, RESHAPE, PAD}
"""Operations that are no call of torch."""

NOWHERE = set[str]()
"""Targets of torch without a counterpart in either language, whatever their arguments."""


@cache
def rows_of_all_kinds() -> tuple[Network, ...]:
    """Networks of one layer, for every kind with every attribute."""
    rows: dict[str, list[str]] = run_path(str(ROOT / "tests" / "layers" / "test_conformance.py"))["ROWS"]
    return tuple(check(text) for texts in rows.values() for text in texts)


def check(text: str) -> Network:
    checked = check_source(Source("<text>", text))
    assert checked.ok, checked.diagnostics
    return checked.network


def generate(language: str, text: str) -> str:
    checked = check_source(Source("<text>", text))
    assert checked.ok, checked.diagnostics
    return GENERATORS[language](checked.network, "a.net", find_formulas(checked.elaborated))


def operations(text: str) -> list[Operation]:
    """The operations of a network, in order."""
    return [each for found in convert_network(check(text)).operations.values() for each in found]


# What people read


@pytest.mark.parametrize("language", GENERATORS)
@pytest.mark.parametrize(
    ("name", "text"), [("small-resnet", RESIDUAL), ("small-inception", INCEPTION), ("small-streams", STREAMS)]
)
def test_golden(language: str, name: str, text: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.{language}.py.txt", GENERATORS[language](check(text), f"{name}.net"))


@pytest.mark.parametrize("language", GENERATORS)
@pytest.mark.parametrize(
    "name", ["alexnet", "googlenet-heads", "hrnet-w18", "resnet50", "siamese", "swin-t", "vit-b-16"]
)
def test_it_is_valid_python(language: str, name: str) -> None:
    text = generate(language, (SPECS / f"{name}.net").read_text(encoding="utf-8").replace('use "', f'use "{SPECS}/'))
    assert max(map(len, text.splitlines())) <= 120
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    imported = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= names, "an import that nothing uses"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("input 8x8x3\nconv K=4 F=3 P=1", 'layers.Conv2D(4, 3, padding="same", name="conv1")(inputs)'),
        (
            "input 8x8x3\nconv K=4 F=3 S=2 P=same",
            'layers.Conv2D(4, 3, strides=2, padding="same", name="conv1")(inputs)',
        ),
        ("input 8x8x3\nconv K=4 F=2 S=2 P=1", 'layers.Conv2D(4, 2, strides=2, name="conv1")(x)'),
        ("input 8x8x4\nconv K=8 F=3 G=4", 'layers.DepthwiseConv2D(3, depth_multiplier=2, name="conv1")(inputs)'),
        (
            "input 8x8x3\ndeconv K=4 F=4 S=2 P=1",
            'layers.Conv2DTranspose(4, 4, strides=2, padding="same", name="deconv1")',
        ),
        ("input 8x8x3\ndeconv K=4 F=3 S=2 P=1", "layers.Cropping2D(1)(x)"),
        ("input 7x7x3\npool max F=3 S=2 ceil", 'layers.MaxPooling2D(3, strides=2, name="pool1")(inputs)'),
        ("input 8x8x3\npool max F=3 S=2 ceil", 'layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")'),
        ("input 8x8x3\npool max F=2 S=2 P=1", 'constant_values=-float("inf"))'),
        ("input 8x8x3\nrelu -> pool max F=2 S=2 P=1", "layers.ZeroPadding2D(1)(x)"),
        ("input 8x8x3\npool avg global -> fc 5", 'layers.GlobalAveragePooling2D(name="pool1")(inputs)'),
        ("input 8x8x3\npool avg global -> conv K=4 F=1", "layers.GlobalAveragePooling2D(keepdims=True, name="),
        ("input 9x16\nattention heads=4", 'layers.MultiHeadAttention(4, 4, name="attention1")(inputs, inputs)'),
    ],
)
def test_keras_has_layers_of_its_own(text: str, line: str) -> None:
    assert line in generate("keras", text)


@pytest.mark.parametrize("language", GENERATORS)
def test_flattened_maps_keep_their_order_in_a_table(language: str) -> None:
    text = generate(language, "input 4x6x3\nconv K=5 F=1 -> relu -> flatten -> dropout 0.5\nlast: fc 7")
    assert 'FLATTENED = {"last": (5, 4, 6)}' in text
    assert "Permute" not in text and "transpose(0, 3, 1, 2)" not in text


@pytest.mark.parametrize(
    ("language", "order"), [("keras", "layers.Permute((3, 1, 2)"), ("flax", "transpose(0, 3, 1, 2)")]
)
def test_a_flattened_map_that_is_not_read_by_linear_layers_alone_has_the_order_of_torch(
    language: str, order: str
) -> None:
    text = generate(language, "input 4x6x3\nconv K=5 F=1 -> flatten")
    assert order in text and "FLATTENED" not in text


# The tables


@pytest.mark.parametrize("rows", [KERAS_ROWS, FLAX_ROWS], ids=["keras", "flax"])
def test_every_target_of_torch_has_a_row(rows: Rows) -> None:
    used = {each.target for network in rows_of_all_kinds() for found in settled(network) for each in found}
    assert used - OWN - NOWHERE <= rows.keys()
    assert rows.keys() - OWN <= used | {"modules.CenterCropConcat"}, "a row that no layer has a use for"


def settled(network: Network) -> list[tuple[Operation, ...]]:
    return [*settle_paddings(network, convert_network(network).operations).values()]


@pytest.mark.parametrize("modules", [KERAS_MODULES, FLAX_MODULES], ids=["keras", "flax"])
def test_every_embedded_definition_is_reached(modules: EmbeddedModules) -> None:
    rows = KERAS_ROWS if modules is KERAS_MODULES else FLAX_ROWS
    found = set[str]()
    for network in rows_of_all_kinds():
        for each in (each for operations in settled(network) for each in operations):
            try:
                row = rows[each.target]
                calls = row(each) if callable(row) else row.convert(each)
            except Exception:  # without a counterpart
                continue
            found |= modules.embed(call.target for call in calls).keys()
    assert found >= modules.definitions.keys() - {"adaptive_max_pool", "center_crop_concat"}  # of no row


# Operations


def test_the_operations_of_all_layers_end_in_their_shapes() -> None:
    for network in rows_of_all_kinds():
        for node in network.nodes:
            inputs = network.input_shapes(node)
            assert node.layer and inputs is not None and node.output is not None
            found = convert_calls(node.layer.torch(inputs), inputs, node.output)
            assert not found or found[-1].output == node.output


def test_tokens_are_one_reshaping() -> None:
    (found,) = operations("input 4x5x6\ntokens")
    assert (found.target, found.arguments) == (RESHAPE, {"shape": (20, 6)})


def test_transposing_twice_is_nothing() -> None:
    twice = (TorchCall("torch.transpose", dim0=1, dim1=2),) * 2
    assert convert_calls(twice, ((4, 5),), (4, 5)) == ()


def test_a_view_of_axes_that_are_not_side_by_side_is_moved_first() -> None:
    calls = (TorchCall("torch.permute", dims=(0, 2, 1, 3)), TorchCall("torch.flatten", start_dim=1, end_dim=2))
    assert [each.target for each in convert_calls(calls, ((4, 5, 6),), (24, 5))] == [PERMUTE, RESHAPE]


# What cannot be written


@pytest.mark.parametrize("language", GENERATORS)
def test_the_command_names_what_it_cannot_write(
    language: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spec, target = tmp_path / "a.net", tmp_path / "model.py"
    spec.write_text("input 8x8x4\nconv K=4 F=3\ndeconv K=4 F=4 S=2 P=1 G=2\n")
    assert main(["compile", str(spec), "--to", language, "-o", str(target)]) == 2
    message = capfd.readouterr()
    assert message.out == "" and not target.exists()
    first, last = message.err.splitlines()
    assert f"{spec}:3: `deconv` cannot be written in {language.capitalize()}: " in first and "--to torch" in last


@pytest.mark.parametrize("language", GENERATORS)
def test_the_command_writes_a_file(language: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "model.py"
    assert main(["compile", str(SPECS / "lenet5.net"), "--to", language, "-o", str(target)]) == 0
    assert f"wrote {target}" in capfd.readouterr().err
    ast.parse(target.read_text(encoding="utf-8"))


def test_a_pool_with_dilation_is_not_in_keras() -> None:
    with pytest.raises(UnwrittenLayers, match="dilation"):
        generate("keras", "input 8x8x4\npool max F=3 D=2")


@pytest.mark.parametrize("groups", [1, 4])
def test_a_convolution_with_a_stride_and_a_dilation_is_not_in_keras(groups: int) -> None:
    with pytest.raises(UnwrittenLayers, match="no stride together with a dilation"):
        generate("keras", f"input 9x9x4\nconv K=4 F=3 P=2 S=2 D=2 G={groups}")


def test_names_of_parameters_hide_nothing_that_a_function_needs() -> None:
    text = """
block odd(x, y, name, layers, in_channels, K) {
  add { | conv K=K F=x P=same -> relu | conv K=K F=y P=same }
  conv K=name F=1 -> conv K=layers F=1 -> conv K=in_channels F=1
}
input 16x16x8
odd 3 5 4 6 7 8
odd 5 3 6 4 9 8
"""
    source = generate("keras", text)
    assert "def odd(x_, in_channels, x, y, name_, layers_, *, name):" in source
    assert 'x = odd(x, 9, 5, 3, 6, 4, name="odd2")' in source


def test_two_layers_with_one_name_in_keras_are_refused() -> None:
    with pytest.raises(UnwrittenLayers, match=r"`b\.conv1` would have the name of `b_conv1` there"):
        generate("keras", "block b() { conv K=4 F=3 }\ninput 8x8x4\nb_conv1: conv K=4 F=3\nb: b")
