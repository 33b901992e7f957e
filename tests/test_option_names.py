"""The names of options in messages, and that messages take them from nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from paths import ROOT

from specnet.option_names import name_option, name_override, name_setting, naming_flags, write_override


@pytest.mark.parametrize(
    ("flag", "argument", "name", "value"),
    [
        ("`--skip-bad`", "`skip_bad=True`", "skip_bad", True),
        ("`--data-dir`", "`data_dir`", "data_dir", None),
        ("`--precision fp32`", '`precision="fp32"`', "precision", "fp32"),
        ("`--batch 32`", "`batch=32`", "batch", 32),
    ],
)
def test_an_option(flag: str, argument: str, name: str, value: object) -> None:
    assert name_option(name, value) == argument
    with naming_flags():
        assert name_option(name, value) == flag
    assert name_option(name, value) == argument


def test_a_setting_and_an_override() -> None:
    def name_all() -> list[object]:
        settings = [name_setting("batch", 32), name_setting("batch.accumulate", 4)]
        return [*settings, name_override("K"), name_override("input"), write_override("K"), write_override("input")]

    with naming_flags():
        flags = ["`--batch 32`", "`--set batch.accumulate=4`", "--set K", "--input"]
        assert name_all() == [*flags, ("<command line>", "--set K="), ("<command line>", "--input ")]
    arguments = ['`settings={"batch": 32}`', '`settings={"batch.accumulate": 4}`', 'settings["K"]', 'settings["input"]']
    assert name_all() == [*arguments, ("<settings>", "K="), ("<settings>", "input=")]


def find_flags(path: Path) -> Iterator[str]:
    """Yield the texts of a module, without docstrings, that hold a flag which stands behind no command.

    `--fill:` is no flag but a property of a style sheet.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts
        if is_text and re.search(r"--[a-z-]+(?![a-z-]*:)", node.value) and "specnet train --" not in node.value:
            yield f"{path.name}:{node.lineno}: {node.value}"


def test_only_commands_write_flags_themselves() -> None:
    below = [
        path for path in (ROOT / "specnet").rglob("*.py") if "cli" not in path.parts and path.name != "option_names.py"
    ]
    assert [flag for path in below for flag in find_flags(path)] == []
