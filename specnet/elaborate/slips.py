"""What a line means that makes no sense value by value: keys without `=`, values without keys, ways of other tools.

Looked for only where something is wrong already.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from specnet.attributes import Attributes
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, make_diagnostic, replacing
from specnet.layers import layer_class
from specnet.source import Span
from specnet.syntax import tree


def said_better(
    diagnostics: list[Diagnostic], attributes: type[Attributes], arguments: Sequence[tree.Argument]
) -> list[Diagnostic]:
    """The same diagnostics of a line's values, or one that says what they have in common."""
    has_no_value = any(diagnostic.code is Code.E102 for diagnostic in diagnostics)
    found = _without_equal(attributes, arguments) or (comment(arguments) if has_no_value else None)
    if found:
        return [found]
    return [_as_layer(diagnostic, arguments) for diagnostic in _without_keys(attributes, arguments, diagnostics)]


def called_elsewhere(call: Span) -> str:
    """A call as PyTorch or Keras has it, `MaxPool2d(2)`, in our words; empty if it is none."""
    from specnet.syntax.habits.calls import phrase

    said = phrase(call.text) if "(" in call.text else None
    return " -> ".join(said.elements) if said and said.tool and said.is_sure else ""


def with_keys(meant: str, call: tree.Call) -> str:
    """`maxpool 2`, which means `pool max`, as `pool max F=2`; empty if it has no values without their keys."""
    word, *words = meant.split() or [""]
    kind = layer_class(word)
    if kind is None or call.body:
        return ""
    given = {kind.field_of(argument.key.text) or "" for argument in call.arguments if argument.key}
    room = len(kind.positional) - sum(kind.words[word][0] in kind.positional for word in words)
    bare = [argument.span for argument in call.arguments if not argument.key][max(room, 0) :]
    letters = free_letters(kind, given)
    if not bare or len(bare) > len(letters):
        return ""
    keys = dict(zip(bare, letters, strict=False))
    texts = [f"{keys[span]}={span.text}" if span in keys else span.text for span in (a.span for a in call.arguments)]
    return " ".join([meant, *texts])


def _without_equal(attributes: type[Attributes], arguments: Sequence[tree.Argument]) -> Diagnostic | None:
    """`conv K 96 F 3`"""
    keys = [_key(attributes, argument) for argument in arguments]
    pairs = [
        (key, value.span)
        for (key, _), (no_key, value) in pairwise(zip(keys, arguments, strict=True))
        if key and not no_key and value.key is None
    ]
    if not pairs:
        return None
    edits = tuple(Edit(Span(key.span.source, key.span.end, value.start), "=") for key, value in pairs)
    title = " ".join(f"{key.text}={value.text}" for key, value in pairs)
    message = "an attribute and its value are joined by `=`"
    return make_diagnostic(Code.E110, message, *(key.span for key, _ in pairs), fixes=[Fix(title, edits, safe=True)])


def _without_keys(
    attributes: type[Attributes], arguments: Sequence[tree.Argument], diagnostics: list[Diagnostic]
) -> list[Diagnostic]:
    """`conv 96 11 4`: what is too much, said once, as F and S."""
    too_many = [diagnostic for diagnostic in diagnostics if diagnostic.code is Code.E114]
    given = {attributes.field_of(argument.key.text) or "" for argument in arguments if argument.key}
    letters = free_letters(attributes, given)
    if not too_many or len(too_many) > len(letters):
        return diagnostics
    labels = tuple(diagnostic.labels[0] for diagnostic in too_many)
    keys = [*zip(letters, (label.span for label in labels), strict=False)]
    edits = tuple(Edit(Span(value.source, value.start, value.start), f"{key}=") for key, value in keys)
    fix = Fix(" ".join(f"{key}={value.text}" for key, value in keys), edits)
    others = [diagnostic for diagnostic in diagnostics if diagnostic.code is not Code.E114]
    return [replace(too_many[0], labels=labels, fixes=(fix,)), *others]


def free_letters(attributes: type[Attributes], given: Collection[str]) -> list[str]:
    """The letters of the fields that are not given, in the order in which torch takes their values: F, S, P, …"""
    fields = [field for field in attributes.model_fields if field not in (*attributes.positional, *given)]
    return [letter for letter in map(attributes.key_of, fields) if letter.isupper()]


def _key(attributes: type[Attributes], argument: tree.Argument) -> tree.Name | None:
    """The name of an attribute that stands like a value."""
    name = argument.value
    if argument.key or not isinstance(name, tree.Name) or name.text in attributes.words:
        return None
    return name if attributes.field_of(name.text) else None


def comment(arguments: Sequence[tree.Argument]) -> Diagnostic | None:
    """`conv K=96 F=3 // the first layer`, where the values make no sense otherwise."""
    for argument in arguments:
        match argument.value:
            case tree.Binary(operator="//" | "%", left=left, right=tree.Name() as right):
                return _as_comment(Span(left.span.source, left.span.end, right.span.start))
    return None


def _as_comment(sign: Span) -> Diagnostic | None:
    """The sign, which has blanks on both sides, and all behind it as a comment."""
    found = re.match(r"\s+(//|%)\s+", sign.text)
    if found is None:
        return None
    start, source = sign.start + found.start(1), sign.source
    rest = Span(source, start, source.span_of_line(sign.line).end)
    text = f"# {rest.text.lstrip('/% ')}"
    message = f"`{found[1]}` divides; a comment begins with `#`"
    return make_diagnostic(
        Code.E102, message, Span(source, start, start + len(found[1])), fixes=[replacing(rest, text, safe=True)]
    )


def _as_layer(diagnostic: Diagnostic, arguments: Sequence[tree.Argument]) -> Diagnostic:
    """Keras's `activation=relu` as a layer of its own, and its `padding=valid` as none."""
    place = diagnostic.labels[0].span
    key = next((a for a in arguments if a.key and a.key.span == place and isinstance(a.value, tree.Name)), None)
    if diagnostic.code is not Code.E110 or key is None or key.key is None:
        return diagnostic
    if key.key.text == "padding" and key.value.span.text == "valid":
        return replace(diagnostic, fixes=(replacing(key.span, "P=0", safe=True),))
    if key.key.text != "activation":
        return diagnostic
    end = arguments[-1].span.end
    layer = Edit(Span(place.source, end, end), f" -> {key.value.span.text}")
    fix = Fix(f"-> {key.value.span.text}", (Edit(_with_blanks(key.span), ""), layer), safe=True)
    message = f"{diagnostic.message}; an activation is a layer of its own"
    return replace(diagnostic, message=message, help="", fixes=(fix,))


def _with_blanks(span: Span) -> Span:
    """A span with the blanks before it."""
    before = span.source.text[: span.start]
    return Span(span.source, len(before.rstrip(" \t")), span.end)
