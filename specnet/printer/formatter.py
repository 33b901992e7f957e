"""Format a spec in the one canonical layout: columns are aligned, comments kept, the meaning unchanged.

tree → logical lines → rows of the file → text in columns.
"""

from __future__ import annotations

from itertools import groupby

from specnet.printer.columns import align_columns
from specnet.printer.lines import to_logical_line
from specnet.printer.rows import Comments, lay_out
from specnet.source import Source
from specnet.syntax import tree

SECTION_WORDS = frozenset({"net", "input", "default", "round", "use", "train"})
"""The first words of lines that add no layer."""


def format_source(source: Source, lines: tree.Lines) -> str:
    """Return a spec in the canonical layout with its comments; `lines` are its parsed lines, all readable."""
    return align_columns(lay_out(map(to_logical_line, lines), Comments(source.text)))


def format_tree(lines: tree.Lines) -> str:
    """Return a spec that a program made: it has no comments, and blank lines between sections."""
    sections = [tuple(section) for _, section in groupby(lines, _section)]
    return "\n".join(align_columns(lay_out(map(to_logical_line, section), Comments(""))) for section in sections)


def _section(line: tree.Line) -> object:
    """Return the key of a line's section: each block is a section, and so are all lines that add layers."""
    if isinstance(line, tree.Block):
        return line.name.text
    first = line.elements[0] if isinstance(line, tree.Chain) else None
    return first.word.text if isinstance(first, tree.Call) and first.word.text in SECTION_WORDS else type(line)
