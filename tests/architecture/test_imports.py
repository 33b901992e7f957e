"""The modules of specnet/: who imports whom, how many there are, how long they are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from paths import ROOT

PACKAGE = ROOT / "specnet"
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = ("specnet", "specnet.training", "specnet.backends")
"""The packages whose direct children are rooms."""

MAX_LINES = 400
MAX_FACE = 40
"""Lines of code in an `__init__.py`."""
Graph = Mapping[str, set[str]]


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file): file for file in FILES}


@cache
def imports() -> Graph:
    """The modules that each module imports, within functions and under TYPE_CHECKING too."""
    return {name: set(imports_of(file, name)) - {name} for name, file in MODULES.items()}


def imports_of(file: Path, name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def find_cycle(graph: Graph) -> list[str]:
    """The nodes of a cycle, none if there is no cycle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def modules_of_room(room: str) -> set[str]:
    return {name for name in MODULES if name == room or name.startswith(f"{room}.")}


def child_of(parent: str, module: str) -> str:
    """The direct child of a package that a module belongs to."""
    depth = parent.count(".") + 2
    return ".".join(module.split(".")[:depth])


def between_rooms(parent: str) -> Graph:
    """Which direct children of a package import which; the package's own face is not among them."""
    inside = modules_of_room(parent) - {parent}
    graph: dict[str, set[str]] = {child_of(parent, name): set() for name in inside}
    for name in inside:
        targets = {child_of(parent, target) for target in imports()[name] & inside}
        graph[child_of(parent, name)] |= targets - {child_of(parent, name)}
    return graph


def packages() -> Iterable[str]:
    return sorted(module_of(file) for file in FILES if file.name == "__init__.py" and file.parent != PACKAGE)


@pytest.mark.parametrize("room", packages())
def test_the_modules_of_a_room_form_no_cycle(room: str) -> None:
    inside = modules_of_room(room)
    assert find_cycle({name: imports()[name] & inside for name in inside}) == []


@pytest.mark.parametrize("parent", ROOMS)
def test_rooms_form_no_cycle(parent: str) -> None:
    assert find_cycle(between_rooms(parent)) == []


def test_a_cycle_is_found() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})


@pytest.mark.parametrize("file", FILES, ids=lambda file: module_of(file))
def test_no_module_is_long(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def code_in_face(file: Path) -> int:
    """The lines of a face besides its docstring, its imports and `__all__`."""
    source = file.read_text(encoding="utf-8")
    nodes = [node for node in ast.parse(source).body if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)]
    others = [
        node for node in nodes if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
    ]
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in others)


@pytest.mark.parametrize("package", packages())
def test_no_code_lives_in_the_face_of_a_room(package: str) -> None:
    assert code_in_face(MODULES[package]) <= MAX_FACE


def test_a_check_without_a_train_section_imports_no_settings() -> None:
    code = """
import sys
from specnet.compiler import check_source
from specnet.source import Source
assert check_source(Source("x", "input 8x8x3\\nconv K=4 F=3 -> relu\\nfc 10")).ok
print([name for name in sys.modules if name.startswith("specnet.settings")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
