"""Recognise arguments of other tools: keys without `=`, values without keys, activations.

Only lines with an error are examined.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from specnet.attributes import Attributes
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, make_diagnostic, make_replacement
from specnet.layers import get_layer_class
from specnet.source import Span
from specnet.syntax import tree


def explain_arguments(
    diagnostics: list[Diagnostic], attributes: type[Attributes], arguments: Sequence[tree.Argument]
) -> list[Diagnostic]:
    """Return the diagnostics of a line's values with better fixes, or one diagnostic for their common cause."""
    if cause := _recognise_missing_equal_signs(attributes, arguments):
        return [cause]
    return [_explain_keras(diagnostic, arguments) for diagnostic in _add_keys(attributes, arguments, diagnostics)]


def complete_keys(words: str, call: tree.Call) -> str:
    """Return `pool max F=2` for the call `maxpool 2` and our words `pool max`; "" unless values lack their keys."""
    word, *others = words.split() or [""]
    kind = get_layer_class(word)
    if kind is None or call.body:
        return ""
    given = {kind.field_of(argument.key.text) or "" for argument in call.arguments if argument.key}
    room = len(kind.positional) - sum(kind.words[word][0] in kind.positional for word in others)
    bare = [argument.span for argument in call.arguments if not argument.key][max(room, 0) :]
    letters = list_free_keys(kind, given)
    if not bare or len(bare) > len(letters):
        return ""
    keys = dict(zip(bare, letters, strict=False))
    texts = [f"{keys[span]}={span.text}" if span in keys else span.text for span in (a.span for a in call.arguments)]
    return " ".join([words, *texts])


def _recognise_missing_equal_signs(
    attributes: type[Attributes], arguments: Sequence[tree.Argument]
) -> Diagnostic | None:
    """Recognise `conv K 96 F 3`."""
    keys = [_find_bare_key(attributes, argument) for argument in arguments]
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


def _add_keys(
    attributes: type[Attributes], arguments: Sequence[tree.Argument], diagnostics: list[Diagnostic]
) -> list[Diagnostic]:
    """Merge the diagnostics of surplus values, `conv 96 11 4`, into one with the fix `F=11 S=4`."""
    too_many = [diagnostic for diagnostic in diagnostics if diagnostic.code is Code.E114]
    given = {attributes.field_of(argument.key.text) or "" for argument in arguments if argument.key}
    letters = list_free_keys(attributes, given)
    if not too_many or len(too_many) > len(letters):
        return diagnostics
    labels = tuple(diagnostic.labels[0] for diagnostic in too_many)
    keys = [*zip(letters, (label.span for label in labels), strict=False)]
    edits = tuple(Edit(Span(value.source, value.start, value.start), f"{key}=") for key, value in keys)
    fix = Fix(" ".join(f"{key}={value.text}" for key, value in keys), edits)
    others = [diagnostic for diagnostic in diagnostics if diagnostic.code is not Code.E114]
    return [replace(too_many[0], labels=labels, fixes=(fix,)), *others]


def list_free_keys(attributes: type[Attributes], given: Collection[str]) -> list[str]:
    """Return the upper-case keys of the fields that are not given, in torch's order of arguments: F, S, P, …"""
    fields = [field for field in attributes.model_fields if field not in (*attributes.positional, *given)]
    return [key for key in map(attributes.key_of, fields) if key.isupper()]


def _find_bare_key(attributes: type[Attributes], argument: tree.Argument) -> tree.Name | None:
    """Return the name of an attribute that is given by position, like a value."""
    name = argument.value
    if argument.key or not isinstance(name, tree.Name) or name.text in attributes.words:
        return None
    return name if attributes.field_of(name.text) else None


def _explain_keras(diagnostic: Diagnostic, arguments: Sequence[tree.Argument]) -> Diagnostic:
    """Return the diagnostic with the fix of Keras's `activation=relu`, a layer of its own here, or `padding=valid`."""
    place = diagnostic.labels[0].span
    key = next((a for a in arguments if a.key and a.key.span == place and isinstance(a.value, tree.Name)), None)
    if diagnostic.code is not Code.E110 or key is None or key.key is None:
        return diagnostic
    if key.key.text == "padding" and key.value.span.text == "valid":
        return replace(diagnostic, fixes=(make_replacement(key.span, "P=0", safe=True),))
    if key.key.text != "activation":
        return diagnostic
    end = arguments[-1].span.end
    layer = Edit(Span(place.source, end, end), f" -> {key.value.span.text}")
    fix = Fix(f"-> {key.value.span.text}", (Edit(_include_blanks(key.span), ""), layer), safe=True)
    message = f"{diagnostic.message}; an activation is a layer of its own"
    return replace(diagnostic, message=message, help="", fixes=(fix,))


def _include_blanks(span: Span) -> Span:
    """Return a span with the blanks before it."""
    before = span.source.text[: span.start]
    return Span(span.source, len(before.rstrip(" \t")), span.end)
