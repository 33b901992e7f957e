"""Import the blocks of other files, `use "FILE"`. Each file is read and walked once, however often it is used."""

from __future__ import annotations

from specnet.diagnostics import Code
from specnet.elaborate.context import CannotRead, Context
from specnet.elaborate.scope import Scope
from specnet.foreign import recognise
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.limits import MAX_CHARACTERS, MAX_FILES, LimitExceeded
from specnet.syntax.parser import parse

DECLARATIONS = ("default", "round", "use")
"""The statements of a used file that are executed, since its blocks see their effects."""


def use_file(path: tree.Text, context: Context) -> None:
    """Import the blocks of another file, which keep the values and defaults that they see there."""
    source = _find_source(path, context)
    if source is None:
        return
    files = (*context.open_files, source)
    if source in context.open_files:
        names = " → ".join(file.name for file in files)
        context.report(Code.E210, f"the files use each other in a cycle: {names}", path.span)
        return
    if len(files) > MAX_FILES:
        raise LimitExceeded(f"more than {MAX_FILES} files use each other in a row", path.span)
    homes = context.files.homes
    if source not in homes:
        homes[source] = _walk_file(source, context.replace(open_files=files))
    for name, block in homes[source].blocks.items():
        known = context.scope.find_block(name)
        if known and known.block is not block.block:
            context.report(Code.E103, f"there is already a block `{name}`", path.span)
        context.scope.blocks.setdefault(name, block)


def _find_source(path: tree.Text, context: Context) -> Source | None:
    """Return the file that a path names; None, after a report, if it cannot be read."""
    try:
        source = context.files.find(path.value, path.span)
    except CannotRead as error:
        context.graph.lacks_blocks = True
        context.report(Code.E210, str(error), path.span)
        return None
    if context.files.length > MAX_CHARACTERS:
        message = f"the files that the spec uses have more than {MAX_CHARACTERS:,} characters together"
        raise LimitExceeded(message, path.span)
    return source


def _walk_file(source: Source, context: Context) -> Scope:
    """Return the top level of a file, of which only the declarations are executed."""
    lines, diagnostics = parse(source, recognise)
    context.graph.log.diagnostics += diagnostics
    home = Scope()
    declarations = tuple(line for line in lines if _is_declaration(line))
    context.replace(scope=home, depth=0).walk(declarations, None)
    return home


def _is_declaration(line: tree.Line) -> bool:
    """Return whether a line of a used file is executed: blocks and their surroundings are, layers are not."""
    if isinstance(line, tree.Chain):
        element = line.elements[0]
        return isinstance(element, tree.Call) and element.word.text in DECLARATIONS
    return isinstance(line, tree.Let | tree.Block)
