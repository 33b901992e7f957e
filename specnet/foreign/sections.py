"""Recognise layers of files: sections of Darknet, messages of Caffe, `layer { … }`, rows of Ultralytics."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from specnet.foreign import caffe, darknet, ultralytics
from specnet.foreign.bad_line import BadLine, find_changes
from specnet.foreign.chains import INPUT, Draft, explain_length, format_title, lay_out, put_input_first
from specnet.foreign.words import ATTRIBUTES, translate_word
from specnet.syntax.recovery import Hint

ALONE = re.compile(r"[ \t]*(?P<pair>(?P<key>[A-Za-z_]\w*)[ \t]*[=:][ \t]*[\w.]+)[ \t\0\r]*$", re.MULTILINE)

HEAD = re.compile(r"[ \t]*(?P<head>\[?\w+\]?|(?:- *)?\[[^\n]*\])")


def recognise_section(line: BadLine) -> Hint | None:
    """Recognise layers over several lines, or one value of such a layer on a line of its own."""
    text, code, start = line.text, line.code, line.bounds[0]
    sections, end = darknet.read_sections(text, code, start)
    if sections:
        return _make_hint(line, start, end, "Darknet", len(sections), partial(darknet.translate_sections, sections))
    rows, options, end = ultralytics.read_rows(text, start)
    if rows:
        return _make_hint(
            line, start, end, "Ultralytics", len(rows), partial(ultralytics.translate_rows, rows, options)
        )
    for begin in (start, line.statement):
        messages, end = caffe.read_messages(text, begin)
        if messages:
            return _make_hint(line, begin, end, "Caffe", len(messages), partial(caffe.translate_messages, messages))
    if (alone := ALONE.match(code, start)) and (letter := translate_word(alone["key"], ATTRIBUTES)):
        message = f"`{alone['pair']}` stands alone; a value follows the word of its layer, as `{letter}=`"
        return Hint(message, alone.start("pair"), alone.end("pair"))
    return None


def _reconcile_input(draft: Draft, above: str) -> Draft:
    """Return a draft that has an input only if no line above has one; it is said where neither has."""
    if INPUT.search(above) or not draft.steps or draft.steps[0].is_input:
        return put_input_first(draft, above)
    return replace(draft, differences=("the size of the input is not here", *draft.differences))


def _make_hint(line: BadLine, start: int, end: int, tool: str, count: int, translate: Callable[[], Draft]) -> Hint:
    """Translate sections to lines, padded so that later lines keep their numbers."""
    head = HEAD.match(line.text, start)
    assert head
    start = head.start("head")
    bad, too_long = line.text[start:end], explain_length(count)
    draft = Draft((), too_long, is_known=False) if too_long else translate()
    draft = _reconcile_input(draft, line.code[:start])
    steps = draft.steps if draft.is_known else ()
    body, _ = lay_out(steps, bad.count("\n")) if steps else ("", ())
    changes = find_changes(bad, body, start)
    what = f"a layer as {tool} has it" if count == 1 else f"a network as {tool} has it"
    return Hint(
        f"`{head['head']}` begins {what}; here a layer is one line",
        start,
        head.end("head"),
        changes if body.strip() else (),
        body,
        title=format_title(steps) if steps else "",
        is_safe=draft.is_exact,
        is_assumed=draft.is_exact and bool(steps),
        region=(start, end),
        notes=draft.notes,
        inputs=draft.inputs,
    )
