"""A diagram as a Mermaid flowchart, which GitHub and GitLab draw in Markdown files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from specnet.backends.diagram.choice import list_details
from specnet.backends.diagram.model import Box, Diagram, Edge, Scope, State, Terminal
from specnet.backends.diagram.options import DrawingOptions
from specnet.backends.diagram.palette import BEHIND, FAMILIES, FOLDED, STATES, TERMINAL, Colours
from specnet.compiler import Checked
from specnet.printable import replace_unprintable

LONGEST = 300
"""The largest number of characters of a text."""

MOST_CHARACTERS, MOST_EDGES = 50_000, 500
"""What Mermaid draws at most, unless a page sets other limits (maxTextSize, maxEdges)."""

MOST_BOXES = 40
"""The number of boxes from which blocks are folded."""

LIMITS = f"{MOST_CHARACTERS:,} characters (maxTextSize) and {MOST_EDGES} edges (maxEdges)"

MARKUP = re.compile(r"[^\w \u00b7-\uffff.,:=/()+-]")
"""Characters that Mermaid or Markdown may read as more than text."""


def to_mermaid(diagram: Diagram) -> str:
    """Return the diagram as the text of a flowchart from top to bottom."""
    return "\n".join(_Flowchart(diagram).list_lines()) + "\n"


def write_flowchart(checked: Checked, depth: int | None = None, expand: bool = False) -> str:
    """Return a network with the most detail that has room in a page of text; `depth` and `expand` are kept."""
    flowchart = ""
    for diagram in list_details(checked, DrawingOptions(depth, expand)):
        flowchart = to_mermaid(diagram)
        if is_drawable(flowchart) and len(diagram.boxes) <= MOST_BOXES:
            break
    return flowchart


def is_drawable(flowchart: str) -> bool:
    """Whether Mermaid draws a flowchart with its own limits."""
    return len(flowchart) <= MOST_CHARACTERS and flowchart.count("->") <= MOST_EDGES


class _Flowchart:
    """Writes one diagram; boxes, scopes and terminals are numbered, so that no name can break the syntax."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        ends = (*diagram.inputs, *diagram.ends)
        names = [*(terminal.identity for terminal in ends), *diagram.boxes]
        self.identities = {name: f"n{number}" for number, name in enumerate(names)}
        self.scopes = {name: f"s{number}" for number, name in enumerate(diagram.scopes)}

    def list_lines(self) -> Iterator[str]:
        """Yield the lines: title, inputs, layers, ends, edges, colours."""
        diagram = self.diagram
        yield "flowchart TB"
        yield f"  accTitle: {_escape(diagram.name)}"
        if description := " · ".join(filter(None, (diagram.description, diagram.totals, *diagram.messages))):
            yield f"  accDescr: {_escape(description)}"
        yield from map(self._write_terminal, diagram.inputs)
        yield from self._write_contents(diagram.contents, "  ")
        yield from map(self._write_terminal, diagram.ends)
        yield from map(self._write_edge, diagram.edges)
        yield from self._write_styles()

    def _write_contents(self, names: Iterable[str], indent: str) -> Iterator[str]:
        for name in names:
            if box := self.diagram.boxes.get(name):
                yield f"{indent}{self.identities[name]}{_quote(_list_text(box))}:::{_classify(box)}"
                continue
            scope = self.diagram.scopes[name]
            yield f"{indent}subgraph {self.scopes[name]} [{_quote_text((_format_heading(scope),))}]"
            yield from self._write_contents(scope.contents, f"{indent}  ")
            yield f"{indent}end"

    def _write_terminal(self, terminal: Terminal) -> str:
        text = _quote_text((f"{terminal.name}  {terminal.role}".strip(),))
        return f"  {self.identities[terminal.identity]}([{text}]):::terminal"

    def _write_edge(self, edge: Edge) -> str:
        label = f"|{_quote_text((edge.label,))}|" if edge.label else ""
        arrow = "-.->" if edge.is_gap or edge.state in DASHED else "-->"
        return f"  {self.identities[edge.source]} {arrow}{label} {self.identities[edge.target]}"

    def _write_styles(self) -> Iterator[str]:
        """Yield the colours of the classes in use, and those of the edges that are not merely sound."""
        used = dict.fromkeys(map(_classify, self.diagram.boxes.values()))
        for name in ("terminal", *used):
            yield f"  classDef {name} {_style(CLASSES[name])}"
        if self.scopes:
            yield f"  classDef scope fill:transparent,stroke:{BEHIND.ink}"  # so that it is clear on a dark page, too
            yield f"  class {','.join(self.scopes.values())} scope"
        for number, edge in enumerate(self.diagram.edges):
            if edge.state in STATES:
                yield f"  linkStyle {number} stroke:{STATES[edge.state].line}"


def _style(colours: Colours) -> str:
    return f"fill:{colours.fill},stroke:{colours.line},color:{colours.ink}"


DASHED = (State.BEHIND, State.REMOVED)

CLASSES: dict[str, Colours] = {
    **{str(family): colours for family, colours in FAMILIES.items()},
    **{str(state): colours for state, colours in STATES.items()},
    "folded": FOLDED,
    "terminal": TERMINAL,
}
"""The colours by the names of classes."""


def _classify(box: Box) -> str:
    return str(box.state if box.state in STATES else box.family or "folded")


def _format_heading(shown: Box | Scope) -> str:
    return f"{shown.title}  {shown.call}{f'  ×{shown.count:,}' if shown.count > 1 else ''}"


def _list_text(box: Box) -> Iterator[str]:
    yield _format_heading(box)
    yield from box.facts
    yield from box.messages
    if box.parts:
        yield " · ".join(part.text for part in box.parts)


def _quote(lines: Iterable[str]) -> str:
    return f"[{_quote_text(lines)}]"


def _quote_text(lines: Iterable[str]) -> str:
    return '"' + "<br/>".join(map(_escape, lines)) + '"'


def _escape(text: str) -> str:
    """Return one line of text in which all that could be markup is written as a number: `#38;` for `&`."""
    shown = replace_unprintable(text[:LONGEST]) + "…" * (len(text) > LONGEST)
    return MARKUP.sub(lambda character: f"#{ord(character[0])};", shown)
