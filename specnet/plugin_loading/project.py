"""The `[tool.specnet]` table of the pyproject.toml that a spec belongs to: the nearest one in its folder or above."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specnet.errors import ProjectError
from specnet.file_access import describe_reason
from specnet.records import Record
from specnet.suggest import did_you_mean, find_closest_word

PROJECT_FILE = "pyproject.toml"
PROJECT_TABLE = "tool.specnet"

TABLE = re.compile(
    r"""^\s* (?: \[\s* )? (["']?) tool \1 \s* (?: \] | = | \.\s* (["']?) specnet \2 \s* (?: [].=] | $ ) )""",
    re.MULTILINE | re.VERBOSE,
)
"""A line that may begin the table; `tool` alone may hold it. A file without one is not parsed, which takes longer."""

BYTE_ORDER_MARK = "\ufeff"

LISTS: Mapping[str, str] = {
    "allow": 'a list of codes such as ["N503"]',
    "plugins": 'a list of modules such as ["mypkg.layers"]',
}
"""The keys of the table, and what each is."""


class Project(Record):
    """The file, the codes that it allows, the modules that are its plugins, and the version of its package."""

    file: Path
    allow: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    version: str = ""


def find_project(spec: str | Path) -> Project | None:
    """Return the project of a spec, for standard input that of the current folder; raises ProjectError."""
    file = _find_file(Path(spec))
    return read_project(file) if file else None


def _find_file(spec: Path) -> Path | None:
    try:
        folders = spec.resolve().parents
        return next((file for folder in folders if (file := folder / PROJECT_FILE).is_file()), None)
    except (OSError, ValueError):
        return None


def read_project(file: Path) -> Project:
    """Read the table of a pyproject.toml; raises ProjectError."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{file} is not UTF-8, at byte {error.start + 1}; save it as UTF-8") from None
    except (OSError, ValueError) as error:
        raise ProjectError(f"{file} cannot be read: {describe_reason(error)}") from None
    if not TABLE.search(text.removeprefix(BYTE_ORDER_MARK)):
        return Project(file)
    if text.startswith(BYTE_ORDER_MARK):
        raise ProjectError(f"{file} begins with a byte order mark, which TOML does not have; save it as UTF-8 without")
    return _parse(file, text)


def _parse(file: Path, text: str) -> Project:
    import tomllib

    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"{file}: {error}") from None
    tools, package = content.get("tool"), content.get("project")
    table = tools.get("specnet", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise ProjectError(f"{file}: [{PROJECT_TABLE}] must be a table")
    if unknown := next((key for key in table if key not in LISTS), None):
        hint = did_you_mean(find_closest_word(unknown, LISTS)) or f"; it has {' and '.join(LISTS)}"
        raise ProjectError(f"{file}: [{PROJECT_TABLE}] has no `{unknown}`{hint}")
    version = str(package.get("version", "")) if isinstance(package, dict) else ""
    return Project(file, _read_list(file, table, "allow"), _read_list(file, table, "plugins"), version)


def _read_list(file: Path, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ProjectError(f"{file}: [{PROJECT_TABLE}] `{key}` must be {LISTS[key]}")
    return tuple(dict.fromkeys(values))
