"""The table of a pyproject.toml is found however TOML lets it be written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from specnet.errors import ProjectError
from specnet.plugin_loading.project import read_project


def write(folder: Path, content: str | bytes) -> Path:
    file = folder / "pyproject.toml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize(
    "text",
    [
        '[tool.specnet]\nplugins = ["a", "b.c"]\n',
        '  [ tool . specnet ]\nplugins = ["a", "b.c"]\n',
        '[tool."specnet"]\nplugins = ["a", "b.c"]\n',
        "['tool'.'specnet']\nplugins = [\n  'a',\n  'b.c',\n]\n",
        '[tool]\nspecnet = { plugins = ["a", "b.c"] }\n',
        '["tool"]\nother = 1\n\nspecnet.plugins = ["a", "b.c"]\n',
        'tool.specnet.plugins = ["a", "b.c"]\n',
        'tool . "specnet" = { plugins = ["a", "b.c"] }\n',
        'tool = { specnet = { plugins = ["a", "b.c"] } }\n',
        '[project]\nname = "x"\n\n[tool.ruff]\n\n[tool.specnet]\r\nplugins = ["a", "b.c"]\r\n',
    ],
)
def test_each_way_to_write_the_table(text: str, tmp_path: Path) -> None:
    assert tomllib.loads(text)["tool"]["specnet"]["plugins"] == ["a", "b.c"]
    assert read_project(write(tmp_path, text)).plugins == ("a", "b.c")


@pytest.mark.parametrize(
    "text",
    [
        '[project.scripts]\nspecnet = "specnet.cli:main"\n\n[tool.ruff]\nx = [\n  "specnet.cli",\n]\n',
        "# [tool.specnet]\n# plugins = 3\n",
        "[tool.specnets]\nplugins = 3\n",
        "[tool.other]\nspecnet = 3\nthis is no TOML\n",
    ],
)
def test_a_file_without_the_table_is_not_parsed(text: str, tmp_path: Path) -> None:
    assert read_project(write(tmp_path, text)).plugins == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("\ufeff[tool.specnet]\n", "begins with a byte order mark, which TOML does not have; save it as UTF-8 without"),
        ("[tool.specnet]\n".encode("utf-16"), "is not UTF-8, at byte 1; save it as UTF-8"),
        ("[tool]\nspecnet = 3\n", "[tool.specnet] must be a table"),
        ("[tool.specnet]\nplugin = []\n", "has no `plugin`; did you mean `plugins`?"),
        ("[tool.specnet]\nplugins = 'a'\n", "`plugins` must be a list of modules such as"),
        ("[tool.specnet]\nx = [\n", "Invalid value (at "),
    ],
)
def test_a_file_that_cannot_be_read(content: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        read_project(write(tmp_path, content))
    assert str(caught.value).startswith(str(tmp_path / "pyproject.toml"))
    assert message in str(caught.value)


def test_a_byte_order_mark_matters_only_where_the_table_is(tmp_path: Path) -> None:
    assert read_project(write(tmp_path, "\ufeff[project]\n")).plugins == ()
