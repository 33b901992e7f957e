"""Write the file around the network's classes: docstring, imports, modules that torch lacks, and a main block."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import cache
from textwrap import wrap

from specnet.analyses.cost import Totals, format_count, measure_costs
from specnet.backends.torch_source.calls import read_torch_modules
from specnet.backends.torch_source.pretty_printer import LINE_WIDTH
from specnet.graph import Network
from specnet.layers.base import Shape, order_as_torch
from specnet.printable import escape_commands, replace_unprintable

Definition = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign


def write_docstring(network: Network, origin: str) -> str:
    """Return the network's name, its inputs and outputs, its totals, and the name of its spec."""
    spent = Totals(network, measure_costs(network))
    title = f"{network.name or 'A network'}{': ' if network.description else ''}{network.description}"
    paragraphs = [
        title,
        "",
        _describe_interface(network),
        f"{spent.parameters:,} parameters; {format_count(spent.macs)} "
        "multiply-accumulates of one forward pass for one image.",
        f"Written by SpecNet from {origin or 'a spec'}",
        network.digest,
    ]
    wrapped = [line for text in paragraphs for line in wrap(replace_unprintable(text), LINE_WIDTH - 3) or [""]]
    # only now, as a line that ended within an escape would end the string
    lines = [_escape(escape_commands(line)) for line in wrapped]
    return "\n".join([f'"""{lines[0]}', *lines[1:], '"""'])


def _escape(line: str) -> str:
    """Return a line escaped for triple quotes."""
    return line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _describe_interface(network: Network) -> str:
    """Return `Input N×3×227×227; output N×1000.`, and whether it is for this size of input only."""
    inputs = [(i.name, i.shape) for i in network.inputs]
    outputs = [(value, network.shapes[value]) for value in network.outputs]
    outputs += [(head.name, network.shapes[head.value]) for head in network.heads]
    size = " Compiled for inputs of this size only." if _is_for_one_size(network) else ""
    return f"Input {_format_shapes(inputs)}; output {_format_shapes(outputs)}.{size}"


def _is_for_one_size(network: Network) -> bool:
    """Return whether a layer brings maps to a height and width of its own, as `upsample to=56` does."""
    layers = (node.layer for node in network.nodes)
    return any(layer.size_field and getattr(layer, layer.size_field) for layer in layers if layer)


def _format_shapes(named: Sequence[tuple[str, Shape | None]]) -> str:
    texts = [(name, "×".join(["N", *map(str, order_as_torch(shape or ()))])) for name, shape in named]
    return texts[0][1] if len(texts) == 1 else ", ".join(f"{name} {shape}" for name, shape in texts)


def write_main(network: Network, name: str) -> str:
    """Return lines that run the model on a batch of zeros and print the shapes of its outputs."""
    zeros = ", ".join(f"torch.zeros({', '.join(map(str, (1, *order_as_torch(i.shape))))})" for i in network.inputs)
    several = len(network.outputs) + len(network.heads) > 1
    shapes = "*(tuple(output.shape) for output in outputs)" if several else "tuple(output.shape)"
    return f"""if __name__ == "__main__":
    model = {name}().eval()
    with torch.no_grad():
        {"outputs" if several else "output"} = model({zeros})
    print({shapes})
    print(f"{{sum(p.numel() for p in model.parameters()):,}} parameters")"""


def list_foreign_modules(targets: Iterable[str]) -> list[str]:
    """Return the modules of the import paths among the targets: `mypkg.modules` of `mypkg.modules:Swish`."""
    return sorted({target.partition(":")[0] for target in targets if ":" in target})


def write_imports(source: str, foreign: Iterable[str]) -> str:
    """Return the imports of the modules that torch lacks, as far as the source uses them; torch's before `foreign`."""
    used = _find_names(ast.parse(source))
    found: tuple[list[str], list[str], list[str]] = [], [], [f"import {module}" for module in foreign]
    for statement in read_torch_modules()[1].body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            module = (statement.module if isinstance(statement, ast.ImportFrom) else statement.names[0].name) or ""
            names = [alias for alias in statement.names if (alias.asname or alias.name) in used]
            if names:
                found[module.startswith("torch")].append(_import_text(statement, names))
    return "\n\n".join("\n".join(dict.fromkeys(block)) for block in found if block)  # each of the files has its own


def _import_text(statement: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> str:
    if isinstance(statement, ast.Import):
        return ast.unparse(ast.Import(names))
    return ast.unparse(ast.ImportFrom(statement.module, names, statement.level))


def embed_modules(targets: Iterable[str]) -> dict[str, str]:
    """Return the source of the targets `modules.NAME` and of all they use, by name, in the order of their file."""
    wanted: set[str] = set()
    coming = {target.removeprefix("modules.") for target in targets if target.startswith("modules.")}
    while coming:
        wanted |= coming
        used = {name for each in coming for name in _find_names(_read_definitions()[each])}
        coming = (used & _read_definitions().keys()) - wanted
    return {name: _extract_source(definition) for name, definition in _read_definitions().items() if name in wanted}


@cache
def _read_definitions() -> dict[str, Definition]:
    """Return the classes, functions and constants of the modules that torch lacks by name, in order."""
    found: dict[str, Definition] = {}
    for statement in read_torch_modules()[1].body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            found[ast.unparse(target)] = statement
    return found


def _find_names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _extract_source(definition: Definition) -> str:
    first = min([definition.lineno, *(d.lineno for d in getattr(definition, "decorator_list", []))])
    return "\n".join(read_torch_modules()[0].splitlines()[first - 1 : definition.end_lineno])
