"""The syntax tree of a spec, and walks over it. Spans are not compared: trees that differ only in layout are equal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field, fields, is_dataclass, replace
from typing import TypeVar

from specnet.records import Record
from specnet.source import Source, Span

LATER = frozenset({"carried", "layers"})
"""Fields that the trees of older files lack: digests of files of blocks, which are made of `repr`, do not change."""


class Tree(Record):
    """A node of the tree and its span."""

    span: Span = field(compare=False, repr=False)

    def __repr__(self) -> str:
        """Return all fields but those in `LATER` that are empty."""
        shown = ((each.name, getattr(self, each.name)) for each in fields(self) if each.repr)
        texts = (f"{name}={value!r}" for name, value in shown if value or name not in LATER)
        return f"{type(self).__name__}({', '.join(texts)})"


# Expressions


class Number(Tree):
    value: int | float
    text: str = field(compare=False, repr=False)


class Multiplier(Tree):
    """`64x`: a multiple of something."""

    factor: Number


class Name(Tree):
    text: str


class Text(Tree):
    value: str


RESERVED_TAPS = frozenset({"in", *"CHWL"})
"""The names that no value can have: `@in` is what reaches a block, and `@x.C` a size of `@x`."""


class Tap(Tree):
    """`@name`: a named value."""

    name: str


class Size(Tree):
    """`227x227x3`, `(k)x(k)`, `96x96x(k)`."""

    sizes: tuple[Expression, ...]


class Unary(Tree):
    operator: str
    operand: Expression


class Binary(Tree):
    operator: str
    left: Expression
    right: Expression


class Conditional(Tree):
    """`value if condition else otherwise`."""

    value: Expression
    condition: Expression
    otherwise: Expression


class Function(Tree):
    name: Name
    arguments: tuple[Expression, ...]


class Range(Tree):
    """`low..high`: whole numbers up to but not including `high`, or an interval of a setting."""

    low: Expression
    high: Expression


class SidePair(Tree):
    """`before:after`: padding that differs between the two sides."""

    before: Expression
    after: Expression


class Items(Tree):
    """`[1, 0, -1]`."""

    items: tuple[Expression, ...]


Expression = (
    Number | Multiplier | Name | Text | Tap | Size | Unary | Binary | Conditional | Function | Range | SidePair | Items
)

# Elements of a chain


class Argument(Tree):
    """A value by position (`key` is None) or by key."""

    key: Name | None
    value: Expression


class LayersArgument(Tree):
    """`key={ … }`: layers for a parameter that stands for layers."""

    key: Name
    body: Body


class Body(Tree):
    """Lines between braces, then arms, each after a bar."""

    lines: Lines
    arms: tuple[Lines, ...]


class Call(Tree):
    """A word with its values and braces: a layer, a block, a join, a setting."""

    word: Name
    arguments: tuple[Argument, ...]
    body: Body | None = None
    alternative: Lines | None = None
    layers: tuple[LayersArgument, ...] = ()

    @property
    def has_braces(self) -> bool:
        return bool(self.body or self.layers or self.alternative is not None)

    @property
    def given(self) -> tuple[Argument | LayersArgument, ...]:
        """The values and the layers in the order in which they are written."""
        if not self.layers:
            return self.arguments
        return tuple(sorted((*self.arguments, *self.layers), key=lambda each: each.span.start))


class Resume(Tree):
    """`@name` in a chain: resumes at the named value at its beginning, names the value elsewhere."""

    tap: Tap


class Repeat(Tree):
    """`repeat 3 carry @a { … }`; a carried tap stands for what the turn before named."""

    variable: Name | None
    count: Expression
    body: Body
    carried: tuple[Tap, ...] = ()


class For(Tree):
    variable: Name
    values: tuple[Expression, ...]
    body: Body
    carried: tuple[Tap, ...] = ()


class If(Tree):
    condition: Expression
    body: Body
    otherwise: Body | If | None


Element = Call | Resume | Repeat | For | If

# Lines


class Let(Tree):
    name: Name
    value: Expression


class Parameter(Tree):
    """A parameter and its default; one that stands for layers has `layers`, which are its default."""

    name: Name
    default: Expression | None
    layers: Body | None = None


class Block(Tree):
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body


class Expect(Tree):
    quantity: Name
    comparison: str
    value: Expression


class Chain(Tree):
    label: Name | None
    elements: tuple[Element, ...]
    claim: Expression | None


class Unreadable(Tree):
    """A line that could not be read: the value after it is unknown."""

    body: Body | None


Line = Let | Block | Expect | Chain | Unreadable
Lines = tuple[Line, ...]


# Walks

Part = TypeVar("Part")
Kind = TypeVar("Kind", bound=Tree)


def find_parts(node: object, kind: type[Kind]) -> Iterator[Kind]:
    """Yield the parts of a kind at and below a node, outer ones first, in the order of the text."""
    if isinstance(node, kind):
        yield node
    if isinstance(node, tuple):
        for item in node:
            yield from find_parts(item, kind)
    elif is_dataclass(node) and isinstance(node, Tree):
        for part in fields(node):
            if part.name != "span":
                yield from find_parts(getattr(node, part.name), kind)


def reads(body: Body, name: str) -> bool:
    """Return whether a name is written anywhere within a body."""
    return re.search(rf"\b{name}\b", body.span.text) is not None


def relocate(part: Part, source: Source, by: int) -> Part:
    """Return a part of a tree with its spans in another source, `by` characters further on."""
    if isinstance(part, tuple):
        return type(part)(relocate(item, source, by) for item in part)
    if not (is_dataclass(part) and isinstance(part, Tree)):
        return part
    inner = {each.name: relocate(getattr(part, each.name), source, by) for each in fields(part) if each.name != "span"}
    return replace(part, span=Span(source, part.span.start + by, part.span.end + by), **inner)


def is_single_call(body: Body) -> bool:
    """Return whether a body is one call without a label: a block that is called there takes the repetition's name."""
    if len(body.lines) != 1:
        return False
    line = body.lines[0]
    if not isinstance(line, Chain) or line.label or len(line.elements) != 1:
        return False
    call = line.elements[0]
    return isinstance(call, Call) and call.body is None and call.alternative is None


def is_chain(layers: Body) -> bool:
    """Return whether braces hold layers one after the other, without labels, taps, claims and lines of their own."""
    return not layers.arms and all(_is_plain(line) for line in layers.lines)


def _is_plain(line: Line) -> bool:
    """Return whether a line is a chain of calls without label, taps, claim and braces with lines."""
    if not isinstance(line, Chain) or line.label or line.claim is not None:
        return False
    calls = [each for each in line.elements if isinstance(each, Call) and not each.body and each.alternative is None]
    return len(calls) == len(line.elements) and all(is_chain(given.body) for call in calls for given in call.layers)


def join_lines(layers: Body) -> Body:
    """Return the same layers on a single line if they are layers one after the other."""
    if len(layers.lines) < 2 or not is_chain(layers):
        return layers
    lines = [line for line in layers.lines if isinstance(line, Chain)]
    elements = tuple(element for line in lines for element in line.elements)
    return Body(layers.span, (Chain(lines[0].span.to(lines[-1].span), None, elements, None),), ())
