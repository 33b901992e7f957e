"""Recognise braces that are never closed, never opened or close nothing, and a claim on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from specnet.foreign.bad_line import BadLine
from specnet.syntax.parser_input import MASK, PLACEHOLDER, find_line
from specnet.syntax.recovery import Hint

CODE_LINE = re.compile(rf"^([ \t]*)([^\s{MASK}{PLACEHOLDER}].*?)[ \t\r{MASK}]*$", re.MULTILINE)

NEEDS_BRACE = re.compile(rf"[ \t|}}]*(?:\w+:\s*)?(?P<word>repeat|for|if|else|block)\b[^\n{MASK}]*")
"""The beginning of a line that must open a brace."""

LAST_CODE = re.compile(rf"[^\s{MASK}](?=[\s{MASK}]*\Z)")
"""The last character of code before some offset."""


@dataclass(frozen=True)
class CodeLine:
    """The start and end of the code on a line, its indentation and its first character."""

    start: int
    end: int
    indent: int
    first: str


def find_code_lines(code: str, start: int) -> Iterator[CodeLine]:
    """Yield the lines with code from `start` on, in a text with strings and comments masked."""
    for found in CODE_LINE.finditer(code, start):
        yield CodeLine(found.start(2), found.end(2), len(found[1]), found[2][0])


# A brace that is never closed


@dataclass
class OpenBrace:
    """A brace that is open, the indentation of its line, and whether lines in it are indented further."""

    at: int
    indent: int
    has_deeper: bool = False


def recognise_unclosed_brace(line: BadLine) -> Hint | None:
    """Recognise the brace that the indentation shows to be open too long, else the last one, at the end of the text."""
    if not line.error.is_at_end:
        return None
    opened, last = list[OpenBrace](), line.statement
    for code_line in find_code_lines(line.code, line.statement):
        if opened and _is_left_open(opened[-1], code_line):
            return _hint_unclosed_brace(line.code, opened[-1], last, is_certain=True)
        _track_braces(line.code, code_line, opened)
        last = code_line.end
    return _hint_unclosed_brace(line.code, opened[-1], last, is_certain=False) if opened else None


def _track_braces(code: str, line: CodeLine, opened: list[OpenBrace]) -> None:
    """Add the braces that a line opens to those that are open, and remove those that it closes."""
    for outer in opened:
        outer.has_deeper |= line.indent > outer.indent
    for brace in re.finditer(r"[{}]", code[line.start : line.end]):
        if brace[0] == "{":
            at = line.start + brace.start()
            opened.append(OpenBrace(at, line.indent, has_deeper=at + 1 < line.end))
        elif opened:
            opened.pop()


def _is_left_open(brace: OpenBrace, line: CodeLine) -> bool:
    """Return whether a line is indented so little that it no longer belongs between the braces."""
    if line.first == "}":
        return line.indent < brace.indent
    return brace.has_deeper and line.indent <= brace.indent and line.first not in "|-"


def _hint_unclosed_brace(code: str, brace: OpenBrace, end: int, is_certain: bool) -> Hint:
    start, line_end = find_line(code, end)
    claim = code.find("=>", brace.at, end)
    if claim >= 0 and start <= brace.at:  # what is claimed is rather the shape after the braces
        end = brace.at + len(code[brace.at : claim].rstrip())
    line = f"{code[start:end]} }}{code[end:line_end]}".replace(MASK, " ").strip()
    return Hint(
        "this brace is never closed",
        brace.at,
        brace.at + 1,
        ((end, end, " }"),),
        replacement="}",
        title=line,
        is_safe=is_certain,
        is_assumed=True,
        region=(end, end),
    )


# A brace that is missing after the word that needs it, or that closes nothing


def recognise_unopened_brace(line: BadLine) -> Hint | None:
    """Recognise a brace that closes nothing, an arm outside a join, a line that ends before its brace."""
    start = line.error.start
    if line.token == "}" and _closes_all_braces(line.code[line.statement : start]):
        return _hint_missing_brace_above(line.code, start) or _hint_surplus_brace(line)
    rest_of_line = line.code[start : line.bounds[1]]
    if _needs_brace_here(line) and _has_surplus_brace(rest_of_line):
        return _hint_missing_brace_before(line)
    if line.token == "|" and not line.code[line.bounds[0] : start].strip():
        above = [*find_code_lines(line.code[:start], 0)]
        return (
            _hint_word_without_brace(line.code, above[-1]) if above and _has_surplus_brace(line.code[start:]) else None
        )
    if "LBRACE" in line.error.expected and not line.token.strip():
        return _hint_missing_brace(line.code, *line.bounds)
    return None


def _needs_brace_here(line: BadLine) -> bool:
    """Return whether the parser stopped at an element or an arm that could follow a brace, within a line."""
    is_arm = line.token == "|" and re.search(r"\w\s*\Z", line.code[line.bounds[0] : line.error.start]) is not None
    return is_arm or ("LBRACE" in line.error.expected and re.fullmatch(r"[A-Za-z_@]\w*", line.token) is not None)


def _hint_missing_brace_before(line: BadLine) -> Hint:
    """Recognise `repeat 2 conv K=8 F=3 }`."""
    at, (start, end) = line.error.start, line.bounds
    replacement = f"{line.text[start:at]}{{ {line.text[at:end]}"
    return Hint(
        "the opening brace is missing before this",
        at,
        line.error.end,
        ((at, at, "{ "),),
        replacement,
        is_safe=True,
        is_assumed=True,
    )


def _hint_surplus_brace(line: BadLine) -> Hint:
    start, end = line.error.start, line.error.end
    left = line.code[line.bounds[0] : start] + line.code[end : line.bounds[1]]
    title = left.strip() or "without the brace"
    return Hint("this brace closes nothing", start, end, ((start, end, ""),), title=title, is_assumed=True)


def _hint_missing_brace(code: str, start: int, end: int) -> Hint | None:
    """Recognise a word whose brace is on the next line, or has only its closing brace further down."""
    head = NEEDS_BRACE.match(code, start)
    if head is None:
        return None
    end = start + len(head[0].rstrip())
    changes = [(end, end, " {")]
    below = re.compile(r"[^\n]*\n\s*\{").match(code, end)
    if below:
        changes.append((below.end() - 1, below.end(), ""))
    elif not _has_surplus_brace(code[end:]):
        return None
    word, replacement = head["word"], f"{code[start:end]} {{"
    message = f"the opening brace of `{word}` belongs on its line" if below else f"`{word}` opens no brace"
    return Hint(message, *head.span("word"), tuple(changes), replacement, is_safe=True, is_assumed=True)


def _hint_missing_brace_above(code: str, end: int) -> Hint | None:
    """Recognise the word without its brace, if the indentation of a closing brace shows which one that is."""
    opened, lines = list[int](), [*find_code_lines(code[:end] + "}", 0)]
    for i, line in enumerate(lines):
        if line.first == "}" and (not opened or opened[-1] < line.indent):
            return _hint_last_word(code, lines[:i], line.indent)
        for brace in re.findall(r"[{}]", code[line.start : line.end]):
            if brace == "{":
                opened.append(line.indent)
            elif opened:
                opened.pop()
    return None


def _hint_last_word(code: str, lines: Sequence[CodeLine], indent: int) -> Hint | None:
    """Recognise the last line with that indentation, if the lines after it are indented further."""
    at = next((i for i in range(len(lines) - 1, -1, -1) if lines[i].indent <= indent), None)
    if at is None or at == len(lines) - 1 or lines[at].indent < indent:
        return None
    return _hint_word_without_brace(code, lines[at])


def _hint_word_without_brace(code: str, line: CodeLine) -> Hint | None:
    word = re.compile(r"[|\s]*(?:\w+:\s*)?(\w+)").match(code, line.start)
    if word is None or code.find("{", line.start, line.end) >= 0:
        return None
    changes, region = ((line.end, line.end, " {"),), find_line(code, line.start)
    replacement, message = f"{code[line.start : line.end]} {{", f"`{word[1]}` opens no brace"
    return Hint(message, *word.span(1), changes, replacement, is_safe=True, is_assumed=True, region=region)


def _has_surplus_brace(code: str) -> bool:
    """Return whether more braces are closed than opened."""
    return code.count("}") > code.count("{")


def _closes_all_braces(code: str) -> bool:
    return code.count("}") >= code.count("{")


# A claim on a line of its own


def recognise_separate_claim(line: BadLine) -> Hint | None:
    """Recognise `=> 55x55x96` below the line whose shape it claims."""
    code, error, (start, end) = line.code, line.error, line.bounds
    claim_line = code[start:end].rstrip(f"{MASK} \t\r")
    before = LAST_CODE.search(code, 0, start)
    if line.token != "=>" or claim_line[: error.start - start].strip() or not before:
        return None
    claim, above = claim_line.strip(), code[slice(*find_line(code, before.start()))].split(MASK)[0].strip()
    changes = ((before.end(), before.end(), f" {claim}"), (error.start, start + len(claim_line), ""))
    message = "`=>` belongs at the end of the line whose shape it claims"
    is_only = "=>" not in above and re.match(r"=>\s*\d", claim) is not None
    return Hint(message, error.start, error.end, changes, f"{above} {claim}", is_safe=is_only, is_assumed=is_only)
