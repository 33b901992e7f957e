"""Parse text into a syntax tree. The only module that knows lark; it never fails, but returns diagnostics."""

from __future__ import annotations

import math
import os
import re
import sys
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lark import Lark, LarkError, Token, Transformer_NonRecursive, UnexpectedCharacters, UnexpectedToken, v_args
from lark.tree import Meta

from specnet.byte_sizes import UNITS, ByteSize
from specnet.diagnostics import Code, Diagnostic, make_diagnostic
from specnet.package import IncompleteInstall, read_package_text
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.limits import (
    MAX_CHARACTERS,
    MAX_NESTING,
    MAX_OPERATORS,
    MAX_TOKENS,
    make_limit_diagnostic,
)
from specnet.syntax.parser_input import PLACEHOLDER, ParseError, ParserInput, find_part_end

if TYPE_CHECKING:  # recovery is imported when a line cannot be read
    from specnet.syntax.recovery import Recogniser

MOST_DIGITS = 300
"""The largest number of digits of a whole number; a longer one is read as infinite."""

MULTIPLES = {"k": 10**3, "M": 10**6, "G": 10**9}

NOT_TEXT = {"\0": "a zero byte", "\ufffd": "bytes that are not UTF-8", PLACEHOLDER: "a character that is none"}


def read_grammar() -> str:
    """Return the text of the grammar."""
    return read_package_text("grammars/specnet.lark")


@cache
def _make_parser() -> Lark:
    """Return the parser; its tables are cached on disk, as making them takes longer than all the rest of a check."""
    file, grammar = _find_cache_file(), read_grammar()
    try:
        return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True, cache=file or False)
    except LarkError:
        raise IncompleteInstall("the grammar, grammars/specnet.lark, is damaged") from None


def _find_cache_file() -> str | None:
    """Return the file for the parser's tables in the user's cache; None if no folder can be made there."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "specnet"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return str(folder / f"grammar-{sys.version_info.major}.{sys.version_info.minor}.lark")


def parse(source: Source, recognise: Recogniser | None = None) -> tuple[tree.Lines, list[Diagnostic]]:
    """Return the lines of a spec, and a diagnostic for each line that cannot be read.

    `recognise` returns a hint on such a line, for a better message and a fix.
    """
    if diagnostic := _check_limits(source):
        return (), [diagnostic]
    parser_input = ParserInput.of(source)
    parts, starts = list[tree.Lines](), [0]
    while starts[-1] < len(source.text):
        start, end = starts[-1], find_part_end(source.text, starts[-1])
        try:
            parts.append(read_lines(parser_input.part(start, end)))
        except ParseError as error:
            from specnet.syntax.recovery import Recovery

            return Recovery(parser_input, read_lines, recognise, parts, starts, error).run()
        starts.append(end)
    return tuple(chain.from_iterable(parts)), []


def read_lines(parser_input: ParserInput) -> tree.Lines:
    """Return the lines of a text; raises ParseError at the first token that does not fit."""
    try:
        return _TreeConverter(parser_input).transform(_make_parser().parse(parser_input.text))
    except UnexpectedToken as error:
        expected, end = frozenset(error.accepts or ()), len(parser_input.text)
        if error.token.type == "$END":
            raise ParseError(end, end, expected, is_at_end=True) from None
        start = error.token.start_pos or 0
        raise ParseError(start, start + len(error.token), expected) from None
    except UnexpectedCharacters as error:
        start = error.pos_in_stream or 0
        raise ParseError(start, start + 1, frozenset(error.allowed or ())) from None


def _check_limits(source: Source) -> Diagnostic | None:
    """Report a source that is not text, or too long or too deep to be parsed in time."""
    for character, description in NOT_TEXT.items():
        if (at := source.text.find(character)) >= 0:
            return _make_not_text(source, at, description)
    try:
        source.text.encode()
    except UnicodeEncodeError as error:
        return _make_not_text(source, error.start, "half of a character")
    if len(source.text) > MAX_CHARACTERS:
        message = f"the file has {len(source.text):,} characters; a spec has at most {MAX_CHARACTERS:,}"
        return make_limit_diagnostic(message, source.span(0, 0))
    return _check_tokens(source) or _check_nesting(source) or _check_operators(source)


def _make_not_text(source: Source, at: int, description: str) -> Diagnostic:
    message = f"the file is not text: it has {description} here"
    return make_diagnostic(Code.E001, message, source.span(at, at + 1))


def _check_tokens(source: Source) -> Diagnostic | None:
    if len(source.text) <= MAX_TOKENS:
        return None
    tokens = re.finditer(r'"[^"\n]*"|#[^\n]*|[\w.@]+|[^\w\s]', source.text)
    last = next(islice((token for token in tokens if token[0][0] != "#"), MAX_TOKENS, None), None)
    if last is None:
        return None
    message = f"the file has more than {MAX_TOKENS:,} words, numbers and signs"
    return make_limit_diagnostic(message, source.span(last.start(), last.end()))


def _check_nesting(source: Source) -> Diagnostic | None:
    depth = 0
    for match in re.finditer(r'"[^"\n]*"|#[^\n]*|[\[({]|[\])}]', source.text):
        depth += (match[0] in "[({") - (match[0] in "])}")
        if depth > MAX_NESTING:
            message = f"braces and parentheses are nested more than {MAX_NESTING} deep"
            return make_limit_diagnostic(message, source.span(match.start(), match.end()))
    return None


def _check_operators(source: Source) -> Diagnostic | None:
    for line in re.finditer(r"[^\n]+", source.text):
        operators = re.findall(r'"[^"]*"|#.*|->|[-+*/%]|\b(?:and|or|not|if)\b', line[0])
        if sum(operator[0] not in '"#' and operator != "->" for operator in operators) > MAX_OPERATORS:
            message = f"the line has more than {MAX_OPERATORS} operators"
            return make_limit_diagnostic(message, source.span(line.start(), line.start()))
    return None


def _read_number(text: str) -> int | float:
    """Return the value of 96, 0.5, 5e-4, 60_965_224, 1.2G, 24GB: an int if it is whole and has no exponent."""
    if text[-1] == "B":
        return _read_bytes(text)
    digits, multiple = (text[:-1], MULTIPLES[text[-1]]) if text[-1] in MULTIPLES else (text, 1)
    if re.fullmatch(r"[0-9_]+", digits) and len(digits) <= MOST_DIGITS:
        return int(digits.replace("_", "") or "0") * multiple
    value = float(digits.replace("_", "")) * multiple
    return int(value) if multiple > 1 and value.is_integer() else value  # inf is no integer


def _read_bytes(text: str) -> int | float:
    digits = text.rstrip("BikKMGT")
    size = _read_number(digits) * UNITS[text[len(digits) :]]
    return ByteSize(round(size)) if size < math.inf else size


@v_args(meta=True)
class _TreeConverter(Transformer_NonRecursive[Token, tree.Lines]):
    """Converts lark's tree to ours, with a method for each rule of the grammar."""

    def __init__(self, parser_input: ParserInput) -> None:
        super().__init__(visit_tokens=False)
        self.input = parser_input

    def _span(self, meta: Meta) -> Span:
        return self.input.span(meta.start_pos, meta.end_pos) if not meta.empty else self.input.span(0, 0)

    def _name(self, token: Token) -> tree.Name:
        return tree.Name(self._at(token), str(token))

    def _at(self, token: Token) -> Span:
        assert token.start_pos is not None and token.end_pos is not None
        return self.input.span(token.start_pos, token.end_pos)

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
        """Return the name in a `NAME(` token."""
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
        return tree.Number(self._span(meta), _read_number(str(children[0])), str(children[0]))

    def multiple(self, meta: Meta, children: list[Any]) -> tree.Multiplier:
        text = str(children[0])[:-1]
        return tree.Multiplier(self._span(meta), tree.Number(self._span(meta), _read_number(text), text))

    def name(self, meta: Meta, children: list[Any]) -> tree.Name:
        return self._name(children[0])

    def string(self, meta: Meta, children: list[Any]) -> tree.Text:
        return tree.Text(self._span(meta), str(children[0])[1:-1])

    def size(self, meta: Meta, children: list[Any]) -> tree.Size:
        token = children[0]
        parts = re.finditer(r"[0-9]+", str(token))
        spans = ((self.input.span(token.start_pos + m.start(), token.start_pos + m.end()), m[0]) for m in parts)
        return tree.Size(self._at(token), tuple(tree.Number(span, _read_number(text), text) for span, text in spans))

    def computed_size(self, meta: Meta, children: list[Any]) -> tree.Size:
        return tree.Size(self._span(meta), tuple(children))

    def _tap(self, token: Token) -> tree.Tap:
        return tree.Tap(self._at(token), str(token).removeprefix("@"))

    def tap(self, meta: Meta, children: list[Any]) -> tree.Tap:
        return self._tap(children[0])

    def function(self, meta: Meta, children: list[Any]) -> tree.Function:
        name, *arguments = children
        return tree.Function(self._span(meta), self._function_name(name), tuple(arguments))

    def items(self, meta: Meta, children: list[Any]) -> tree.Items:
        return tree.Items(self._span(meta), tuple(child for child in children if child is not None))
