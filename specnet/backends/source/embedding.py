"""The modules that a library lacks: generated source embeds a copy of those it uses, and imports what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from specnet.backends.source.calls import Signature, read_signature
from specnet.package import read_package_text

Definition = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class EmbeddedModules:
    """Classes, functions and constants of files of the package, and the imports at their head."""

    files: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        return "\n".join(map(read_package_text, self.files))

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def definitions(self) -> Mapping[str, Definition]:
        """The definitions by name, in order."""
        found: dict[str, Definition] = {}
        for statement in self.tree.body:
            if isinstance(statement, ast.ClassDef | ast.FunctionDef):
                found[statement.name] = statement
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
                found[ast.unparse(target)] = statement
        return found

    def embed(self, targets: Iterable[str]) -> dict[str, str]:
        """Return the source of the targets `modules.NAME` and of all they use, by name, in the order of their file."""
        wanted: set[str] = set()
        coming = {target.removeprefix("modules.") for target in targets if target.startswith("modules.")}
        while coming:
            wanted |= coming
            used = {name for each in coming for name in _find_names(self.definitions[each])}
            coming = (used & self.definitions.keys()) - wanted
        return {name: self._extract_source(each) for name, each in self.definitions.items() if name in wanted}

    def find_signature(self, name: str, receives: int = 0) -> Signature:
        """Return the signature of a function without the values it `receives`, or of the constructor of a class."""
        definition = self.definitions.get(name)
        if definition is None:  # the base of a class, which is the library's
            return Signature()
        if isinstance(definition, ast.FunctionDef):
            signature = read_signature(definition.args)
            return replace(signature, positional=signature.positional[receives:])
        assert isinstance(definition, ast.ClassDef)
        functions = (each for each in definition.body if isinstance(each, ast.FunctionDef))
        init = next((each for each in functions if each.name == "__init__"), None)
        return read_signature(init.args) if init else self.find_signature(ast.unparse(definition.bases[0]))

    def write_imports(
        self, source: str, libraries: tuple[str, ...], more: Sequence[str] = (), foreign: Sequence[str] = ()
    ) -> str:
        """Return the imports of the files that a source uses: Python's, the libraries' with `more`, and `foreign`."""
        used = _find_names(ast.parse(source))
        found: tuple[list[str], list[str], list[str]] = [], [], [f"import {module}" for module in foreign]
        for statement in self.tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                module = (statement.module if isinstance(statement, ast.ImportFrom) else statement.names[0].name) or ""
                names = [alias for alias in statement.names if (alias.asname or alias.name) in used]
                if names:
                    found[module.startswith(libraries)].append(_format_import(statement, names))
        found[1].extend(more)
        return "\n\n".join("\n".join(dict.fromkeys(block)) for block in found if block)  # each of the files has its own

    def _extract_source(self, definition: Definition) -> str:
        first = min([definition.lineno, *(d.lineno for d in getattr(definition, "decorator_list", []))])
        return "\n".join(self.text.splitlines()[first - 1 : definition.end_lineno])


def _format_import(statement: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> str:
    if isinstance(statement, ast.Import):
        return ast.unparse(ast.Import(names))
    return ast.unparse(ast.ImportFrom(statement.module, names, statement.level))


def _find_names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
