"""Each row of the trainer's registries names settings that exist: one that does not would end every `specnet train`."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import specnet.settings

TRAINING = Path(specnet.settings.__file__).parents[1] / "training"

REGISTRIES = {
    "data": "data/sets.py",
    "augment": "transforms/augmentation.py",
    "loss": "optim/losses.py",
    "optimizer": "optim/optimizers.py",
}


@pytest.mark.parametrize("line", REGISTRIES)
def test_a_row_names_settings_that_exist(line: str) -> None:
    """The source is read, as a module with such a row cannot be imported."""
    tree = ast.parse((TRAINING / REGISTRIES[line]).read_text(encoding="utf-8"))
    rows = [key for node in tree.body if isinstance(node, ast.AnnAssign) for key in _list_keys(node)]
    names = [key.attr if isinstance(key, ast.Attribute) else key.id for key in rows]
    module = import_module(f"specnet.settings.{line}")
    missing = [name for name in names if not hasattr(module, name)]
    assert names
    assert not missing, f"the rows {missing} of specnet/training/{REGISTRIES[line]} have no class in {module.__name__}"


def _list_keys(node: ast.AnnAssign) -> list[ast.Attribute | ast.Name]:
    keys = node.value.keys if isinstance(node.value, ast.Dict) else []
    return [key for key in keys if isinstance(key, ast.Attribute | ast.Name)]
