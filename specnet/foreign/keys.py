"""Translate single arguments of other tools on a line of a spec: `ceil_mode=True` is `ceil`, `betas` are two keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from specnet.attributes import Attributes
from specnet.diagnostics import Code, Diagnostic, make_diagnostic, make_replacement
from specnet.foreign import keras_layers, torch_layers
from specnet.foreign.calls import read_argument
from specnet.foreign.counterparts import find_attribute
from specnet.foreign.meaning import READS, Signature
from specnet.foreign.translation import translate_argument
from specnet.foreign.words import translate_word
from specnet.layers import get_layer_class, list_kinds
from specnet.source import Span
from specnet.syntax import tree

BETAS = "beta1", "beta2"
"""What `betas` of torch's Adam sets."""

BETWEEN_GROUPS = "`softmax` is over the channels; `groups=2` weighs those of one half against those of the other"

OTHER_WAYS = {("softmax", "dim"): BETWEEN_GROUPS, ("softmax", "axis"): BETWEEN_GROUPS}
"""What else may be meant by an argument that is left out, by the layer and the other tool's key."""

NEGATIVE = ("no", "False", "false", "None", "0")
"""Values with which an attribute does nothing."""

SIZED = re.compile(r"(?P<word>[A-Za-z]+?)_?(?P<height>\d{1,2})x(?P<width>\d{1,2})")


def translate_sized_word(call: tree.Call) -> Diagnostic | None:
    """Return the diagnostic of a layer whose name has the size of its window, `conv3x3 64`; None for other words.

    Other programs mean by that name a window with padding or without, as they define it.
    """
    found = SIZED.fullmatch(call.word.text)
    words = translate_word(found["word"], list_kinds()) if found else ""
    kind = get_layer_class(words.partition(" ")[0])
    if found is None or kind is None or call.body or "kernel_size" not in kind.model_fields:
        return None
    height, width = int(found["height"]), int(found["width"])
    given = {each.key.text for each in call.arguments if each.key}
    if "F" in given:
        return None
    size = f"F={height}" if height == width else f"F={height}x{width}"
    text = " ".join([words, *(each.span.text for each in call.arguments), size])
    is_padded = height == width and height % 2 and height > 1 and "P" not in given
    texts = [f"{text} P={height // 2}", text] if is_padded else [text]
    message = f"no layer or block is called `{call.word.text}`; the window of `{words}` is its attribute `F`"
    fixes = [make_replacement(call.span, each, safe=len(texts) == 1) for each in texts]
    return make_diagnostic(Code.E101, message, call.word.span, fixes=fixes)


def explain_key(diagnostic: Diagnostic, attributes: type[Attributes], arguments: Sequence[tree.Argument]) -> Diagnostic:
    """Return the diagnostic of an unknown key with the translation of its argument, if another tool has the key."""
    place = diagnostic.labels[0].span
    argument = next((each for each in arguments if each.key and each.key.span == place), None)
    if diagnostic.code is not Code.E110 or argument is None or argument.key is None:
        return diagnostic
    fact = diagnostic.message.partition(";")[0]
    if argument.key.text == "betas" and isinstance(argument.value, tree.Items) and len(argument.value.items) == 2:
        text = " ".join(f"{key}={item.span.text}" for key, item in zip(BETAS, argument.value.items, strict=True))
        keys = f"{fact}; they are two, `{BETAS[0]}` and `{BETAS[1]}`"
        return replace(diagnostic, message=keys, help="", fixes=(make_replacement(argument.span, text, safe=True),))
    if known := _explain_own_way(diagnostic, attributes, argument):
        return replace(known, message=fact)
    row = next(_find_rows(attributes, argument.key.text), None)
    if row and row.by_name[argument.key.text].word in READS:
        reads = f"{fact}; what a layer reads is what arrives"
        fix = make_replacement(_include_blanks(argument.span), "", f"without `{argument.span.text}`")
        return replace(diagnostic, message=reads, help="", fixes=(fix,))
    if diagnostic.fixes or row is None:
        return diagnostic
    text, differences = translate_argument(row, argument.key.text, read_argument(argument))
    place = argument.span if text else _include_blanks(argument.span)
    title = text or f"without `{argument.span.text}`"
    fix = make_replacement(place, text, title, safe=not differences)
    help = "" if text else OTHER_WAYS.get((row.layers, argument.key.text), "")
    return replace(diagnostic, notes=(*diagnostic.notes, *differences), help=help, fixes=(fix,))


def _explain_own_way(
    diagnostic: Diagnostic, attributes: type[Attributes], argument: tree.Argument
) -> Diagnostic | None:
    """Return the diagnostic of a key that is an attribute with its value here, or none; None for any other key."""
    meant, absence = find_attribute(attributes, argument.key.text) if argument.key else ("", "")
    if not (meant or absence):
        return None
    text = "" if argument.value.span.text in NEGATIVE else meant
    place = argument.span if text else _include_blanks(argument.span)
    title = text or f"without `{argument.span.text}`"
    return replace(diagnostic, help=absence, fixes=(make_replacement(place, text, title, safe=bool(meant)),))


def _find_rows(attributes: type[Attributes], key: str) -> Iterator[Signature]:
    """Yield the rows that are one layer of this class and have a parameter of this name."""
    for table in (torch_layers.MODULES, keras_layers.KERAS, torch_layers.FUNCTIONS):
        for row in (row for rows in table.values() for row in rows):
            kind = get_layer_class(row.layers.partition(" ")[0])
            if kind is attributes and "->" not in row.layers and key in row.by_name:
                yield row


def _include_blanks(span: Span) -> Span:
    """Return a span with the blanks before it."""
    before = span.source.text[: span.start]
    return Span(span.source, len(before.rstrip(" \t")), span.end)
