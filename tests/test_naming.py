"""Names that Python and torch can take."""

from __future__ import annotations

import pytest

from specnet.naming import MODULE_ATTRIBUTES, escape_name, is_attribute, make_numbered_name, make_unused_name


def test_all_attributes_of_a_torch_module_are_known() -> None:
    torch = pytest.importorskip("torch", reason="torch says which attributes a module has")
    fx = pytest.importorskip("torch.fx", reason="torch says which attributes a module has")
    graph = fx.Graph()
    graph.output(graph.placeholder("x"))
    attributes = dir(fx.GraphModule(torch.nn.Module(), graph))
    assert {name for name in attributes if not name.startswith("_")} <= MODULE_ATTRIBUTES


@pytest.mark.parametrize("name", ["train", "type", "half", "float", "self", "class", "None"])
def test_a_submodule_hides_no_attribute(name: str) -> None:
    assert escape_name(name) == f"{name}_"
    assert escape_name("conv1") == "conv1"


def test_attributes_are_identifiers_that_python_does_not_mangle() -> None:
    assert [name for name in ("x", "_x", "__x", "0", "class", "größe") if is_attribute(name)] == ["x", "_x", "größe"]


def test_free_names() -> None:
    assert make_unused_name("x", ["x", "x_"]) == "x__"
    assert make_unused_name("in", []) == "in_"
    assert make_numbered_name("x", ["x", "x2"]) == "x3"
    assert make_numbered_name("x", []) == "x"
