"""Recognise what belongs together by a colon and by indentation, as in Python: `repeat 3:`, `if W > 8:`, `else:`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specnet.foreign.bad_line import BadLine
from specnet.syntax.parser_input import MASK, TextChange, find_line
from specnet.syntax.recovery import Hint

HEAD = re.compile(
    rf"(?P<indent>[ \t]*)(?P<label>\w+:[ \t]*)?(?P<word>repeat|for|if|elif|else|block|train)\b"
    rf"(?P<of>(?:[^\n{{}}(){MASK}]|\([^()\n{MASK}]*\))*?)(?P<colon>[ \t]*:)"
    rf"[ \t]*(?P<rest>[^\s:{MASK}][^\n{MASK}]*?)?[ \t\r{MASK}]*$",
    re.MULTILINE,
)
"""The beginning of lines that belong together."""

BARE_HEAD = re.compile(r"[ \t|{]*(?:\w+:[ \t]*)?(?P<word>repeat|for|if)\b[^{}]*$")
"""The beginning of a line with layers, up to the first of them."""

BRACELESS = re.compile(
    rf"(?P<indent>[ \t]*)(?P<label>\w+:[ \t]*)?(?P<word>repeat|for|if|else|block)\b"
    rf"(?P<of>[^\n{{}}{MASK}]*?)(?P<colon>)(?P<rest>(?!))?[ \t\r{MASK}]*$",
    re.MULTILINE,
)
"""The same without the colon."""

JOIN = re.compile(rf"(?P<indent>[ \t]*)[^\n{{}}{MASK}]*?(?P<word>\b[a-z]\w*)(?P<end>)[ \t\r{MASK}]*$", re.MULTILINE)
"""A line that ends with a word and opens no brace."""

LOOP = re.compile(r"[ \t]+(?P<name>\w+)[ \t]+in[ \t]+range\((?P<bounds>[^()]*)\)[ \t]*")
"""`i in range(3)`."""

FOLLOWING = frozenset({"elif", "else"})


def recognise_indented_lines(line: BadLine) -> Hint | None:
    """Recognise a colon in the place of a brace; the lines below that are indented further stand between braces."""
    code, (start, end) = line.code, line.bounds
    head = HEAD.match(code, start)
    if head is None or head["word"] in FOLLOWING or not (head["of"].strip() or head["word"] == "train"):
        return None
    changes, last = _put_in_braces(code, head)
    if changes is None:
        return None
    return _hint(line, head, changes, max(end, last), (head.end("colon") - 1, head.end("colon")))


def _hint(line: BadLine, head: re.Match[str], changes: Sequence[TextChange], end: int, place: tuple[int, int]) -> Hint:
    """Return the hint that puts the lines of a head between braces; `place` is where the message points."""
    start = head.start()
    text = line.text[start:end]
    for first, after, new in sorted(changes, reverse=True):
        text = f"{text[: first - start]}{new}{text[after - start :]}"
    title = re.sub(r"\s*(#.*)?\n[\s\S]*\n\s*", " … ", text.strip())
    message = f"the lines of `{head['word']}` are between braces"
    return Hint(message, *place, tuple(changes), text, title, is_safe=True, is_assumed=True, region=(start, end))


def recognise_bare_body(line: BadLine) -> Hint | None:
    """Recognise `repeat 3 relu`, whose layers stand on the line of their word without braces."""
    (start, end), at = line.bounds, line.error.start
    head = BARE_HEAD.match(line.code, start, at)
    if head is None or "LBRACE" not in line.error.expected or not re.match(r"[A-Za-z_@]", line.token):
        return None
    last = start + len(line.code[start:end].rstrip(f" \t\r{MASK}"))
    replacement = f"{line.text[start:at]}{{ {line.text[at:last]} }}{line.text[last:end]}"
    title = replacement[: last + 4 - start].strip()
    changes = ((at, at, "{ "), (last, last, " }"))
    message = f"the layers of `{head['word']}` are between braces"
    return Hint(message, at, line.error.end, changes, replacement, title, is_safe=True, is_assumed=True)


def recognise_lines_without_braces(line: BadLine) -> Hint | None:
    """Recognise `repeat 3` without either brace; the lines below that are indented further stand between them."""
    head = BRACELESS.match(line.code, line.bounds[0])
    if head is None or head["word"] in FOLLOWING or "LBRACE" not in line.error.expected or line.token.strip():
        return None
    changes, last = _put_in_braces(line.code, head)
    return _hint(line, head, changes, last, head.span("word")) if changes else None


def recognise_arms_without_braces(line: BadLine) -> Hint | None:
    """Recognise arms below `add` that are indented further, without either brace."""
    above = line.code[: line.bounds[0]].rstrip(f" \t\r\n{MASK}")
    head = JOIN.match(line.code, find_line(line.code, len(above))[0])
    if line.token != "|" or line.code[line.bounds[0] : line.error.start].strip() or head is None:
        return None
    last = find_last_line(line.code, head["indent"], head.end("end"))
    if last < line.error.end:
        return None
    changes = [(head.end("end"), head.end("end"), " {"), (last, last, f"\n{head['indent']}}}")]
    return _hint(line, head, changes, last, head.span("word"))


def _put_in_braces(code: str, head: re.Match[str]) -> tuple[list[TextChange] | None, int]:
    """Return the changes that open and close the braces of a head and of those that follow it, and their end."""
    changes: list[TextChange] = []
    while True:
        changes += _open(head)
        last = head.end("rest") if head["rest"] else find_last_line(code, head["indent"], head.end("colon"))
        if last < 0:
            return None, 0
        found = head.re.match(code, find_line(code, last)[1] + 1)
        if found is None or found["word"] not in FOLLOWING or found["indent"] != head["indent"]:
            return [*changes, (last, last, " }" if head["rest"] else f"\n{head['indent']}}}")], last
        word = "else if" if found["word"] == "elif" else "else"
        changes.append((found.start("word"), found.end("word"), f"}} {word}"))
        head = found


def _open(head: re.Match[str]) -> list[TextChange]:
    """Return the change of a colon into a brace, and of Python's range into ours."""
    loop = LOOP.fullmatch(head["of"]) if head["word"] == "for" else None
    brace = (head.start("colon"), head.end("colon"), " {")
    if loop is None:
        return [brace]
    bounds = [bound.strip() for bound in loop["bounds"].split(",")]
    first, after = bounds if len(bounds) == 2 else ("0", bounds[0])
    return [(head.start("word"), head.end("of"), f"repeat {loop['name']} in {first}..{after}"), brace]


def find_last_line(code: str, indent: str, at: int) -> int:
    """Return the end of the last line of code below the one at an offset that is indented further; -1 for none."""
    deeper = re.compile(rf"(?:\n(?:{indent}[ \t]+[^\s{MASK}][^\n]*|[ \t\r{MASK}]*(?=\n|\Z)))*")
    end = find_line(code, at)[1]
    below = deeper.match(code, end)
    length = len(below[0].rstrip(f" \t\r\n{MASK}")) if below else 0
    return end + length if length else -1
