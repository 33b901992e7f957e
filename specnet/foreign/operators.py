"""Recognise operators that are meant as something else: `//` for a comment, `32*32*3` for a size, `cifar-10` for a
name, and conditions by position, which need parentheses.

Such lines can be read: only their values are wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from specnet.diagnostics import AnyCode, Code, Diagnostic, Edit, Fix, make_diagnostic, make_replacement
from specnet.foreign import LONGEST_LINE
from specnet.foreign.arrows import NO_VALUE, recognise_sign
from specnet.foreign.punctuation import CONDITION
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.parser_input import MASK, mask_text

COMMENT = re.compile(
    rf"[ \t]+(?P<operator>//|%)[ \t]+(?P<text>(?:\d+[ \t]+)?[A-Za-z_](?:(?!->)[^={{}}{MASK}])*)[\r{MASK}]*$"
)
"""An operator between blanks and words up to the end of the line."""

CLAIM = re.compile(rf"[ \t](?P<sign>[>=]{{1,2}})[ \t]*(?P<shape>\d[\dx×]*)[ \t\r{MASK}]*$")
"""A sign before a shape at the end of a line."""

HYPHENS = re.compile(r"(?<![\w@.])[A-Za-z_]\w*(?:-\w+)+(?![\w(])")
"""A name with hyphens."""

NO_ATTRIBUTE = frozenset({Code.E102, Code.E110, Code.E114})
"""The errors of a name that stands where a value or a word of the line should."""

LONGEST_NUMBER = 20

CONDITION_WORDS = frozenset({"if", "else", "and", "or", "not"})

COMMENT_CODES = frozenset({Code.E102, Code.E104, Code.E106, Code.E110, Code.E114, Code.E120})
"""The errors of a comment that is read as values."""


# Comments and conditions, from the text of a line


def explain_operators(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics, but one for each comment or condition in the place of the errors of its words."""
    causes = dict[Span, Diagnostic]()
    kept = list[Diagnostic]()
    for diagnostic in diagnostics:
        place = diagnostic.labels[0].span if diagnostic.labels else None
        cause = place and _recognise(diagnostic.code, place, has_fix=bool(diagnostic.fixes))
        if cause:
            causes.setdefault(cause.fixes[0].edits[0].span, cause)
        else:
            kept.append(diagnostic)
    by_line = dict[tuple[Source, int], list[Span]]()
    for span in causes:
        by_line.setdefault((span.source, span.line), []).append(span)
    return [diagnostic for diagnostic in kept if not _is_within(diagnostic, by_line)] + [*causes.values()]


def _is_within(diagnostic: Diagnostic, spans: Mapping[tuple[Source, int], Sequence[Span]]) -> bool:
    """Return whether a diagnostic is about a part of one of these spans, each of which is within a line."""
    if not diagnostic.labels:
        return False
    place = diagnostic.labels[0].span
    around = spans.get((place.source, place.line), ())
    return any(span.start <= place.start and place.end <= span.end for span in around)


def _recognise(code: AnyCode, place: Span, has_fix: bool) -> Diagnostic | None:
    if len(place.source.line(place.line)) > LONGEST_LINE:
        return None
    recognisers = [
        _recognise_comment,
        _recognise_condition,
        _recognise_hyphens,
        _recognise_claim,
        _recognise_product,
        recognise_sign,
        *([] if has_fix else [_recognise_equal_sign]),
    ]
    return next((cause for recognise in recognisers if (cause := recognise(code, place))), None)


def _recognise_comment(code: AnyCode, place: Span) -> Diagnostic | None:
    """Recognise `fc 10 // the classes`, at the word that has no value."""
    line = place.source.span_of_line(place.line)
    found = COMMENT.search(mask_text(line.text))
    if code not in COMMENT_CODES or found is None or place.end < line.start + found.start():
        return None
    start, source = line.start + found.start("operator"), place.source
    operator = Span(source, start, start + len(found["operator"]))
    comment = make_replacement(Span(source, start, line.end), f"# {line.text[found.start('text') :]}", safe=True)
    message = f"`{operator.text}` divides; a comment begins with `#`"
    return make_diagnostic(Code.E102, message, operator, fixes=[comment])


def _recognise_condition(_: AnyCode, place: Span) -> Diagnostic | None:
    """Recognise `fc 10 if wide else 5`, at one of its words."""
    if place.text not in CONDITION_WORDS:
        return None
    line = place.source.span_of_line(place.line)
    for found in re.finditer(CONDITION, mask_text(line.text)):
        if line.start + found.start() <= place.start < line.start + found.end():
            whole = Span(place.source, line.start + found.start(), line.start + found.end())
            message = "a value with `if`, `and`, `or` or `not` needs parentheses here"
            return make_diagnostic(Code.E102, message, whole, fixes=[make_replacement(whole, f"({whole.text})")])
    return None


def _recognise_hyphens(code: AnyCode, place: Span) -> Diagnostic | None:
    """Recognise `head aux-1 { … }`, a statement with a subtraction for its name."""
    line = place.source.span_of_line(place.line)
    found = HYPHENS.search(mask_text(line.text), place.start - line.start)
    if code is not Code.E106 or found is None:
        return None
    name = Span(place.source, line.start + found.start(), line.start + found.end())
    message = "a name has letters, digits and underscores, no hyphen"
    return make_diagnostic(code, message, name, fixes=[make_replacement(name, found[0].replace("-", "_"), safe=True)])


def _recognise_claim(code: AnyCode, place: Span) -> Diagnostic | None:
    """Recognise `conv K=8 F=3 > 30x30x8`, a claim that is read as a comparison with the size."""
    line = place.source.span_of_line(place.line)
    found = CLAIM.search(mask_text(line.text))
    if code not in NO_VALUE or found is None or place.start != line.start + found.start("shape"):
        return None
    sign = Span(place.source, line.start + found.start("sign"), line.start + found.end("sign"))
    message = "the shape at the end of a line is claimed with `=>`"
    return make_diagnostic(code, message, sign, fixes=[make_replacement(sign, "=>", safe=True)])


def _recognise_product(code: AnyCode, place: Span) -> Diagnostic | None:
    """Recognise `4C`, a product without its `*`, which is read as two values."""
    text, source = place.text, place.source
    follows_number = re.search(r"\b\d+\Z", source.text[max(place.start - LONGEST_NUMBER, 0) : place.start]) is not None
    if code not in NO_ATTRIBUTE or not text.isidentifier() or not follows_number:
        return None
    fix = Fix(f"*{text}", (Edit(Span(source, place.start, place.start), "*"),), safe=True)
    return make_diagnostic(Code.E102, "multiplication is written `*`", place, fixes=[fix])


def _recognise_equal_sign(code: AnyCode, place: Span) -> Diagnostic | None:
    """Recognise `K96`, an attribute without its `=`."""
    text = place.text
    splits = [i for i in range(1, len(text)) if text[i:].isdigit()] if text.isidentifier() else []
    if code not in NO_ATTRIBUTE or not splits:
        return None
    message = f"`{text}` has no value here; an attribute and its value are joined by `=`"
    return make_diagnostic(
        code, message, place, fixes=[make_replacement(place, f"{text[:i]}={text[i:]}") for i in splits]
    )


# Sizes, names and inputs, from the tree of a value


def recognise_size(value: tree.Expression, least: int = 2) -> Diagnostic | None:
    """Recognise the size `32*32*3`: a product of at least so many numbers."""
    numbers = list_operands(value, "*")
    if len(numbers) < least or not all(isinstance(number, tree.Number) for number in numbers):
        return None
    size = "x".join(number.span.text for number in numbers)
    message = f"a size is written `{size}`"
    return make_diagnostic(Code.E112, message, value.span, fixes=[make_replacement(value.span, size, safe=True)])


def read_hyphens(value: tree.Expression) -> tree.Name | None:
    """Return the name for one with hyphens, `cifar-10`, which was read as a subtraction; None for any other value."""
    parts, text = list_operands(value, "-"), value.span.text
    is_name = len(parts) > 1 and all(isinstance(part, tree.Name | tree.Number) for part in parts)
    return tree.Name(value.span, text) if is_name and " " not in text else None


def round_division(text: str) -> str:
    """Return `C//3` for `C/3`, the division that gives a whole number; "" unless a text has one division."""
    divisions = [*re.finditer(r"(?<!/)/(?!/)", text)]
    return f"{text[: divisions[0].start()]}/{text[divisions[0].start() :]}" if len(divisions) == 1 else ""


def list_operands(value: tree.Expression, *operators: str) -> list[tree.Expression]:
    """Return the operands of a sum or product, `a`, `b` and `c` of `a*b*c`; another value is its own operand."""
    if isinstance(value, tree.Binary) and value.operator in operators:
        return [*list_operands(value.left, *operators), value.right]
    return [value]
