"""Error recovery: report a line that cannot be read, replace it by a placeholder, and read on after it.

A placeholder declares the names that the line declares, opens and closes the braces that it opens and closes, and
makes the value after it unknown. The message says what the line resembles, or what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, InputClaim, Translated, make_diagnostic
from specnet.syntax import tree
from specnet.syntax.limits import MAX_UNREADABLE, make_limit_diagnostic
from specnet.syntax.parser_input import (
    PLACEHOLDER,
    ParseError,
    ParserInput,
    TextChange,
    find_continued_line,
    find_line,
    find_part_end,
    find_statement_end,
    find_statement_ends,
    mask_text,
)

CHOICE = re.compile(r"\bor\s*\{")
"""The `or {` of `identity or { … }`, which has its meaning only if nothing else is in the arm."""

UNKNOWN_VALUE = f"\n{PLACEHOLDER}\n"
"""A line after which the value is unknown."""

NAME = r"([A-Za-z_]\w*)"

ReadLines = Callable[[ParserInput], tree.Lines]
"""A function that returns the lines of a text; raises ParseError at the first that cannot be read."""


@dataclass(frozen=True)
class Hint:
    """A guess at what a line that cannot be read was meant to be. All offsets are of the text that was read."""

    message: str
    start: int
    end: int
    """The characters that the message points at."""
    changes: tuple[TextChange, ...] = ()
    """The changes that correct the text; none where that is unknown."""
    replacement: str = ""
    """The corrected text."""
    title: str = ""
    """The title of the fix, if it is not the replacement."""
    is_safe: bool = False
    """Whether no other change is possible."""
    is_assumed: bool = False
    """Whether the lines below are read as if the changes were made."""
    notes: tuple[str, ...] = ()
    """What the corrected text does not say of the line, in words."""
    inputs: tuple[tuple[str, InputClaim | None], ...] = ()
    """The layers of another tool in the corrected text, and what each says of its input."""
    region: tuple[int, int] | None = None
    """The characters that cannot be read, if that is not the line with those that continue it."""


Recogniser = Callable[[ParserInput, int, ParseError], Hint | None]
"""A function that returns a hint on a parse error in an input; the number is the offset where its statement begins."""


class Recovery:
    """Reads a text that cannot be read as a whole, part by part."""

    def __init__(
        self,
        parser_input: ParserInput,
        read: ReadLines,
        recognise: Recogniser | None,
        parts: list[tree.Lines],
        starts: list[int],
        error: ParseError,
    ) -> None:
        self.input = parser_input
        self.read_lines = read
        self.recognise = recognise
        self.parts = parts
        """The lines of one or more statements each."""
        self.starts = starts
        """The offsets at which the parts begin, and the next one, which has the error."""
        self.diagnostics: list[Diagnostic] = []
        self.reported: set[int] = set()
        """The numbers of the lines with a diagnostic."""
        asked = parser_input, starts[-1], find_part_end(parser_input.text, starts[-1])
        self.last: tuple[tuple[ParserInput, int, int], tree.Lines | ParseError] = asked, error.move(starts[-1])
        """The part that was read last, and its lines or its error."""

    def run(self) -> tuple[tree.Lines, list[Diagnostic]]:
        """Return the lines, and a diagnostic for each bad one."""
        while self.starts[-1] < len(self.input.text) and len(self.diagnostics) < MAX_UNREADABLE:
            self._step()
        self._report_end()
        return tuple(line for lines in self.parts for line in lines), self.diagnostics

    def _step(self) -> None:
        """Read the next statements, or those above an error, report that and put a placeholder in the text."""
        at = self.starts[-1]
        end = find_part_end(self.input.text, at)
        lines = self._read(at, end)
        if isinstance(lines, ParseError):
            self._read_up_to(lines.start - lines.is_at_end)
            at = self.starts[-1]
            end = find_statement_end(self.input.text, at)
            lines = self._read(at, end)
        if not isinstance(lines, ParseError):
            self._keep(lines, end)
            return
        error = lines
        hint = self.recognise and self.recognise(self.input, at, error)
        place = hint.start if hint else error.start
        line = self.input.span(place, place).line
        if line in self.reported:  # its placeholder did not help: leave out the statement that began before it
            unreadable = tree.Unreadable(self.input.span(at, at + 1), None)
            self._keep((unreadable,), max(at, find_line(self.input.text, error.start)[1]) + 1)
            return
        self.reported.add(line)
        self.diagnostics.append(_make_diagnostic(self.input, error, hint))
        self._forget(place)
        self._replace(error, hint)

    def _report_end(self) -> None:
        """Report where the text is read no further, unless there is nothing below its last unreadable line."""
        rest = re.compile(rf"[^\s{PLACEHOLDER}]+").finditer(self.input.text, self.starts[-1])
        places = (self.input.span(*word.span()) for word in rest)
        if end := next((place for place in places if place.line > max(self.reported)), None):
            message = f"the file is read no further than this, after {MAX_UNREADABLE} lines that cannot be read"
            self.diagnostics.append(make_limit_diagnostic(message, end))

    def _keep(self, lines: tree.Lines, end: int) -> None:
        self.parts.append(lines)
        self.starts.append(end)

    def _forget(self, place: int) -> None:
        """Forget the statements that begin after an offset."""
        while self.starts[-1] > place:
            self.starts.pop()
            self.parts.pop()
        self._read_up_to(place)

    def _read_up_to(self, place: int) -> None:
        """Read the statements that end at or before an offset."""
        at = self.starts[-1]
        end = max(takewhile(lambda end: end <= place, find_statement_ends(self.input.text, at)), default=at)
        if end > at and not isinstance(lines := self._read(at, end), ParseError):
            self._keep(lines, end)

    def _read(self, start: int, end: int) -> tree.Lines | ParseError:
        """Return the lines of a part, or its error with offsets of the whole text.

        The last answer is kept, as a statement that a placeholder was tried in is often read next.
        """
        asked, answer = self.last
        if asked[0] is self.input and asked[1:] == (start, end):
            return answer
        try:
            answer = self.read_lines(self.input.part(start, end))
        except ParseError as error:
            answer = error.move(start)
        self.last = (self.input, start, end), answer
        return answer

    def _replace(self, error: ParseError, hint: Hint | None) -> None:
        """Replace the bad line by the first placeholder with which the text can be read further than there."""
        was, at = self.input, self.starts[-1]
        region = (hint and hint.region) or find_continued_line(was.text, error.start)
        after = len(was.text) - region[1]
        for changes in _propose_placeholders(was.text, at, region, hint):
            self.input = was.apply(changes)
            lines = self._read(at, find_statement_end(self.input.text, at))
            if not isinstance(lines, ParseError) or (
                not lines.is_at_end and lines.start >= len(self.input.text) - after
            ):
                return


# Placeholders


def _propose_placeholders(
    text: str, at: int, region: tuple[int, int], hint: Hint | None
) -> Iterator[Sequence[TextChange]]:
    """Yield the changes that put a placeholder in a region, the most informative first; the last can always be read."""
    start, end = region
    bad = text[start:end]
    if hint and hint.is_assumed and not CHOICE.search(hint.replacement):
        yield _apply_hint(text, at, region, hint)
    if not text.startswith("train", at):
        yield [(start, end, _keep_braces(bad, _declare_names(bad)))]
    yield [(start, end, _keep_braces(bad))]
    yield [(start, end, UNKNOWN_VALUE)]
    yield [(at, find_statement_end(text, at), UNKNOWN_VALUE)]


def _apply_hint(text: str, at: int, region: tuple[int, int], hint: Hint) -> Sequence[TextChange]:
    """Return the changes of a hint, with an unknown value before them, and after them unless they claim a shape.

    Text before `at` is read already.
    """
    start, end = region
    start += len(re.match(r"[\s|}]*(?:->)?\s*", text[start:end])[0])  # type: ignore[index]  # matches everywhere
    replacement = mask_text(hint.replacement)
    goes_on = replacement.count("{") > replacement.count("}") or "=>" in replacement
    has_gap = end > start and not text.startswith("else", start)
    changes = [change for change in hint.changes if change[0] >= at]
    return [(start, start, UNKNOWN_VALUE if has_gap else ""), *changes, (end, end, "" if goes_on else UNKNOWN_VALUE)]


def _declare_names(bad: str) -> Iterator[str]:
    """Yield lines that declare the names that a bad line gives to numbers, and to values by a label or a tap."""
    code = mask_text(bad)
    yield from (f"let {name} = C" for name in re.findall(rf"\blet\s+{NAME}", code))
    found = re.findall(rf"^[\s|}}]*{NAME}\s*[:=]|->\s*@{NAME}|\binput\s+{NAME}", code)
    values = dict.fromkeys(name for alternatives in found for name in alternatives if name)
    yield from (f"{name}: if yes {{ {PLACEHOLDER} }}" for name in values)


def _keep_braces(bad: str, declarations: Iterable[str] = ()) -> str:
    """Return a placeholder with the braces that the bad line opens and closes for other lines."""
    code = mask_text(bad)
    before = re.match(r"[\s|}]*", code)[0]  # type: ignore[index]  # matches everywhere
    braces = re.sub(r"[^{}]", "", code[len(before) :])
    while "{}" in braces:
        braces = braces.replace("{}", "")
    return "\n".join((before + UNKNOWN_VALUE, *declarations, "}" * braces.count("}"), *["if no {"] * braces.count("{")))


# Messages

KEYWORD = re.compile(r"\b(?P<word>let|block|expect|repeat|for|if)[ \t]*$")
"""A keyword before a colon, where a label should be."""

EXPECTED = {
    "NUMBER": "a value",
    "NAME": "a word",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "IN": "`in`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "LBRACE": "`{`",
    "VBAR": "`|`",
    "RBRACE": "`}`",
    "_ELSE": "`else`",
    "_ARROW": "`->`",
    "_CLAIM": "`=>`",
    "_NEWLINE": "the end of the line",
}
"""The grammar's terminals in the words of messages; a value may also be a name, a size, a string."""

MISSING_VALUE = re.compile(r"(?P<key>[A-Za-z_]\w*)\s*=[ \t]*$")
"""A key before the place of its value."""

KEY_AS_VALUE = re.compile(r"(?P<key>[A-Za-z_]\w*)\s*=[ \t]*[A-Za-z_]\w*[ \t]*$")
"""A key and the next key before a second `=`: the first has no value."""

MOST_EXPECTED = 5
"""Longer lists of alternatives are left out."""


def _make_diagnostic(parser_input: ParserInput, error: ParseError, hint: Hint | None) -> Diagnostic:
    """Return a diagnostic with the corrected line as a candidate fix."""
    if hint is None:
        message, start, end = describe_parse_error(parser_input.text, error)
        return make_diagnostic(Code.E003, message, parser_input.span(start, end))
    edits = tuple(Edit(parser_input.span(start, end), text) for start, end, text in hint.changes)
    start, end = hint.region or find_line(parser_input.text, error.start)
    translated = Translated(parser_input.span(start, end), hint.inputs) if hint.inputs else None
    fixes = [Fix(hint.title or hint.replacement.strip(), edits, hint.is_safe, translated)] if edits else []
    place = parser_input.span(hint.start, hint.end)
    return make_diagnostic(Code.E003, hint.message, place, notes=hint.notes, fixes=fixes)


def describe_parse_error(text: str, error: ParseError) -> tuple[str, int, int]:
    """Return the message, and the start and end of the characters that it is about."""
    token = text[error.start : error.end].strip()
    line_start = text.rfind("\n", 0, error.start) + 1
    before = (KEY_AS_VALUE if token == "=" else MISSING_VALUE).search(text, line_start, error.start)
    if before and not token[:1].isalpha():
        return f"`{before['key']}=` has no value", before.start("key"), before.end("key") + 1
    if token == ":" and (keyword := KEYWORD.search(text, 0, error.start)):
        message = f"`{keyword['word']}` is a word of the language and cannot be a label"
        return message, keyword.start("word"), keyword.end("word")
    start = text.index(token, error.start) if token else len(text[: error.end].rstrip())
    return _describe_token(token) or _describe_unexpected(token, error.expected), start, start + len(token)


def _describe_token(token: str) -> str:
    """Return the message about a token that is wrong by itself; "" for others."""
    if token == "|":
        return "`|` begins an arm, and arms are between the braces of a join, such as `add`"
    if token[:1].isalpha() and not token.isascii():
        return f"`{token}` is not allowed in a name: names have the letters a to z, digits and underscores"
    return ""


def _describe_unexpected(token: str, expected: frozenset[str]) -> str:
    fact = f"`{token}` cannot stand here" if token else "the line ends too early"
    words = [word for terminal, word in EXPECTED.items() if terminal in expected]
    if "a value" in words and "a word" in words:
        words.remove("a word")
    return f"{fact}; expected {_join_alternatives(words)}" if 0 < len(words) <= MOST_EXPECTED else fact


def _join_alternatives(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
