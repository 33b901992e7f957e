"""The syntax tree: what a spec says, before any of it has a meaning.

Spans take no part in comparisons: two trees are equal when they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from specnet.source import Span


@dataclass(frozen=True)
class Tree:
    """A node of the tree and where it stands."""

    span: Span = field(compare=False, repr=False)


# Expressions


@dataclass(frozen=True)
class Number(Tree):
    value: int | float
    text: str = field(compare=False, repr=False)


@dataclass(frozen=True)
class Multiple(Tree):
    """`64x`: so many times as much."""

    factor: Number


@dataclass(frozen=True)
class Name(Tree):
    text: str


@dataclass(frozen=True)
class Text(Tree):
    value: str


@dataclass(frozen=True)
class Tap(Tree):
    """`@name`: the value that was named so."""

    name: str


@dataclass(frozen=True)
class Size(Tree):
    """`227x227x3`, `(k)x(k)`."""

    sizes: tuple[Expression, ...]


@dataclass(frozen=True)
class Unary(Tree):
    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary(Tree):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Conditional(Tree):
    """`value if condition else otherwise`."""

    value: Expression
    condition: Expression
    otherwise: Expression


@dataclass(frozen=True)
class Function(Tree):
    name: Name
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Range(Tree):
    """`low..high`: whole numbers without the end, or an interval of a setting."""

    low: Expression
    high: Expression


@dataclass(frozen=True)
class SidePair(Tree):
    """`before:after`: padding that differs at both ends."""

    before: Expression
    after: Expression


@dataclass(frozen=True)
class Items(Tree):
    """`[1, 0, -1]`."""

    items: tuple[Expression, ...]


Expression = (
    Number | Multiple | Name | Text | Tap | Size | Unary | Binary | Conditional | Function | Range | SidePair | Items
)

# Elements of a chain


@dataclass(frozen=True)
class Argument(Tree):
    """A value by position (`key` is None) or by name."""

    key: Name | None
    value: Expression


@dataclass(frozen=True)
class Body(Tree):
    """What stands between braces: lines, or arms that begin with a bar."""

    lines: Lines
    arms: tuple[Lines, ...]


@dataclass(frozen=True)
class Call(Tree):
    """A word, its values, and what it holds between braces: a layer, a block, a join, a setting."""

    word: Name
    arguments: tuple[Argument, ...]
    body: Body | None = None
    alternative: Lines | None = None


@dataclass(frozen=True)
class Resume(Tree):
    """`@name` in a chain: at its beginning takes the named value up again, at its end names one."""

    tap: Tap


@dataclass(frozen=True)
class Repeat(Tree):
    variable: Name | None
    count: Expression
    body: Body


@dataclass(frozen=True)
class For(Tree):
    variable: Name
    values: tuple[Expression, ...]
    body: Body


@dataclass(frozen=True)
class If(Tree):
    condition: Expression
    body: Body
    otherwise: Body | If | None


Element = Call | Resume | Repeat | For | If

# Lines


@dataclass(frozen=True)
class Let(Tree):
    name: Name
    value: Expression


@dataclass(frozen=True)
class Parameter(Tree):
    name: Name
    default: Expression | None


@dataclass(frozen=True)
class Block(Tree):
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body


@dataclass(frozen=True)
class Expect(Tree):
    quantity: Name
    comparison: str
    value: Expression


@dataclass(frozen=True)
class Chain(Tree):
    label: Name | None
    elements: tuple[Element, ...]
    claim: Expression | None


@dataclass(frozen=True)
class Unreadable(Tree):
    """A line that could not be read: what leaves it is unknown."""

    body: Body | None


Line = Let | Block | Expect | Chain | Unreadable
Lines = tuple[Line, ...]
