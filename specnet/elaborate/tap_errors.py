"""Errors about `@label.name`, a value within a call, and about names that no value can have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, make_diagnostic, make_replacement
from specnet.elaborate.scope import ARRIVING, Scope
from specnet.naming import escape_name
from specnet.source import Span
from specnet.syntax import tree

Suggest = Callable[[str, Iterable[str]], str]
"""A function that returns which of these names is probably meant by a word, "" for none."""

SIZES = {"h": "H", "height": "H", "w": "W", "width": "W", "c": "C", "channels": "C", "k": "C", "length": "L"}
"""Words that other tools have for the sizes of a value."""

UNREADABLE = "this label names its nodes, and no value"


def explain_dotted(name: str, span: Span, scope: Scope, suggest: Suggest) -> Diagnostic:
    """Return the error for `@label.name` where no labelled call of a block names such a value."""
    label, _, inner = name.partition(".")
    if call := scope.find_call(label):
        block, inside = call
        names = inside.own_taps() if inside else []
        meant = suggest(inner, names)
        has = ", ".join(f"`@{each}`" for each in names) or "none"
        message = f"`{block}` names no value `@{inner}`"
        help = "" if meant else f"its values with a name: {has}"
        return make_diagnostic(Code.E202, message, span, help=help, meant=meant and f"@{label}.{meant}")
    if scope.find_tap(label)[0] and label not in scope.given:
        return _explain_size(label, inner, span)
    block = label.rstrip("0123456789").removesuffix("_")
    if name_of_block := next((each for each in (label, block) if scope.find_block(each)), ""):
        return _explain_unlabelled(name_of_block, inner, span)
    if named := scope.given.get(label):
        message = f"`{label}` labels no single call of a block, so that it has no values with names of their own"
        return make_diagnostic(Code.E202, message, span, Label(named.span, "labelled here", primary=False))
    labels = [each for each, _ in scope.visible_calls()]
    meant = suggest(label, labels)
    message = f"no line above with the label `{label}` calls a block"
    return make_diagnostic(Code.E202, message, span, meant=meant and f"@{meant}.{inner}")


def _explain_size(label: str, inner: str, span: Span) -> Diagnostic:
    """Return the error for `@x.channels`, and for `@x.Hx@x.W` without the parentheses of a computed size."""
    message = f"`@{label}` has the sizes `@{label}.H`, `@{label}.W`, `@{label}.C` and `@{label}.L`, and no `{inner}`"
    pair = re.compile(r"(@\w+\.[HWCL])x(@\w+\.[HWCL])\b").match(span.source.text, span.start)
    if pair:
        whole, size = span.source.span(*pair.span()), f"({pair[1]})x({pair[2]})"
        message = f"the numbers of a computed size are in parentheses, `{size}`"
        return make_diagnostic(Code.E202, message, whole, fixes=[make_replacement(whole, size, safe=True)])
    meant = SIZES.get(inner.lower(), "")
    return make_diagnostic(Code.E202, message, span, meant=meant and f"@{label}.{meant}")


def _explain_unlabelled(block: str, inner: str, span: Span) -> Diagnostic:
    """Return the error for a block's name in the place of a label; a single call above can be labelled."""
    text = span.source.text[: span.start]
    calls = [*re.finditer(rf"^[ \t]*({block})(?=[ \t\r\n])", text, re.MULTILINE)]
    message = f"`{block}` is a block: `@label.{inner}` names the call by its label, `label: {block} …`"
    fixes = []
    if len(calls) == 1:
        label = f"{block}1"
        call = span.source.span(calls[0].start(1), calls[0].start(1))
        fixes = [Fix(f"{label}: {block} …", (Edit(call, f"{label}: "), Edit(span, f"@{label}.{inner}")))]
    return make_diagnostic(Code.E202, message, span, fixes=fixes)


def explain_reserved(name: str, span: Span, scope: Scope) -> Diagnostic:
    """Return the error for reading a name that no value can have: `@in` outside blocks, a label `C`."""
    label = scope.given.get(escape_name(name))
    if name == ARRIVING and label is None:
        message = "`@in` is the value that reaches a block, and stands within a block only"
        return make_diagnostic(Code.E202, message, span)
    return explain_reserved_name(name, span, *([Label(label.span, UNREADABLE, primary=False)] if label else []))


def explain_second_name(element: tree.Resume, scope: Scope, first: Span | None) -> Diagnostic:
    """Return the error for a name that is given twice, and in a loop that carries it, what to do there."""
    name = element.tap.name
    is_carried = scope.parent is not None and scope.parent.is_carrying and name in scope.parent.taps
    help = f"a turn gives a carried name once, at its end; the value before it needs another name, such as `@{name}2`"
    labels = [Label(first, "first here", primary=False)] if first and first.source is element.span.source else []
    message = f"`@{name}` already names a value"
    return make_diagnostic(Code.E103, message, element.span, *labels, help=help if is_carried else "")


def explain_number(message: str, tap: tree.Tap, scope: Scope) -> Diagnostic:
    """Return the error for a size, `@m.C`, where a value is meant, which a label `C` in the block cannot name."""
    call, _, size = tap.name.rpartition(".")
    found = scope.find_call(call)
    label = found[1].given.get(size) if found and found[1] else None
    labels = [Label(label.span, UNREADABLE, primary=False)] if label else []
    return make_diagnostic(Code.E202, message, tap.span, *labels)


def recognise_naming(tap: tree.Tap) -> Diagnostic | None:
    """Return the error for `@name` alone on a line where nothing has that name: it is to name the value above."""
    text, name = tap.span.source.text, tap.name
    start = text.rfind("\n", 0, tap.span.start) + 1
    is_named = re.search(rf"->[ \t]*@{name}\b|^[ \t]*{name}[ \t]*:", text, re.MULTILINE)
    if text[start : tap.span.start].strip() or is_named:
        return None
    message = f"no value above is named `@{name}`; `-> @{name}` names the value above"
    return make_diagnostic(Code.E202, message, tap.span, fixes=[make_replacement(tap.span, f"-> @{name}", safe=True)])


def explain_reserved_name(name: str, span: Span, *labels: Label) -> Diagnostic:
    """Return the error for a name that no value can have, and the fix that gives the value another one everywhere."""
    meaning = "the value that reaches a block" if name == ARRIVING else "a size, as in `@x.C`"
    message = f"no value can be called `@{name}`: `{name}` stands for {meaning}"
    return make_diagnostic(Code.E107, message, span, *labels, fixes=[_rename(name, span)])


def explain_dotted_name(name: str, span: Span) -> Diagnostic:
    """Return the error for `-> @a.b`, since a dot stands before a value within a call, or a size."""
    fixes = [make_replacement(span, f"@{name.replace('.', '_')}")]
    return make_diagnostic(Code.E107, f"`@{name}` cannot name a value: names have no dot", span, fixes=fixes)


def _rename(name: str, span: Span) -> Fix:
    text = span.source.text
    new = next(f"{name}{number}" for number in range(1, len(text) + 2) if f"{name}{number}" not in text)
    found = re.finditer(rf"@({name})(?![\w])|^[ \t]*({name})(?=[ \t]*:)", text, re.MULTILINE)
    spots = [match.span(1) if match[1] else match.span(2) for match in found]
    edits = tuple(Edit(span.source.span(start, end), new) for start, end in spots)
    return Fix(f"`{new}` everywhere", edits)
