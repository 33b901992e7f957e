"""Build the tree while the text is parsed: lark calls a method for each rule of the grammar that it recognises."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from lark import Token

from specnet.byte_sizes import UNITS, ByteSize
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.parser_input import ParserInput

MOST_DIGITS = 300
"""The largest number of digits of a whole number; a longer one is read as infinite."""

MULTIPLES = {"k": 10**3, "M": 10**6, "G": 10**9}

Parts = list[Any]
"""All tokens and trees of a rule in their order, keywords and signs too; None for each that is optional and absent."""


class TreeBuilder:
    """The methods are called like the rules and aliases of the grammar; one text is built at a time."""

    def __init__(self) -> None:
        self.begin(ParserInput.of(Source("", "")))

    def begin(self, parser_input: ParserInput) -> None:
        """Build the tree of another text from now on."""
        self._input = parser_input
        self._parenthesised = dict[int, Span]()
        """The spans with their parentheses of expressions, by their ids."""

    def _at(self, token: Token) -> Span:
        assert token.start_pos is not None and token.end_pos is not None
        return self._input.span(token.start_pos, token.end_pos)

    def _cover(self, part: Token | tree.Tree) -> Span:
        return self._at(part) if isinstance(part, Token) else self._parenthesised.get(id(part), part.span)

    def _span(self, parts: Parts) -> Span:
        """Return the span from the first part to the last one that is there."""
        first = next(part for part in parts if part is not None)
        last = next(part for part in reversed(parts) if part is not None)
        start = self._cover(first)
        return start if last is first else Span(start.source, start.start, self._cover(last).end)

    def _name(self, token: Token) -> tree.Name:
        return tree.Name(self._at(token), str(token))

    def _function_name(self, token: Token) -> tree.Name:
        """Return the name in a `NAME(` token."""
        at, text = self._at(token), str(token).removesuffix("(")
        return tree.Name(Span(at.source, at.start, at.start + len(text)), text)

    # Lines

    def start(self, parts: Parts) -> tree.Lines:
        lines: tree.Lines = parts[0]
        return lines

    def lines(self, parts: Parts) -> tree.Lines:
        return _trees(parts)

    def let(self, parts: Parts) -> tree.Let:
        _, name, _, value = parts
        return tree.Let(self._span(parts), self._name(name), value)

    def parameter(self, parts: Parts) -> tree.Parameter:
        name, _, default = parts
        given = (None, tree.join_lines(default)) if isinstance(default, tree.Body) else (default, None)
        return tree.Parameter(self._span(parts), self._name(name), *given)

    def block(self, parts: Parts) -> tree.Block:
        _, name, *parameters, body = parts
        return tree.Block(self._span(parts), self._function_name(name), _trees(parameters), body)

    def expect(self, parts: Parts) -> tree.Expect:
        _, quantity, comparison, value = parts
        return tree.Expect(self._span(parts), self._name(quantity), str(comparison or "=="), value)

    def chain(self, parts: Parts) -> tree.Chain:
        label, _, *elements, _, claim = parts
        return tree.Chain(self._span(parts), label and self._name(label), _trees(elements), claim)

    def unreadable(self, parts: Parts) -> tree.Unreadable:
        _, body = parts
        return tree.Unreadable(self._span(parts), body)

    # Elements of a chain

    def call(self, parts: Parts) -> tree.Call:
        word, *given, body, _, alternative, _ = parts
        layers = tuple(each for each in given if isinstance(each, tree.LayersArgument))
        arguments = tuple(each for each in given if each not in layers) if layers else tuple(given)
        return tree.Call(self._span(parts), self._name(word), arguments, body, alternative, layers)

    def argument(self, parts: Parts) -> tree.Argument:
        key, value = parts[0] if len(parts) > 1 else None, parts[-1]
        return tree.Argument(self._span(parts), key and self._name(key), value)

    def layers_argument(self, parts: Parts) -> tree.LayersArgument:
        key, _, body = parts
        return tree.LayersArgument(self._span(parts), self._name(key), tree.join_lines(body))

    def resume(self, parts: Parts) -> tree.Resume:
        return tree.Resume(self._span(parts), self.tap(parts))

    def repeat(self, parts: Parts) -> tree.Repeat:
        _, variable, _, count, *carry, body = parts
        return tree.Repeat(self._span(parts), variable and self._name(variable), count, body, self._taps(carry))

    def for_each(self, parts: Parts) -> tree.For:
        _, variable, _, *values, body = parts
        return tree.For(self._span(parts), self._name(variable), _trees(values), body, self._taps(values))

    def _taps(self, parts: Parts) -> tuple[tree.Tap, ...]:
        """Return the taps behind `carry`, which are tokens among values that are trees."""
        return tuple(self.tap([part]) for part in parts if isinstance(part, Token) and part.startswith("@"))

    def if_else(self, parts: Parts) -> tree.If:
        _, condition, body, _, otherwise = parts
        return tree.If(self._span(parts), condition, body, otherwise)

    def body(self, parts: Parts) -> tree.Body:
        _, lines, *arms, _ = parts
        return tree.Body(self._span(parts), lines, tuple(arms[1::2]))

    # Expressions

    def range(self, parts: Parts) -> tree.Range:
        low, _, high = parts
        return tree.Range(self._span(parts), low, high)

    def pair(self, parts: Parts) -> tree.SidePair:
        before, _, after = parts
        return tree.SidePair(self._span(parts), before, after)

    def conditional(self, parts: Parts) -> tree.Conditional:
        value, _, condition, _, otherwise = parts
        return tree.Conditional(self._span(parts), value, condition, otherwise)

    def binary(self, parts: Parts) -> tree.Binary:
        left, operator, right = parts
        return tree.Binary(self._span(parts), str(operator), left, right)

    def unary(self, parts: Parts) -> tree.Unary:
        operator, operand = parts
        return tree.Unary(self._span(parts), str(operator), operand)

    def atom(self, parts: Parts) -> tree.Expression:
        """Return an expression in parentheses, which belong to what it is a part of."""
        _, inner, _ = parts
        expression: tree.Expression = inner
        self._parenthesised[id(expression)] = self._span([parts[0], parts[-1]])
        return expression

    dimension = atom

    def number(self, parts: Parts) -> tree.Number:
        (token,) = parts
        return tree.Number(self._at(token), _read_number(str(token)), str(token))

    def multiple(self, parts: Parts) -> tree.Multiplier:
        at, text = self._span(parts), str(parts[0])[:-1]
        return tree.Multiplier(at, tree.Number(at, _read_number(text), text))

    def name(self, parts: Parts) -> tree.Name:
        return self._name(parts[0])

    def string(self, parts: Parts) -> tree.Text:
        return tree.Text(self._span(parts), str(parts[0])[1:-1])

    def size(self, parts: Parts) -> tree.Size:
        (token,) = parts
        numbers = re.finditer(r"[0-9]+", str(token))
        spans = ((self._input.span(token.start_pos + m.start(), token.start_pos + m.end()), m[0]) for m in numbers)
        return tree.Size(self._at(token), tuple(tree.Number(span, _read_number(text), text) for span, text in spans))

    def computed_size(self, parts: Parts) -> tree.Size:
        """Return a size such as `96x96x(k)`, whose `96x96` is one token."""
        sizes = [size for part in _trees(parts) for size in self._list_sizes(part)]
        return tree.Size(self._span(parts), tuple(sizes))

    def _list_sizes(self, part: tree.Expression) -> tuple[tree.Expression, ...]:
        if isinstance(part, tree.Size) and id(part) not in self._parenthesised:
            return part.sizes
        return (part,)

    def tap(self, parts: Parts) -> tree.Tap:
        return tree.Tap(self._at(parts[0]), str(parts[0]).removeprefix("@"))

    def function(self, parts: Parts) -> tree.Function:
        name, *arguments = parts
        return tree.Function(self._span(parts), self._function_name(name), _trees(arguments))

    def items(self, parts: Parts) -> tree.Items:
        return tree.Items(self._span(parts), _trees(parts))


def _trees(parts: Sequence[Any]) -> tuple[Any, ...]:
    """Return the parts that are trees, without the signs between them."""
    return tuple(part for part in parts if part is not None and not isinstance(part, Token))


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
