"""The table of torch's signatures against torch itself, for every module and function that any layer calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import Parameter, signature
from runpy import run_path

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from paths import ROOT
from torch import nn
from torch.fx.operator_schemas import get_signature_for_torch_op

from specnet.backends.torch_source.calls import FUNCTIONS, MODE_ARGUMENTS, SIGNATURES, Signature, find_signature
from specnet.compiler import check_source
from specnet.layers.base import TorchCall
from specnet.source import Source

LIBRARIES = {"nn": nn, "F": F, "torch": torch}

ROWS: dict[str, list[str]] = run_path(str(ROOT / "tests" / "layers" / "test_conformance.py"))["ROWS"]
"""Specs of every kind of layer, with every attribute."""


def calls() -> list[TorchCall]:
    """The torch calls of all layers."""
    found = []
    for text in (text for texts in ROWS.values() for text in texts):
        network = check_source(Source("<text>", text)).network
        for node in network.nodes:
            assert node.layer is not None
            found += node.layer.torch(network.input_shapes(node) or ())
    return found


def parameters(target: str) -> dict[str, Parameter]:
    """What torch says of a constructor, or of a function without its first argument, which is the input."""
    library, name = target.split(".")
    named = getattr(LIBRARIES[library], name)
    if library == "nn":
        return own_parameters(named)
    own = own_parameters(named)
    module = next((module for module, function in FUNCTIONS.items() if function == target), None)
    if not own and module:  # a builtin, or a function that another argument chooses: the module calls it
        return parameters(module)
    return dict(list((own or overload(named, read_table(target))).items())[1:])


def overload(function: Callable[..., object], names: Iterable[str]) -> dict[str, Parameter]:
    """The parameters of the first overload of a builtin that has these names."""
    overloads = (dict(each.parameters) for each in get_signature_for_torch_op(function) or [])
    return next(found for found in overloads if found.keys() >= set(names))


def own_parameters(function: Callable[..., object]) -> dict[str, Parameter]:
    """What Python knows of a function's parameters: nothing of a builtin."""
    try:
        found = signature(function).parameters
    except ValueError:
        return {}
    variadic = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return {name: parameter for name, parameter in found.items() if parameter.kind not in variadic}


def read_table(target: str) -> dict[str, object]:
    """The names and defaults of the table's text, as Python reads them."""
    function = eval(f"lambda {SIGNATURES[target]}: None")
    return {name: parameter.default for name, parameter in signature(function).parameters.items()}


@pytest.mark.parametrize("target", SIGNATURES)
def test_table_says_what_torch_says(target: str) -> None:
    """Order and defaults agree, and whatever the table leaves out has a default."""
    table, of_torch = read_table(target), parameters(target)
    assert list(table) == [name for name in of_torch if name in table]
    assert {name: of_torch[name].default for name in table} == table
    assert all(of_torch[name].default is not Parameter.empty for name in of_torch.keys() - table.keys())


@pytest.mark.parametrize(("module", "function"), FUNCTIONS.items())
def test_functions_take_the_arguments_of_their_modules(module: str, function: str) -> None:
    assert read_table(function).keys() - MODE_ARGUMENTS.get(function, {}).keys() <= parameters(module).keys()


def test_table_has_the_targets_of_all_layers() -> None:
    targets = {call.target for call in calls() if call.arguments or call.joins != "fold"} - {"nn.Identity"}
    written = {FUNCTIONS.get(target, target) for target in targets if not target.startswith("modules.")}
    missing = sorted(written - SIGNATURES.keys())
    assert not missing, f"SIGNATURES in torch_source/calls.py lacks {missing}, so their defaults would be written out"


def test_layers_name_every_argument_in_order() -> None:
    for call in calls():
        target = FUNCTIONS.get(call.target, call.target)
        known = find_signature(target)
        names = [n for n in (*known.positional, *known.defaults) if n not in MODE_ARGUMENTS.get(target, {})]
        given = ["size"] if call.joins == "size" else names if call.joins == "fold" else []
        assert list(call.arguments) == [name for name in names if name not in given], call


def test_an_embedded_module_has_the_signature_of_its_source() -> None:
    assert find_signature("modules.DropPath") == Signature(("p",))
    assert find_signature("modules.Filter") == Signature(("kernel",), {"stride": 1, "padding": 0})
    assert find_signature("modules.ChannelLayerNorm") == find_signature("nn.LayerNorm")


def test_defaults() -> None:
    pool = find_signature("F.max_pool2d")
    assert pool.is_default("stride", {"kernel_size": 3, "stride": 3})
    assert not pool.is_default("stride", {"kernel_size": 3, "stride": 2})
    assert not pool.is_default("kernel_size", {"kernel_size": 3})
    assert not find_signature("torch.flatten").is_default("start_dim", {"start_dim": 0})
    assert not find_signature("nn.Unknown").is_default("size", {"size": 1})
