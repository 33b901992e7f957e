"""The text of a spec on a page: its lines, the messages about them, and the lines that each layer comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Label
from specnet.graph import Node
from specnet.page.markup import Html, element, join
from specnet.printable import escape_unprintable, replace_unprintable
from specnet.reporters.terminal import draw_marks, first_line, format_notes
from specnet.source import Span


def find_lines(checked: Checked, name: str) -> list[int]:
    """Return the lines of the spec's own file that an input or a layer comes from: its calls, and then its own."""
    place = checked.elaborated.places.get(name)
    spans = (*place.trace, place.element) if place else ()
    return list(dict.fromkeys(span.line for span in spans if span.source is checked.source))


def find_scope_lines(checked: Checked, nodes: Sequence[Node]) -> list[int]:
    """Return the lines with the calls that all layers of a scope come from, without that of a block's own layers."""
    all_lines = [find_lines(checked, node.name) for node in nodes]
    common = [line for line in all_lines[0] if all(line in lines for lines in all_lines)]
    is_own = all(lines[-1:] == common[-1:] for lines in all_lines)
    return common[:-1] if is_own and len(common) > 1 else common


def make_source(checked: Checked, made: Iterable[int]) -> Html:
    """Return the lines of a spec with the messages about them; `made` are the lines that layers come from."""
    text, layers = checked.source.text.rstrip("\n"), set(made)
    messages = group_messages(checked)
    rows = [
        part
        for number in range(1, text.count("\n") + 2)
        for part in (_make_line(checked, number, number in layers), *messages.get(number, ()))
    ]
    return element("div", *messages.get(0, ()), *rows, class_="source")


def _make_line(checked: Checked, number: int, is_made: bool) -> Html:
    """Return a line with its number; of a line that is too long, all is there and the rest is scrolled to."""
    text = element("code", replace_unprintable(checked.source.line(number)) or " ")
    style = "line made" if is_made else "line"
    return element("div", element("span", str(number), class_="at"), text, class_=style, data_line=number)


# Messages


def group_messages(checked: Checked) -> Mapping[int, list[Html]]:
    """Return the messages by the line of the spec's file below which they stand, 0 for those without one."""
    grouped: dict[int, list[Html]] = {}
    for number, diagnostic in enumerate(checked.shown):
        grouped.setdefault(find_line(checked, diagnostic), []).append(_make_message(checked, diagnostic, number))
    return grouped


def find_line(checked: Checked, diagnostic: Diagnostic) -> int:
    """Return the line of a message; of one about a used file, that of the innermost call in the spec's own file."""
    spans = [*([diagnostic.span] if diagnostic.span else []), *reversed(diagnostic.trace)]
    return next((span.line for span in spans if span.source is checked.source), 0)


def _make_message(checked: Checked, diagnostic: Diagnostic, number: int) -> Html:
    """Return a message as the terminal has it: what is wrong, where, the arithmetic and the fixes."""
    head = element("b", f"{diagnostic.severity}[{diagnostic.code.name}]")
    parts = [
        element("p", head, ": ", escape_unprintable(diagnostic.message)),
        *_make_marks(checked, diagnostic),
        *(element("p", f"= {note}", class_="note") for note in format_notes(diagnostic)),
    ]
    style, about = f"message {diagnostic.severity}", diagnostic.node or False
    return element("div", *parts, class_=style, id=f"message-{number}", data_name=about, tabindex="-1")


def _make_marks(checked: Checked, diagnostic: Diagnostic) -> Iterator[Html]:
    """Yield marks below the line that the message is about, and what is said of other places."""
    own = [label for label in diagnostic.labels if diagnostic.span and _is_on(label.span, diagnostic.span)]
    if own and diagnostic.span:
        span = diagnostic.span
        line = replace_unprintable(span.source.line(span.line))
        is_shown = span.source is checked.source
        marks = draw_marks(own, span.source.line(span.line))
        yield element("pre", "\n".join(marks if is_shown else [f"{span.source.name}:{span.line}", line, *marks]))
    for label in diagnostic.labels:
        if label not in own and label.text:
            yield element("p", _describe_place(checked, label), class_="note")


def _is_on(span: Span, main: Span) -> bool:
    return span.source is main.source and span.line == main.line


def _describe_place(checked: Checked, label: Label) -> str:
    place = "" if label.span.source is checked.source else f"{label.span.source.name}, "
    text = first_line(label.span)
    return f"{place}line {label.span.line}{f', `{text}`' if text else ''}: {label.text}"


def list_messages(checked: Checked) -> Html:
    """Return links to the messages, with the line and the words of each."""
    links = (_make_link(checked, diagnostic, number) for number, diagnostic in enumerate(checked.shown))
    return join(element("li", link) for link in links)


def _make_link(checked: Checked, diagnostic: Diagnostic, number: int) -> Html:
    line = find_line(checked, diagnostic)
    words = escape_unprintable(diagnostic.message)
    text = f"{diagnostic.code.name}{f' line {line}' if line else ''}: {words}"
    return element("a", text, href=f"#message-{number}", class_=str(diagnostic.severity), title=words)
