"""Bind the arguments of a line to the typed attributes of its layer or setting, or report why they do not fit."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin
from weakref import WeakValueDictionary

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from specnet import suggest
from specnet.attributes import Attributes, describe_requirement, find_field
from specnet.byte_sizes import ByteSize
from specnet.diagnostics import Code, Diagnostic, Fix, Label, make_diagnostic, make_replacement
from specnet.elaborate.scope import UNSET, Default
from specnet.foreign import find_closest_word
from specnet.graph import ValueRef
from specnet.layers import get_layer_class, list_kinds
from specnet.layers.base import Layer
from specnet.plugin_loading.importing import explain_failure, find_home
from specnet.printer.values import quote_value
from specnet.registry import find_registration
from specnet.source import Span
from specnet.syntax import tree
from specnet.syntax.expressions import EvaluationError, Lookup, UndefinedName, UnknownShape, evaluate, has_value
from specnet.syntax.limits import MAX_DIAGNOSTICS

A = TypeVar("A", bound=Attributes)

MOST_CHOICES = 4
"""The largest number of choices that are offered as fixes for a field without a value."""


_IN_USE: WeakValueDictionary[tuple[type[Attributes], str], Attributes] = WeakValueDictionary()
"""The attributes of all networks that are in use, by their class and values."""


@dataclass(eq=False, repr=False)
class CollectedArguments:
    """The arguments of a line before they are validated: values (UNSET if unknown) and spans by field, diagnostics."""

    values: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class BoundAttributes(Generic[A]):
    """The attributes (None if they are wrong or unknown), their spans by field, and the diagnostics."""

    attributes: A | None
    spans: dict[str, Span]
    diagnostics: list[Diagnostic]


def bind_attributes(
    attributes: type[A],
    word: tree.Name,
    arguments: Sequence[tree.Argument],
    lookup: Lookup,
    defaults: Mapping[str, Default] | None = None,
) -> BoundAttributes[A]:
    """Return the attributes of `word` from its arguments, with the defaults for fields that have none."""
    given = collect_arguments(attributes, word, arguments, lookup)
    bound: BoundAttributes[A] = BoundAttributes(None, given.spans, given.diagnostics)
    if not given.diagnostics:
        defaults = defaults or {}
        values = {name: default.value for name, default in defaults.items()} | given.values
        spans = {name: default.span for name, default in defaults.items()} | given.spans
        bound.attributes = _validate(attributes, word, values, spans, given.diagnostics)
    return bound


def collect_arguments(
    attributes: type[Attributes], word: tree.Name, arguments: Sequence[tree.Argument], lookup: Lookup
) -> CollectedArguments:
    """Return the value of each argument by the field that it sets."""
    given = CollectedArguments()
    for argument in arguments:
        if len(given.diagnostics) == MAX_DIAGNOSTICS:
            break
        try:
            name, value = _resolve_argument(attributes, word, argument, lookup, given.values)
        except EvaluationError as error:
            given.diagnostics.append(make_diagnostic(error.code, error.message, error.span, meant=error.meant))
        except _MisplacedArgument as error:
            given.diagnostics.append(error.diagnostic)
        else:
            if name in given.values:
                message = f"`{attributes.key_of(name)}` is given twice"
                first = Label(given.spans[name], "first here", primary=False)
                given.diagnostics.append(make_diagnostic(Code.E113, message, argument.span, first))
            given.values[name], given.spans[name] = value, argument.span
    if given.diagnostics:
        from specnet.foreign.arguments import explain_arguments

        given.diagnostics = explain_arguments(given.diagnostics, attributes, arguments, lookup)
    return given


class _MisplacedArgument(Exception):
    """An argument sets no field; the diagnostic explains why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


def _resolve_argument(
    attributes: type[Attributes],
    word: tree.Name,
    argument: tree.Argument,
    lookup: Lookup,
    given: Mapping[str, Any],
) -> tuple[str, Any]:
    """Return the field that an argument sets, and its value."""
    if argument.key is not None:
        name = attributes.field_of(argument.key.text)
        if name is None:
            taken = set(map(attributes.key_of, given))
            raise _MisplacedArgument(_diagnose_unknown_attribute(attributes, word, argument.key, taken))
        return name, _evaluate_argument(attributes, name, word, argument, lookup)
    if isinstance(argument.value, tree.Name) and argument.value.text in attributes.words:
        return attributes.words[argument.value.text]
    free = [name for name in attributes.positional if name not in given]
    if not free:
        is_word = isinstance(argument.value, tree.Name) and attributes.words and not has_value(argument.value, lookup)
        raise _MisplacedArgument(
            _diagnose_unknown_word(attributes, word, argument)
            if is_word
            else _diagnose_surplus_value(attributes, word, argument, given)
        )
    return free[0], _evaluate_argument(attributes, free[0], word, argument, lookup)


def _evaluate_argument(
    attributes: type[Attributes], name: str, word: tree.Name, argument: tree.Argument, lookup: Lookup
) -> Any:
    """Return the value of an argument for a field: a word that it knows, or the value of the expression, or UNSET."""
    annotation = attributes.model_fields[name].annotation
    expression = argument.value
    if isinstance(expression, tree.Name) and expression.text in _list_literals(annotation):
        return expression.text
    try:
        value = _evaluate_size(expression, annotation, lookup)
    except UnknownShape:
        return UNSET
    except UndefinedName:
        if _is_text(annotation) and isinstance(expression, tree.Name):
            return expression.text
        if _is_text(annotation):
            raise _MisplacedArgument(_diagnose_unquoted(word, expression)) from None
        subject = attributes.key_of(name) if argument.key else word.text
        if unknown := _diagnose_unknown_choice(subject, expression, attributes.model_fields[name]):
            raise _MisplacedArgument(unknown) from None
        raise
    if isinstance(value, ByteSize):
        message = f"`{word.text}` takes no size in bytes, `{argument.span.text}`"
        raise _MisplacedArgument(make_diagnostic(Code.E112, message, argument.span))
    return value


def _evaluate_size(expression: tree.Expression, annotation: Any, lookup: Lookup) -> Any:
    """Return the value of an expression; a field for a size refuses the product `3*3`, which is one number."""
    if isinstance(expression, tree.Binary) and expression.operator == "*" and _admits_size(annotation):
        from specnet.foreign.operators import recognise_size

        if written := recognise_size(expression):
            raise _MisplacedArgument(written)
    return evaluate(expression, lookup)


def _admits_size(annotation: Any) -> bool:
    """Return whether a type, or a part of it, is a tuple."""
    return get_origin(annotation) is tuple or any(map(_admits_size, get_args(annotation)))


def _is_text(annotation: Any) -> bool:
    """Return whether a type is a text, or a text or None."""
    if get_origin(annotation) is Annotated:
        return _is_text(get_args(annotation)[0])
    parts = [part for part in get_args(annotation) if part is not NoneType]
    return annotation is str or (get_origin(annotation) in (Union, UnionType) and all(map(_is_text, parts)))


def _list_literals(annotation: Any) -> tuple[str, ...]:
    """Return the words that a type admits: those of its Literal parts."""
    if get_origin(annotation) is Literal:
        return tuple(word for word in get_args(annotation) if isinstance(word, str))
    return tuple(word for part in get_args(annotation) for word in _list_literals(part))


def _diagnose_unknown_choice(subject: str, value: tree.Expression, field: FieldInfo) -> Diagnostic | None:
    """Return the diagnostic for a word where a field admits others; None if it admits none, or the value is no word."""
    from specnet.foreign.operators import read_hyphens

    known = ("yes", "no") if field.annotation is bool else _list_literals(field.annotation)
    word = value if isinstance(value, tree.Name) else read_hyphens(value)
    if word is None or not known:
        return None
    is_word = field.annotation is bool or get_origin(field.annotation) is Literal
    takes = f"takes {_join_alternatives(known)}" if is_word or not field.description else f"is the {field.description}"
    message = f"`{subject}` {takes}, not `{word.text}`"
    return make_diagnostic(Code.E112, message, word.span, meant=find_closest_word(word.text, list(known)))


def _diagnose_unquoted(word: tree.Name, text: tree.Expression) -> Diagnostic:
    """Return the diagnostic for `folder images/cats`, a text that was read as an expression."""
    message = f"`{word.text}` takes a text, which is in double quotes unless it is a single word"
    fixes = [make_replacement(text.span, f'"{text.span.text}"', safe=True)]
    return make_diagnostic(Code.E112, message, text.span, fixes=fixes)


def _join_alternatives(choices: tuple[str, ...], conjunction: str = "or") -> str:
    *others, last = (f"`{choice}`" for choice in choices)
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def _diagnose_unknown_attribute(
    attributes: type[Attributes], word: tree.Name, key: tree.Name, taken: Collection[str]
) -> Diagnostic:
    """Return the diagnostic of an unknown key, with the probable one, rather one that is not taken: F for `K=8 k=3`."""
    keys = {name: attributes.key_of(name) for name in attributes.model_fields}
    written = attributes.list_keys()
    message = f"`{word.text}` has no attribute `{key.text}`"
    if key.text in attributes.model_fields:
        letter = attributes.key_of(key.text)
        fix = make_replacement(key.span, letter, safe=True)
        return make_diagnostic(Code.E110, f"{message}; it is written `{letter}`", key.span, fixes=[fix])
    free = [letter for letter in written if letter not in taken]
    meant = (
        find_closest_word(key.text, free)
        or ("F" if key.text == "k" and "F" in free else "")  # the kernel's size: K is given
        or find_closest_word(key.text, written)
        or suggest.find_closest_word(key.text, (), keys)
    )
    others = [] if meant else _find_relatives(attributes, key.text)
    can_replace = issubclass(attributes, Layer) and attributes.family.is_interchangeable
    if others:
        message += f"; {_join_alternatives(tuple(others), 'and')} {'has' if len(others) == 1 else 'have'}"
    has = f"it has {', '.join(written)}" if written and not meant else ""
    fixes = [make_replacement(word.span, kind) for kind in others if can_replace]
    return make_diagnostic(Code.E110, message, key.span, help=has, meant=meant, fixes=fixes)


def _find_relatives(attributes: type[Attributes], key: str) -> list[str]:
    """Return the kinds of the family that have an attribute, unless they are many: `concat` for `crop` of `add`."""
    if not issubclass(attributes, Layer):
        return []
    family = [kind for kind in list_kinds() if (layer := get_layer_class(kind)) and layer.family is attributes.family]
    having = [kind for kind in family if (layer := get_layer_class(kind)) and key in layer.list_keys()]
    return having if len(having) <= MOST_CHOICES else []


def _diagnose_surplus_value(
    attributes: type[Attributes], word: tree.Name, argument: tree.Argument, given: Mapping[str, Any]
) -> Diagnostic:
    takes = f"only {len(attributes.positional)} values" if attributes.positional else "no value"
    if len(attributes.positional) == 1:
        (only,) = attributes.positional
        choices = _list_choices(attributes, only)
        takes = f"only {_join_alternatives(choices) if choices else f'`{attributes.key_of(only)}`'}"
    needed = [name for name, each in attributes.model_fields.items() if each.is_required() and name not in given]
    keyed = f"{attributes.key_of(needed[0])}={argument.span.text}" if len(needed) == 1 else ""
    return make_diagnostic(
        Code.E114,
        f"`{word.text}` takes {takes} by position; everything else is written `KEY=value`",
        argument.span,
        fixes=(make_replacement(argument.span, keyed),) if keyed else (),
    )


def _diagnose_unknown_word(attributes: type[Attributes], word: tree.Name, argument: tree.Argument) -> Diagnostic:
    words = list(attributes.words)
    meant = find_closest_word(argument.span.text, words)
    message = f"`{word.text}` does not know the word `{argument.span.text}`"
    return make_diagnostic(
        Code.E110, message, argument.span, help="" if meant else f"it knows {', '.join(words)}", meant=meant
    )


def _validate(
    attributes: type[A],
    word: tree.Name,
    values: dict[str, Any],
    spans: Mapping[str, Span],
    diagnostics: list[Diagnostic],
) -> A | None:
    """Return the attributes; None if a value is unknown, or after adding a diagnostic for each field that is wrong."""
    known = {name: value for name, value in values.items() if value is not UNSET}
    is_complete = len(known) == len(values)
    try:
        bound = _make(attributes, known)
        return bound if is_complete else None
    except ValidationError as error:
        details = {find_field(attributes, detail): detail for detail in reversed(error.errors())}
        for name, detail in reversed(details.items()):
            if is_complete or (name and values.get(name) is not UNSET):
                diagnostics.append(_diagnose_value(attributes, word, name, detail, values, spans))
        return None
    except Exception as error:
        if find_registration(attributes) is None:
            raise
        failure = explain_failure(error, f"`{word.text}` cannot be made: its class", [find_home(attributes)])
        diagnostics.append(make_diagnostic(Code.E308, failure, word.span))
        return None


def _make(attributes: type[A], values: dict[str, Any]) -> A:
    """Return the attributes with these values, one object for all lines that are alike; raises ValidationError."""
    key = attributes, repr(values)  # which tells 1 from 1.0 and True
    made = _IN_USE.get(key)
    if made is None:
        made = _IN_USE[key] = attributes.model_validate(values, strict=True)
    return cast(A, made)


def _diagnose_value(
    attributes: type[Attributes],
    word: tree.Name,
    name: str,
    detail: ErrorDetails,
    values: Mapping[str, Any],
    spans: Mapping[str, Span],
) -> Diagnostic:
    """Return the diagnostic for a validation error of a field, or of the attributes as a whole."""
    from specnet.foreign.arguments import list_free_keys
    from specnet.foreign.operators import round_division

    if not name:
        why = str(detail["msg"]).removeprefix("Value error, ")
        code = Code.E111 if detail["type"] == "missing" else Code.E115
        return make_diagnostic(code, f"`{word.text}` {why}", _find_only_quoted(attributes, why, spans, word.span))
    written = attributes.key_of(name)
    meaning = attributes.model_fields[name].description
    choices = _list_choices(attributes, name)
    if detail["type"] == "missing" and choices:
        fixes = [make_replacement(word.span, f"{word.text} {choice}") for choice in choices]
        return make_diagnostic(
            Code.E111, f"`{word.text}` needs {_join_alternatives(choices)} first", word.span, fixes=fixes
        )
    if detail["type"] == "missing":
        example = f", the {meaning}" if meaning else ""
        message = f"`{word.text}` needs `{written}`{example}"
        claimed = _find_claimed_channels(word.span) if name == getattr(attributes, "output_field", "") else ""
        fixes = [make_replacement(word.span, f"{word.text} {written}={claimed}")] if claimed else []
        return make_diagnostic(Code.E111, message, word.span, fixes=fixes)
    span = spans.get(name, word.span)
    subject = written if written.isupper() or "=" in span.text else word.text
    message = f"`{subject}` {describe_requirement(detail, meaning)}, not {quote_value(values[name])}"
    if isinstance(values[name], float) and (rounded := round_division(span.text)):
        return make_diagnostic(Code.E112, message, span, fixes=[make_replacement(span, rounded)])
    if isinstance(values[name], ValueRef):
        return make_diagnostic(Code.E112, message, span, fixes=_offer_like(attributes, name, values[name], span))
    keys = list_free_keys(attributes, spans)[:1]
    fixes = [make_replacement(span, f"{choice} {key}={span.text}") for key in keys for choice in choices]
    return make_diagnostic(Code.E112, message, span, fixes=fixes)


def _find_only_quoted(attributes: type[Attributes], why: str, spans: Mapping[str, Span], word: Span) -> Span:
    """Return the place of the attribute that a message quotes, if only one of those on the line is; else the word's."""
    quoted = [span for name, span in spans.items() if f"`{attributes.key_of(name)}`" in why]
    own = [span for span in quoted if span.source is word.source and span.start > word.start]
    return own[0] if len(quoted) == len(own) == 1 else word


def _offer_like(attributes: type[Attributes], name: str, value: ValueRef, span: Span) -> list[Fix]:
    """Return the fix `like=@x` for `to=@x`, of a layer that comes to the size of a value."""
    is_size = issubclass(attributes, Layer) and attributes.size_field == name
    return [make_replacement(span, f"like=@{value.tap}", safe=True)] if is_size else []


def _find_claimed_channels(word: Span) -> str:
    """Return the channels of the next claim, which are those of a layer unless others that set them are between."""
    text = word.source.text
    claim = re.compile(r"=>[ \t]*(?:\d+[x×])*(\d+)").search(text, word.end)
    between = re.compile(r"[A-Za-z_]\w*").finditer(text, word.end, claim.start()) if claim else ()
    kinds = (kind for name in between if (kind := get_layer_class(name[0])))
    return claim[1] if claim and not any(kind.output_field for kind in kinds) else ""


def _list_choices(attributes: type[Attributes], field: str) -> tuple[str, ...]:
    """Return the words of a positional field with few choices: `max` and `avg` for `pool`; none for other fields."""
    words = _list_literals(attributes.model_fields[field].annotation)
    return words if field in attributes.positional and len(words) <= MOST_CHOICES else ()
