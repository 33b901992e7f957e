"""Parse text into a syntax tree. Only this module and its tree builder know lark; it never fails: it reports."""

from __future__ import annotations

import re
import sys
from functools import cache
from hashlib import sha256
from itertools import chain, islice
from threading import Lock
from typing import TYPE_CHECKING, cast

from lark import Lark, LarkError, UnexpectedCharacters, UnexpectedToken

from specnet.diagnostics import Code, Diagnostic, make_diagnostic
from specnet.file_access import find_cache_folder
from specnet.package import IncompleteInstall, read_package_text
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.limits import (
    MAX_CHARACTERS,
    MAX_NESTING,
    MAX_OPERATORS,
    MAX_TOKENS,
    make_limit_diagnostic,
)
from specnet.syntax.parser_input import PLACEHOLDER, ParseError, ParserInput, find_part_end
from specnet.syntax.tree_builder import TreeBuilder

if TYPE_CHECKING:  # recovery is imported when a line cannot be read
    from specnet.syntax.recovery import Recogniser

NOT_TEXT = {"\0": "a zero byte", "\ufffd": "bytes that are not UTF-8", PLACEHOLDER: "a character that is none"}


def read_grammar() -> str:
    """Return the text of the grammar."""
    return read_package_text("grammars/specnet.lark")


_ONE_AT_A_TIME = Lock()
"""Held while a text is parsed, as the parser has a single builder of trees."""


@cache
def _make_parser() -> tuple[Lark, TreeBuilder]:
    """Return the parser; its tables are cached on disk, as making them takes longer than all the rest of a check."""
    grammar, builder = read_grammar(), TreeBuilder()
    file = _find_cache_file(sha256(grammar.encode()).hexdigest()[:8])
    try:
        return Lark(
            grammar,
            parser="lalr",
            transformer=builder,
            keep_all_tokens=True,
            maybe_placeholders=True,
            cache=file or False,
        ), builder
    except LarkError:
        raise IncompleteInstall("the grammar, grammars/specnet.lark, is damaged") from None


def _find_cache_file(digest: str) -> str | None:
    """Return the file for the tables of a grammar in the user's cache; None if no folder can be made there."""
    try:
        folder = find_cache_folder()
    except (OSError, RuntimeError):
        return None
    return str(folder / f"grammar-{digest}-{sys.version_info.major}.{sys.version_info.minor}.lark")


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
        with _ONE_AT_A_TIME:
            parser, builder = _make_parser()
            builder.begin(parser_input)
            return cast(tree.Lines, parser.parse(parser_input.text))  # which is what the builder returns
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
