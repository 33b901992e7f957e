"""The modules that torch lacks: their classes are copied out of torch_modules.py, which is read as text."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from specnet.backends.torch_source.signatures import Signature, read_signature, torch_signature

Definition = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign


@cache
def _text() -> str:
    return files("specnet.backends").joinpath("torch_modules.py").read_text(encoding="utf-8")


@cache
def _definitions() -> dict[str, Definition]:
    """What the file defines, by name and in its order."""
    found: dict[str, Definition] = {}
    for statement in ast.parse(_text()).body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            found[ast.unparse(target)] = statement
    return found


@cache
def signature_of(target: str) -> Signature:
    """The signature of a target: of a class in the file its constructor's, or that of the class it extends."""
    definition = _definitions().get(target.removeprefix("modules.")) if target.startswith("modules.") else None
    if not isinstance(definition, ast.ClassDef):
        return torch_signature(target)
    functions = (statement for statement in definition.body if isinstance(statement, ast.FunctionDef))
    init = next((function for function in functions if function.name == "__init__"), None)
    return read_signature(init.args) if init else torch_signature(ast.unparse(definition.bases[0]))


def copied(targets: Iterable[str]) -> dict[str, str]:
    """The source of the classes among the targets, and of what they need from the file, by name and in its order."""
    wanted: set[str] = set()
    coming = {target.removeprefix("modules.") for target in targets if target.startswith("modules.")}
    while coming:
        wanted |= coming
        read = {name for each in coming for name in _names(_definitions()[each])}
        coming = (read & _definitions().keys()) - wanted
    return {name: _source(definition) for name, definition in _definitions().items() if name in wanted}


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _source(definition: Definition) -> str:
    first = min([definition.lineno, *(d.lineno for d in getattr(definition, "decorator_list", []))])
    return "\n".join(_text().splitlines()[first - 1 : definition.end_lineno])


def imports(source: str) -> str:
    """The import statements of the file, as far as the source uses what they bring; those of torch come last."""
    used = _names(ast.parse(source))
    found: tuple[list[str], list[str]] = [], []
    for statement in ast.parse(_text()).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            module = statement.module if isinstance(statement, ast.ImportFrom) else statement.names[0].name
            statement.names = [alias for alias in statement.names if (alias.asname or alias.name) in used]
            if statement.names:
                found[(module or "").startswith("torch")].append(ast.unparse(statement))
    return "\n\n".join("\n".join(block) for block in found if block)
