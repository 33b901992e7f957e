"""The text of `specnet explain` about layers and settings, made of their classes: docstrings, attributes, words."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from textwrap import fill
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from specnet import settings
from specnet.analyses.lints.own import OWN_LINTS
from specnet.attributes import Attributes, Interval, Multiple, Setting
from specnet.diagnostics import PluginCode
from specnet.layers import get_layer_class, list_kinds
from specnet.layers.base.layer import LIKE, Layer
from specnet.plugin_loading.loaded import find_plugin
from specnet.printer.values import format_value
from specnet.registry import REGISTRIES, Registration, find_registration
from specnet.reporters.table import align_definitions, align_rows

WIDTH = 110

MOST_WORDS = 4
"""Words of a choice that are listed within the table."""

TYPES = {
    bool: "yes or no",
    int: "whole number",
    float: "number",
    str: "text",
    Interval: "interval",
    Multiple: "multiple, as 64x",
}

FIELD_HEADS = ("attribute", "torch's word", "type", "default", "meaning")

LIKE_ROW = (LIKE, "", "value with a name, as @x", "", "value whose height and width to come to")
"""The row of `like=@x`, which sets another attribute."""

BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}

MOST_BOUND = 10**6
"""Larger bounds are left out: they protect the machine, and tell a reader nothing."""


def list_words(meanings: Mapping[str, str]) -> str:
    """Return a line per word, with its meaning."""
    return "\n".join(align_definitions(meanings, WIDTH))


def summarize_modules(modules: Mapping[str, str]) -> dict[str, str]:
    """Return the definition in the summary of each word's module."""
    return {word: _read_summary(module).partition(": ")[2] for word, module in modules.items()}


def explain_layer(kind: type[Attributes]) -> str:
    """Return the text about a kind of layer."""
    registration = find_registration(kind)
    if registration is None:
        parts = [fill(_read_summary(kind.__module__), WIDTH), inspect.getdoc(kind) or ""]
    else:
        parts = [f"{registration.word}: {_get_doc(kind)}".rstrip(": "), _name_origin(registration)]
    return "\n\n".join([*parts, *_describe_attributes(kind)])


def explain_lint(code: PluginCode) -> str:
    """Return the page of the code of a plugin's lint, in Markdown: its title, what its class says, and its origin."""
    registration = OWN_LINTS.find(code.name)
    assert registration, "a code is that of a registered lint"
    parts = [f"# {code.name}: {code.value}", *_get_doc(registration.cls).partition("\n\n")[2:], registration.cls.help]
    allow = f"`# specnet: allow {code.name}` at the end of a line allows it there."
    return "\n\n".join(filter(None, [*parts, allow, f"from {find_plugin(registration)}"])) + "\n"


def _name_origin(registration: Registration) -> str:
    return f"from {find_plugin(registration)}, {registration.place}"


def summarize_plugins() -> dict[str, str]:
    """Return the first line about each word that plugins have registered, what it is, and where it comes from."""
    found = sorted(
        (each.word, registry.sort, each) for registry in REGISTRIES for each in registry.list_registrations()
    )
    summaries = {(word, sort): _get_doc(each.cls).partition("\n")[0] for word, sort, each in found}
    return {word: f"{summaries[word, sort]} ({sort} of {each.plugin})".strip() for word, sort, each in found}


def _get_doc(kind: type[Any]) -> str:
    """Return what a class says of itself, and nothing that it inherits."""
    return inspect.cleandoc(kind.__doc__ or "")


def explain_setting(line: str, only: str = "") -> str:
    """Return the text about a line of the `train` section, with all its choices or only one of them."""
    default = type(settings.Training.model_fields[line].default)
    parts = [fill(_read_summary(f"{settings.__name__}.{line}"), WIDTH)]
    for word, kind in settings.get_choices(line).items():
        if only and word != only:
            continue
        heading = [f"{line} {word}" + (" (the default)" if kind is default else "")] if word else []
        origin = [_name_origin(registration)] if (registration := find_registration(kind)) else []
        text = _get_doc(kind) if origin else inspect.getdoc(kind) or ""
        parts += ["\n".join([*heading, text]), *origin, *_describe_attributes(kind)]
    return "\n\n".join(parts)


def explain_attribute(word: str) -> str:
    """Return a table of the layers and settings that have an attribute of this key or name; empty if there are none."""
    rows = [(line, *_describe_field(kind, name, field)) for line, kind, name, field in _find_attributes(word)]
    rows += [(kind, *LIKE_ROW) for kind, layer in _list_layers() if word == LIKE and layer.size_field]
    if not rows:
        return ""
    columns = [column for column in zip(("line", *FIELD_HEADS), *rows, strict=True) if any(column[1:])]
    return "\n".join([f"{word}: an attribute of", "", *align_rows(zip(*columns, strict=True))])


def _find_attributes(word: str) -> Iterator[tuple[str, type[Attributes], str, FieldInfo]]:
    """Yield the line and class of each kind of layer and choice of a setting with this attribute, and its field."""
    choices = [(line, *choice) for line in settings.list_lines() for choice in settings.get_choices(line).items()]
    for line, kind in [*_list_layers(), *((f"{line} {choice}".rstrip(), found) for line, choice, found in choices)]:
        for name, field in kind.model_fields.items():
            if word in (name, kind.key_of(name)):
                yield line, kind, name, field


def _list_layers() -> list[tuple[str, type[Layer]]]:
    """Return the class of each kind of layer by its word."""
    return [(kind, found) for kind in list_kinds() if (found := get_layer_class(kind))]


def _read_summary(module: str) -> str:
    """Return the first paragraph of a module's docstring: a definition of the kind, and an example."""
    return (sys.modules[module].__doc__ or "").partition("\n\n")[0]


def _describe_attributes(kind: type[Attributes]) -> Iterator[str]:
    """Yield the table of attributes, and the lines about positional values, choices and bare words."""
    if kind.model_fields:
        rows = [FIELD_HEADS, *(_describe_field(kind, name, field) for name, field in kind.model_fields.items())]
        rows += [LIKE_ROW] if LIKE in kind.list_keys() else []
        columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
        yield "\n".join(align_rows(zip(*columns, strict=True)))
    lines = [f"by position: {', '.join(map(kind.key_of, kind.positional))}"] if kind.positional else []
    for name, field in kind.model_fields.items():
        choice = _list_choices(field.annotation)
        lines += [f"{kind.key_of(name)} is one of: {', '.join(choice)}"] if len(choice) > MOST_WORDS else []
    if kind.words:
        words = [f"{word} ({kind.key_of(name)}={format_value(value)})" for word, (name, value) in kind.words.items()]
        lines.append(f"bare words: {', '.join(words)}")
    yield from ["\n".join(fill(line, WIDTH, subsequent_indent="  ") for line in lines)] if lines else []


def _describe_field(kind: type[Attributes], name: str, field: FieldInfo) -> tuple[str, ...]:
    key = kind.key_of(name)
    type_name = _describe_type(field.annotation, field.metadata)
    torch_word = "" if key == name or issubclass(kind, Setting) else name
    return key, torch_word, type_name, _describe_default(field), field.description or ""


def _describe_default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default in (None, "") else format_value(field.default)


def _describe_type(annotation: Any, metadata: list[Any]) -> str:
    """Return a type in words: `whole number from 1`, `max or avg`, `size`."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _describe_type(parts[0], list(parts[1:]))
    if get_origin(annotation) is Literal:
        return " or ".join(map(str, parts)) if len(parts) <= MOST_WORDS else "a word"
    if annotation in TYPES:
        return " ".join([TYPES[annotation], *_describe_bounds(metadata)])
    if get_origin(annotation) is tuple:
        return "size" if get_origin(parts[0]) is not tuple else "rows" if Ellipsis in parts else "pixels"
    return " or ".join(dict.fromkeys(_describe_type(part, []) for part in parts if part is not NoneType))


def _list_choices(annotation: Any) -> tuple[str, ...]:
    """Return the words of a Literal at any depth of a type."""
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return tuple(map(str, parts))
    return tuple(word for part in parts for word in _list_choices(part))


def _describe_bounds(metadata: list[Any]) -> Iterator[str]:
    nested = (constraint for each in metadata for constraint in getattr(each, "metadata", [each]))
    for bound in nested:
        for name, words in BOUNDS.items():
            value = getattr(bound, name, None)
            if isinstance(value, int | float) and abs(value) < MOST_BOUND:
                yield words.format(f"{value:g}")
