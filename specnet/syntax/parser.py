"""Text → syntax tree. The only module that knows lark; parsing never fails, it returns a tree and diagnostics."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer_NonRecursive, UnexpectedCharacters, UnexpectedToken, v_args
from lark.tree import Meta

from specnet.diagnostics import Code, Diagnostic, make_diagnostic
from specnet.package_files import find_package_file
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.reading import UNREADABLE, Fault, Reading

LONGEST = 250_000
"""Characters of a spec, at most; the zoo's longest has some thousands."""

DEEPEST = 60
"""Braces and parentheses within each other, at most."""

MOST_OPERATORS = 50
"""Operators on one line, at most."""

LONGEST_NUMBER = 300
"""Digits of a whole number that are read exactly; a longer one is infinite to whatever reads it."""

MULTIPLES = {"k": 10**3, "M": 10**6, "G": 10**9, "B": 1}

NOT_TEXT = {"\0": "a zero byte", "\ufffd": "bytes that are not UTF-8", UNREADABLE: "a character that is none"}


def grammar_text() -> str:
    """Return the text of the grammar."""
    return find_package_file("grammars/specnet.lark").read_text(encoding="utf-8")


@cache
def _lark() -> Lark:
    """The parser; its tables are kept in the user's cache, as making them takes longer than all the rest of a check."""
    kept = _cache_file()
    return Lark(grammar_text(), parser="lalr", propagate_positions=True, maybe_placeholders=True, cache=kept or False)


def _cache_file() -> str | None:
    """A file of the user's own for the parser's tables; None where there is no place to write."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "specnet"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return str(folder / f"grammar-{sys.version_info.major}.{sys.version_info.minor}.lark")


def parse(source: Source) -> tuple[tree.Lines, list[Diagnostic]]:
    """The lines of a spec, and what could not be read. A bad line is reported and left out."""
    refusal = _beyond_limits(source)
    if refusal:
        return (), [refusal]
    try:
        return read(Reading.whole(source)), []
    except Fault:
        from specnet.syntax.recovery import recovered

        return recovered(source, read)


def read(reading: Reading) -> tree.Lines:
    """The lines of a text; raises Fault at the first that is none."""
    try:
        return _Builder(reading).transform(_lark().parse(reading.text))
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise Fault(len(reading.text), len(reading.text), frozenset(error.accepts or ()), True) from None
        start = error.token.start_pos or 0
        raise Fault(start, start + len(error.token), frozenset(error.accepts or ())) from None
    except UnexpectedCharacters as error:
        start = error.pos_in_stream or 0
        raise Fault(start, start + 1, frozenset(error.allowed or ())) from None


def _beyond_limits(source: Source) -> Diagnostic | None:
    """Not text, or too long or too deep to be a network: said at once instead of parsed."""
    for character, what in NOT_TEXT.items():
        at = source.text.find(character)
        if at >= 0:
            return make_diagnostic(Code.E001, f"the file is not text: it has {what} here", source.span(at, at + 1))
    if len(source.text) > LONGEST:
        message = f"the file has {len(source.text):,} characters; a spec has at most {LONGEST:,}"
        return make_diagnostic(Code.E002, message, source.span(0, 0))
    depth = 0
    for match in re.finditer(r'"[^"\n]*"|#[^\n]*|[\[({]|[\])}]', source.text):
        depth += (match[0] in "[({") - (match[0] in "])}")
        if depth > DEEPEST:
            message = f"braces and parentheses are nested more than {DEEPEST} deep"
            return make_diagnostic(Code.E002, message, source.span(match.start(), match.end()))
    for line in re.finditer(r"[^\n]+", source.text):
        operators = re.findall(r'"[^"]*"|#.*|->|[-+*/%]|\b(?:and|or|not|if)\b', line[0])
        if sum(operator[0] not in '"#' and operator != "->" for operator in operators) > MOST_OPERATORS:
            message = f"the line has more than {MOST_OPERATORS} operators"
            return make_diagnostic(Code.E002, message, source.span(line.start(), line.start()))
    return None


def _number(text: str) -> int | float:
    """96, 0.5, 5e-4, 60_965_224, 1.2G: a whole number wherever the value is one and no exponent was used."""
    digits, multiple = (text[:-1], MULTIPLES[text[-1]]) if text[-1] in MULTIPLES else (text, 1)
    if re.fullmatch(r"[0-9_]+", digits) and len(digits) <= LONGEST_NUMBER:
        return int(digits.replace("_", "") or "0") * multiple
    value = float(digits.replace("_", "")) * multiple
    return int(value) if multiple > 1 and value.is_integer() else value  # inf is no integer


@v_args(meta=True)
class _Builder(Transformer_NonRecursive[Token, tree.Lines]):
    """lark's tree → ours. One method for each rule of the grammar."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(visit_tokens=False)
        self.reading = reading

    def _span(self, meta: Meta) -> Span:
        return self.reading.span(meta.start_pos, meta.end_pos) if not meta.empty else self.reading.span(0, 0)

    def _name(self, token: Token) -> tree.Name:
        return tree.Name(self._at(token), str(token))

    def _at(self, token: Token) -> Span:
        assert token.start_pos is not None and token.end_pos is not None
        return self.reading.span(token.start_pos, token.end_pos)

    def start(self, meta: Meta, children: list[Any]) -> tree.Lines:
        return tuple(children[0])

    def lines(self, meta: Meta, children: list[Any]) -> tree.Lines:
        return tuple(children)

    def let(self, meta: Meta, children: list[Any]) -> tree.Let:
        return tree.Let(self._span(meta), self._name(children[0]), children[1])

    def parameter(self, meta: Meta, children: list[Any]) -> tree.Parameter:
        return tree.Parameter(self._span(meta), self._name(children[0]), children[1])

    def block(self, meta: Meta, children: list[Any]) -> tree.Block:
        name, *parameters, body = children
        return tree.Block(self._span(meta), self._function_name(name), tuple(p for p in parameters if p), body)

    def _function_name(self, token: Token) -> tree.Name:
        """The name of a `NAME(` token."""
        at, text = self._at(token), str(token).removesuffix("(")
        return tree.Name(Span(at.source, at.start, at.start + len(text)), text)

    def expect(self, meta: Meta, children: list[Any]) -> tree.Expect:
        quantity, comparison, value = children
        return tree.Expect(self._span(meta), self._name(quantity), str(comparison or "=="), value)

    def chain(self, meta: Meta, children: list[Any]) -> tree.Chain:
        label, *elements, claim = children
        return tree.Chain(self._span(meta), label and self._name(label), tuple(elements), claim)

    def unreadable(self, meta: Meta, children: list[Any]) -> tree.Unreadable:
        return tree.Unreadable(self._span(meta), children[1])

    def call(self, meta: Meta, children: list[Any]) -> tree.Call:
        word, *arguments, body, alternative = children
        return tree.Call(self._span(meta), self._name(word), tuple(arguments), body, alternative)

    def argument(self, meta: Meta, children: list[Any]) -> tree.Argument:
        *key, value = children
        return tree.Argument(self._span(meta), self._name(key[0]) if key else None, value)

    def resume(self, meta: Meta, children: list[Any]) -> tree.Resume:
        return tree.Resume(self._span(meta), self._tap(children[0]))

    def repeat(self, meta: Meta, children: list[Any]) -> tree.Repeat:
        variable, count, body = children
        return tree.Repeat(self._span(meta), variable and self._name(variable), count, body)

    def for_each(self, meta: Meta, children: list[Any]) -> tree.For:
        variable, *values, body = children
        return tree.For(self._span(meta), self._name(variable), tuple(values), body)

    def if_else(self, meta: Meta, children: list[Any]) -> tree.If:
        condition, body, otherwise = children
        return tree.If(self._span(meta), condition, body, otherwise)

    def body(self, meta: Meta, children: list[Any]) -> tree.Body:
        return tree.Body(self._span(meta), children[0], tuple(children[1:]))

    def range(self, meta: Meta, children: list[Any]) -> tree.Range:
        return tree.Range(self._span(meta), *children)

    def pair(self, meta: Meta, children: list[Any]) -> tree.SidePair:
        return tree.SidePair(self._span(meta), *children)

    def conditional(self, meta: Meta, children: list[Any]) -> tree.Conditional:
        return tree.Conditional(self._span(meta), *children)

    def binary(self, meta: Meta, children: list[Any]) -> tree.Binary:
        left, *operator, right = children
        return tree.Binary(self._span(meta), str(operator[0]), left, right)

    def unary(self, meta: Meta, children: list[Any]) -> tree.Unary:
        return tree.Unary(self._span(meta), str(children[0]), children[1])

    def number(self, meta: Meta, children: list[Any]) -> tree.Number:
        return tree.Number(self._span(meta), _number(str(children[0])), str(children[0]))

    def multiple(self, meta: Meta, children: list[Any]) -> tree.Multiple:
        text = str(children[0])[:-1]
        return tree.Multiple(self._span(meta), tree.Number(self._span(meta), _number(text), text))

    def name(self, meta: Meta, children: list[Any]) -> tree.Name:
        return self._name(children[0])

    def string(self, meta: Meta, children: list[Any]) -> tree.Text:
        return tree.Text(self._span(meta), str(children[0])[1:-1])

    def size(self, meta: Meta, children: list[Any]) -> tree.Size:
        token = children[0]
        parts = re.finditer(r"[0-9]+", str(token))
        spans = ((self.reading.span(token.start_pos + m.start(), token.start_pos + m.end()), m[0]) for m in parts)
        return tree.Size(self._at(token), tuple(tree.Number(span, _number(text), text) for span, text in spans))

    def computed_size(self, meta: Meta, children: list[Any]) -> tree.Size:
        return tree.Size(self._span(meta), tuple(children))

    def _tap(self, token: Token) -> tree.Tap:
        return tree.Tap(self._at(token), str(token).removeprefix("@"))

    def tap(self, meta: Meta, children: list[Any]) -> tree.Tap:
        return self._tap(children[0])

    def function(self, meta: Meta, children: list[Any]) -> tree.Function:
        name, *arguments = children
        return tree.Function(self._span(meta), self._function_name(name), tuple(arguments))

    def list(self, meta: Meta, children: list[Any]) -> tree.Items:
        return tree.Items(self._span(meta), tuple(child for child in children if child is not None))
