"""Recognise arguments as elsewhere: keys without `=`, values without keys, activations, `P=F//2`.

Only lines with an error are examined.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NoReturn

from specnet.attributes import Attributes
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, make_diagnostic, make_replacement
from specnet.foreign.keys import explain_key
from specnet.foreign.words import find_closest_word, translate_word
from specnet.layers import get_layer_class
from specnet.printer.values import format_value
from specnet.source import Span
from specnet.syntax import tree
from specnet.syntax.expressions import EvaluationError, Lookup, UnknownShape, evaluate, has_value

WITHOUT_PADDING = "valid"
"""Keras's word."""


def explain_arguments(
    diagnostics: list[Diagnostic], attributes: type[Attributes], arguments: Sequence[tree.Argument], lookup: Lookup
) -> list[Diagnostic]:
    """Return the diagnostics of a line's values with better fixes, or one diagnostic for their common cause."""
    surplus = [diagnostic.labels[0].span for diagnostic in diagnostics if diagnostic.code is Code.E114]
    if cause := _recognise_missing_equal_signs(attributes, arguments, lookup, surplus):
        return [cause]
    explained = [_explain_keras(each, arguments) for each in _add_keys(attributes, arguments, diagnostics)]
    explained = [explain_key(_explain_letter(each, attributes, arguments), attributes, arguments) for each in explained]
    return [_offer_letters(each, attributes, arguments) for each in explained]


def complete_keys(words: str, call: tree.Call) -> str:
    """Return `pool max F=2 S=1` for the call `maxpool 2 stride=1` and our words `pool max`.

    "" if the values have our keys already, or one of them has no place.
    """
    word, *others = words.split() or [""]
    kind = get_layer_class(word)
    if kind is None or call.body:
        return ""
    room = len(kind.positional) - sum(kind.words[word][0] in kind.positional for word in others)
    return translate_arguments(words, kind, call.arguments, room)


def translate_arguments(words: str, kind: type[Attributes], arguments: Sequence[tree.Argument], room: int) -> str:
    """Return our words with arguments by our keys: the first `room` values by position, the others by free letters.

    "" if the arguments have our keys already, or one of them has no place.
    """
    arguments = _join_foreign_keys(kind, arguments)
    keys = [argument.key and _translate_key(argument.key.text, kind) for argument in arguments]
    letters = iter(list_free_keys(kind, {kind.field_of(key) or "" for key in keys if key}))
    texts = [words]
    for argument, key in zip(arguments, keys, strict=True):
        room -= key is None
        letter = key if key is not None else "" if room >= 0 or _is_word(argument, kind) else next(letters, None)
        if letter is None or (argument.key and not letter):
            return ""
        texts.append(f"{letter}={argument.value.span.text}" if letter else argument.span.text)
    return " ".join(texts) if texts[1:] != [argument.span.text for argument in arguments] else ""


def _join_foreign_keys(kind: type[Attributes], arguments: Sequence[tree.Argument]) -> Sequence[tree.Argument]:
    """Return the arguments with `padding 1` as one, `padding=1`."""
    joined = list[tree.Argument]()
    for argument in arguments:
        name = joined[-1].value if joined and not argument.key else None
        if isinstance(name, tree.Name) and not kind.field_of(name.text) and _read_bare_key(kind, joined[-1]):
            joined[-1] = tree.Argument(name.span.to(argument.span), name, argument.value)
        else:
            joined.append(argument)
    return joined


def _translate_key(key: str, kind: type[Attributes]) -> str:
    """Return our key for another tool's: `K` for `out_channels`, `filters`; "" for none."""
    if kind.field_of(key):
        return key
    return (
        kind.key_of(key)
        if key in kind.model_fields
        else find_closest_word(key, tuple(map(kind.key_of, kind.model_fields)))
    )


def _is_word(argument: tree.Argument, kind: type[Attributes]) -> bool:
    return isinstance(argument.value, tree.Name) and argument.value.text in kind.words


def _recognise_missing_equal_signs(
    attributes: type[Attributes], arguments: Sequence[tree.Argument], lookup: Lookup, surplus: Sequence[Span]
) -> Diagnostic | None:
    """Recognise `conv K 96 F 3` and `conv 96 3 stride 2`; a name that has a value here is no key."""
    pairs = [
        (key, name.span, value.span)
        for (key, name), (no_key, value) in pairwise(_find_bare_keys(attributes, arguments, lookup))
        if key and not no_key and value.key is None
    ]
    if not pairs:
        return None
    given = [argument.key.text for argument in arguments if argument.key] + [key for key, *_ in pairs]
    letters = list_free_keys(attributes, {attributes.field_of(key) or "" for key in given})
    left = [span for span in surplus if not any(span in (name, value) for _, name, value in pairs)]
    keyed = [*pairs, *((key, value, value) for key, value in zip(letters, left, strict=False))]
    keyed.sort(key=lambda each: each[2].start)
    edits = tuple(Edit(Span(name.source, name.start, value.start), f"{key}=") for key, name, value in keyed)
    title = " ".join(f"{key}={value.text}" for key, _, value in keyed)
    message = "an attribute and its value are joined by `=`"
    return make_diagnostic(Code.E110, message, *(name for _, name, _ in pairs), fixes=[Fix(title, edits, safe=True)])


def _find_bare_keys(
    attributes: type[Attributes], arguments: Sequence[tree.Argument], lookup: Lookup
) -> list[tuple[str, tree.Argument]]:
    """Return each argument, with the key that it names if it is one that is given by position, like a value."""
    return [
        ("" if has_value(argument.value, lookup) else _read_bare_key(attributes, argument), argument)
        for argument in arguments
    ]


def _read_bare_key(attributes: type[Attributes], argument: tree.Argument) -> str:
    """Return our key for the name of an attribute, ours or another tool's, that is given by position; else ""."""
    name = argument.value
    if argument.key or not isinstance(name, tree.Name) or name.text in attributes.words:
        return ""
    keys = tuple(map(attributes.key_of, attributes.model_fields))
    return name.text if attributes.field_of(name.text) else translate_word(name.text, keys)


def _add_keys(
    attributes: type[Attributes], arguments: Sequence[tree.Argument], diagnostics: list[Diagnostic]
) -> list[Diagnostic]:
    """Merge the diagnostics of surplus values, `conv 96 11 4`, into one with the fix `F=11 S=4`."""
    too_many = [diagnostic for diagnostic in diagnostics if diagnostic.code is Code.E114]
    given = {attributes.field_of(argument.key.text) or "" for argument in arguments if argument.key}
    letters, choices = list_free_keys(attributes, given), _list_missing_choices(attributes, arguments)
    surplus = [diagnostic.labels[0].span for diagnostic in too_many]
    if choices:
        surplus = [argument.span for argument in arguments if argument.key is None]
    if not too_many or len(surplus) > len(letters):
        return diagnostics
    keys = [*zip(letters, surplus, strict=False)]
    fixes = tuple(_make_keys(keys, choice) for choice in choices or [""])
    others = [diagnostic for diagnostic in diagnostics if diagnostic.code is not Code.E114]
    return [replace(too_many[0], labels=tuple(map(Label, surplus)), fixes=fixes), *others]


def _list_missing_choices(attributes: type[Attributes], arguments: Sequence[tree.Argument]) -> list[str]:
    """Return the words of the first positional field, `max` and `avg` for `pool`, if none of them is given."""
    field = attributes.positional[0] if attributes.positional else ""
    choices = [word for word, (name, _) in attributes.words.items() if name == field]
    given = {argument.value.text for argument in arguments if isinstance(argument.value, tree.Name)}
    return [] if given.intersection(choices) else choices


def _make_keys(keys: Sequence[tuple[str, Span]], choice: str) -> Fix:
    """Return the fix that writes a key before each value, and a choice before the first; safe for a single value."""
    texts = [f"{key}=" for key, _ in keys]
    texts[0] = f"{choice} {texts[0]}".lstrip()
    title = " ".join(text + value.text for text, (_, value) in zip(texts, keys, strict=True))
    starts = [Span(value.source, value.start, value.start) for _, value in keys]
    return Fix(title, tuple(map(Edit, starts, texts)), safe=not choice and len(keys) == 1)


def list_free_keys(attributes: type[Attributes], given: Collection[str]) -> list[str]:
    """Return the upper-case keys of the fields that are not given, in torch's order of arguments: F, S, P, …

    Of a layer that takes no value by position, also the keys that it needs: `heads` of attention.
    """
    fields = [field for field in attributes.model_fields if field not in (*attributes.positional, *given)]
    needed = [] if attributes.positional else [name for name in fields if attributes.model_fields[name].is_required()]
    return [key for name in fields if (key := attributes.key_of(name)).isupper() or name in needed]


def _explain_keras(diagnostic: Diagnostic, arguments: Sequence[tree.Argument]) -> Diagnostic:
    """Return the diagnostic with the fix of Keras's `activation=relu`, a layer of its own here, or `padding=valid`."""
    place = diagnostic.labels[0].span
    if diagnostic.code is Code.E112 and place.text.lower() == WITHOUT_PADDING:
        message = f"`{place.text}` is Keras's word for no padding, which is the default here"
        return replace(diagnostic, message=message, fixes=(make_replacement(place, "0", safe=True),))
    key = next((a for a in arguments if a.key and a.key.span == place and isinstance(a.value, tree.Name)), None)
    if diagnostic.code is not Code.E110 or key is None or key.key is None:
        return diagnostic
    if key.key.text == "padding" and key.value.span.text.lower() == WITHOUT_PADDING:
        return replace(diagnostic, fixes=(make_replacement(key.span, "P=0", safe=True),))
    if key.key.text != "activation":
        return diagnostic
    end = arguments[-1].span.end
    layer = Edit(Span(place.source, end, end), f" -> {key.value.span.text}")
    fix = Fix(f"-> {key.value.span.text}", (Edit(_include_blanks(key.span), ""), layer), safe=True)
    message = f"{diagnostic.message}; an activation is a layer of its own"
    return replace(diagnostic, message=message, help="", fixes=(fix,))


def _explain_letter(
    diagnostic: Diagnostic, attributes: type[Attributes], arguments: Sequence[tree.Argument]
) -> Diagnostic:
    """Return the diagnostic of `P=F//2` with the fixes `P=1` and, for padding, `P=same`."""
    place = diagnostic.labels[0].span
    argument = next((a for a in arguments if a.span.start <= place.start < a.span.end), None)
    if diagnostic.code is not Code.E102 or not argument or attributes.field_of(place.text) is None:
        return diagnostic
    message = f"`{place.text}` is an attribute: its value cannot be used in an expression"
    key = f"{argument.key.text}=" if argument.key else ""
    texts = [_insert_letters(argument.value, attributes, arguments), "same" if key == "P=" else ""]
    fixes = [make_replacement(argument.span, key + text, safe=text != "same") for text in texts if text]
    is_output = attributes.field_of(place.text) == getattr(attributes, "output_field", "")
    if is_output and not fixes:
        message, fixes = f"{message}; the channels of the input are `C`", [make_replacement(place, "C")]
    return replace(diagnostic, message=message, help="", fixes=tuple(fixes))


def _offer_letters(
    diagnostic: Diagnostic, attributes: type[Attributes], arguments: Sequence[tree.Argument]
) -> Diagnostic:
    """Return the diagnostic of a wrong letter, `conv K=8 x=3` or `conv K=8 K=3`, with the letters that are free."""
    key = diagnostic.labels[0].span.text.partition("=")[0]
    wrong = [argument for argument in arguments if argument.key and argument.key.text == key]
    is_letter = diagnostic.code is Code.E113 or (diagnostic.code is Code.E110 and len(key) == 1)
    if not is_letter or diagnostic.fixes:
        return diagnostic
    given = {attributes.field_of(argument.key.text) or "" for argument in arguments if argument.key}
    texts = [(argument.span, argument.value.span.text) for argument in wrong[::-1]]
    letters = list_free_keys(attributes, given)
    if diagnostic.code is Code.E113:
        letters = [
            letter for letter in letters if attributes.model_fields[attributes.field_of(letter) or ""].is_required()
        ]
    fixes = [make_replacement(span, f"{letter}={value}") for letter in letters for span, value in texts]
    return replace(diagnostic, fixes=tuple(fixes))


def _insert_letters(value: tree.Expression, attributes: type[Attributes], arguments: Sequence[tree.Argument]) -> str:
    """Return an expression's value, given those of the other attributes of the line; "" if it has none."""
    bare = (argument for argument in arguments if argument.key is None)
    given = {
        attributes.key_of(field): argument.value for field, argument in zip(attributes.positional, bare, strict=False)
    }
    given |= {argument.key.text: argument.value for argument in arguments if argument.key}

    def look_up(name: tree.Name | tree.Tap) -> Any:
        if name.span.text not in given:
            raise UnknownShape
        return evaluate(given[name.span.text], _refuse)

    try:
        return format_value(evaluate(value, look_up))
    except (EvaluationError, UnknownShape):
        return ""


def _refuse(_: tree.Name | tree.Tap) -> NoReturn:
    raise UnknownShape


def _include_blanks(span: Span) -> Span:
    """Return a span with the blanks before it."""
    before = span.source.text[: span.start]
    return Span(span.source, len(before.rstrip(" \t")), span.end)
