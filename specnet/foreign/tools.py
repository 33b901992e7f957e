"""Whose function a name is: by what stands before it, by the imports of the program, or by its other calls."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from specnet.foreign import keras_layers, tensorflow_layers, torch_layers
from specnet.foreign.meaning import Signature, Table
from specnet.syntax.parser_input import MASK, mask_file, mask_text

PYTORCH, KERAS, TENSORFLOW = "PyTorch", "Keras", "TensorFlow"

PREFIXES: Sequence[tuple[str, str, Table]] = (
    (r"(tf|tensorflow)\.(compat\.v1\.)?nn\.", TENSORFLOW, tensorflow_layers.FUNCTIONS),
    (r"(.*\.)?(tf_)?slim\.|.*\.contrib\.layers\.", TENSORFLOW, tensorflow_layers.SLIM),
    (r"(tf|tensorflow)\.(compat\.v1\.)?layers\.", TENSORFLOW, tensorflow_layers.LAYERS),
    (r"(.*\.)?activations\.", KERAS, tensorflow_layers.FUNCTIONS),
    (r"(F|torch|.*functional)\.", PYTORCH, torch_layers.FUNCTIONS),
    (r"(.*\.)?nn\.", PYTORCH, torch_layers.MODULES),
    (r"(.*\.)?((tf_)?keras|layers|L|KL)\.(\w+\.)?", KERAS, keras_layers.KERAS),
    (r"(.*\.)?layers\.(\w+\.)?", KERAS, keras_layers.JOINS),
    (r"(?!self\.).*\.", PYTORCH, torch_layers.METHODS),
    (r"", PYTORCH, torch_layers.MODULES),
    (r"", KERAS, keras_layers.KERAS),
    (r"", PYTORCH, torch_layers.FUNCTIONS),
    (r"", KERAS, keras_layers.JOINS),
)
"""Tools and their tables by what stands before a function's name: the first with the name, or all without prefix."""

PACKAGES = frozenset({"torch", "tensorflow", "keras", "tf_keras", "tf_slim"})
"""The packages whose imports tell what a name is."""

IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<module>[\w.]+)[ \t]+)?import[ \t]+(?P<names>\([^()]*\)|(?:\\\n|[^\n#(;])+)", re.MULTILINE
)
NAME = re.compile(r"(?P<name>[\w.]+)(?:\s+as\s+(?P<alias>\w+))?")
CONSTANT = re.compile(r"^(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*(?P<value>[(\[\"'][^\n=]*)$", re.MULTILINE)
"""A shape or a text at the left edge of a line, which a spec cannot name."""


@dataclass(frozen=True)
class Program:
    """What the text around a call says of its names."""

    tool: str = ""
    """The tool whose calls the text has, which decides for names without a prefix; "" if unknown."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """The imported names of PACKAGES, in full."""
    constants: Mapping[str, ast.expr] = field(default_factory=dict)
    """Shapes and texts with names."""

    def expand(self, function: str) -> str:
        """Return a function's name in full: `tensorflow.keras.layers.Dense` for `L.Dense`."""
        first, dot, rest = function.partition(".")
        return f"{self.imports[first]}{dot}{rest}" if first in self.imports else function

    def fill_in(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Return statements with the values of named constants in the place of their names."""
        return [_FillIn(self.constants).visit(each) for each in statements] if self.constants else statements

    def of_tool(self, tool: str) -> Program:
        """Return the program with another tool."""
        return replace(self, tool=tool)


ALONE = Program()
"""A call without any text around it."""


class _FillIn(ast.NodeTransformer):
    """Puts values in the place of names that are read."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


@lru_cache(maxsize=8)
def read_program(text: str) -> Program:
    """Return what a text, which may be a spec with a few lines of a program, says of its names."""
    constants = {found["name"]: found["value"].partition(" #")[0] for found in CONSTANT.finditer(text)}
    nodes = {name: node for name, value in constants.items() if (node := _parse_constant(value))}
    return Program(guess_tool(text), _read_imports(mask_file(text)), nodes)


def _parse_constant(text: str) -> ast.expr | None:
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    is_constant = isinstance(node, ast.Tuple) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    return node if is_constant else None


def _read_imports(code: str) -> Mapping[str, str]:
    imports = dict[str, str]()
    for found in IMPORT.finditer(code):
        module = found["module"]
        for each in NAME.finditer(re.sub(rf"[{MASK}()]", " ", found["names"])):
            name = each["alias"] or each["name"]
            whole = f"{module}.{each['name']}" if module else each["name"]
            if whole.partition(".")[0] in PACKAGES and "." not in name:
                imports[name] = whole
    return imports


def is_import_read(statement: str, text: str) -> bool:
    """Return whether a text has a name, outside its imports, that this one brings in."""
    found = IMPORT.match(statement)
    each = NAME.finditer(re.sub(r"[()\\]", " ", found["names"])) if found else ()
    names = [one["alias"] or one["name"].partition(".")[0] for one in each]
    return not _find_words_beside_imports(text).isdisjoint(names)


@lru_cache(maxsize=4)
def _find_words_beside_imports(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\b\w+\b(?!\s*=)", IMPORT.sub("", mask_file(text))))  # `F=3` is an attribute


def is_read_elsewhere(name: str, text: str, statement: str) -> bool:
    """Return whether a text has a name outside one of its statements."""
    return _count_words_of_file(text)[name] > _count_words(mask_text(statement))[name]


@lru_cache(maxsize=4)
def _count_words_of_file(text: str) -> Counter[str]:
    return _count_words(mask_file(text))


def _count_words(code: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", code))


def guess_tool(text: str) -> str:
    """Return the tool whose calls a text has: PyTorch or Keras; "" if it has those of both or of neither."""
    names = {name for found in re.findall(r"(\w+)\s*\(|^[ \t]*(\w+)", text, re.MULTILINE) for name in found}
    torch, keras = torch_layers.MODULES.keys(), keras_layers.KERAS.keys()
    is_torch = bool(names & torch - keras or re.search(r"\bnn\.|\bF\.\w|\btorch\b", text))
    is_keras = bool(names & keras - torch or re.search(r"\bkeras\b|\bmodel\.add\(", text))
    return "" if is_torch == is_keras else PYTORCH if is_torch else KERAS


def find_rows(function: str, program: Program) -> Iterator[tuple[str, Sequence[Signature]]]:
    """Yield the tools that have a function of this name, and its rows; the program decides for one without prefix."""
    prefix, dot, name = program.expand(function).rpartition(".")
    for pattern, owner, table in PREFIXES:
        if not re.fullmatch(pattern, prefix + dot):
            continue
        if name in table and (pattern or program.tool in ("", owner) or not _has(program.tool, name)):
            yield owner, table[name]
            if pattern:
                return


def _has(tool: str, name: str) -> bool:
    return any(name in table for pattern, owner, table in PREFIXES if owner == tool and not pattern)


def name_tool(function: str, program: Program) -> str:
    """Return the tool that a prefix names, such as `nn.`; "" for others."""
    prefix, dot, _ = program.expand(function).rpartition(".")
    named = (row for row in PREFIXES if row[0] and row[2] is not torch_layers.METHODS)
    return next((tool for pattern, tool, _ in named if re.fullmatch(pattern, prefix + dot)), "")
