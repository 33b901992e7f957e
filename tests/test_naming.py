"""Names that Python and torch can take."""

from __future__ import annotations

import pytest

from specnet.naming import (
    DUNDER,
    FORWARD_NAMES,
    MODULE_ATTRIBUTES,
    escape_name,
    is_attribute,
    is_reserved,
    make_numbered_name,
    make_unused_name,
)


def test_all_attributes_of_a_torch_module_are_known() -> None:
    torch = pytest.importorskip("torch", reason="torch says which attributes a module has")
    fx = pytest.importorskip("torch.fx", reason="torch says which attributes a module has")
    graph = fx.Graph()
    graph.output(graph.placeholder("x"))
    modules = torch.nn.Module(), fx.GraphModule(torch.nn.Module(), graph)
    attributes = {name for module in modules for name in (*dir(module), *vars(module))}
    assert not [name for name in attributes if not is_reserved(name)]
    assert not [name for name in MODULE_ATTRIBUTES if DUNDER.fullmatch(name)]


def test_all_names_that_the_code_of_a_module_uses_are_known() -> None:
    fx = pytest.importorskip("torch.fx.graph", reason="torch says which names the code of a module uses")
    assert {*fx._custom_builtins, "getattr", "self"} <= FORWARD_NAMES


@pytest.mark.parametrize(
    "name",
    ["train", "type", "half", "self", "class", "None", "_modules", "__init__", "__class__", "torch", "F", "math"],
)
def test_a_reserved_name_is_escaped_once(name: str) -> None:
    assert escape_name(name) == f"{name}_"
    assert escape_name(escape_name(name)) == f"{name}_"


@pytest.mark.parametrize("name", ["conv1", "_x", "__x", "__", "____", "__x___", "input", "print", "trained"])
def test_other_names_stay(name: str) -> None:
    assert escape_name(name) == name


def test_attributes_are_identifiers_that_python_does_not_mangle() -> None:
    assert [name for name in ("x", "_x", "__x", "0", "class", "größe") if is_attribute(name)] == ["x", "_x", "größe"]


def test_free_names() -> None:
    assert make_unused_name("x", ["x", "x_"]) == "x__"
    assert make_unused_name("in", []) == "in_"
    assert make_unused_name("__debug__", []) == "__debug___"
    assert make_numbered_name("x", ["x", "x2"]) == "x3"
    assert make_numbered_name("x", []) == "x"
