"""Comments above lines of a file that a program writes: as a tree holds none, numbers in labels keep their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from specnet.printer.formatter import format_source
from specnet.printer.values import make_name
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.parser import parse

MARKED = re.compile(r"^comment(\d+)__(\w*):( *)")


class LineComments:
    """The comments of lines by the number in their labels."""

    def __init__(self) -> None:
        self._comments: list[Sequence[str]] = []

    def mark(self, line: tree.Chain, comments: Sequence[str]) -> tree.Chain:
        """Return a line whose label has the number of these comments; the line itself if there are none."""
        if not comments:
            return line
        self._comments.append(comments)
        label = line.label.text if line.label else ""
        return replace(line, label=make_name(f"comment{len(self._comments) - 1}__{label}"))

    def insert(self, text: str, remarks: Sequence[str]) -> str:
        """Return the text with all comments, those at its head first, in the canonical layout."""
        head = "".join(map(_format, remarks))
        if not self._comments:
            return head + text
        source = Source("<folded>", head + "".join(self._insert(text)))
        lines, _ = parse(source)
        return format_source(source, lines)

    def _insert(self, text: str) -> Iterator[str]:
        for line in text.splitlines(keepends=True):
            found = MARKED.match(line)
            if found is None:
                yield line
                continue
            yield from map(_format, self._comments[int(found[1])])
            yield MARKED.sub(f"{found[2]}: " if found[2] else "", line)


def _format(comment: str) -> str:
    return f"# {' '.join(comment.split())}\n"
