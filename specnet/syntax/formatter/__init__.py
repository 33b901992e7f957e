"""The one canonical layout of a spec: aligned as a careful person would, comments kept, the meaning unchanged.

tree → sentences (what a line is made of) → rows (which line of text it stands on) → columns (what stands below what).
"""

from __future__ import annotations

from itertools import groupby

from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.formatter.columns import aligned
from specnet.syntax.formatter.comments import Comments
from specnet.syntax.formatter.layout import rows
from specnet.syntax.formatter.sentences import sentence


def format_source(source: Source, lines: tree.Lines) -> str:
    """The text of a spec in the canonical layout; `lines` are what it parses to, all readable."""
    return aligned(rows(map(sentence, lines), Comments(source.text)))


def format_lines(lines: tree.Lines) -> str:
    """The text of a spec that a program made: it has no comments, and blank lines where the topic changes."""
    parts = [tuple(part) for _, part in groupby(lines, _topic)]
    return "\n".join(aligned(rows(map(sentence, part), Comments(""))) for part in parts)


def _topic(line: tree.Line) -> object:
    """What a line speaks of: each block of itself, the lines that describe layers of one and the same."""
    if isinstance(line, tree.Block):
        return line.name.text
    first = line.elements[0] if isinstance(line, tree.Chain) else None
    return first.word.text if isinstance(first, tree.Call) and first.word.text in HEADINGS else type(line)


HEADINGS = frozenset({"net", "input", "default", "round", "use", "train"})
"""The words of the lines that describe no layer."""
