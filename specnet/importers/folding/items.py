"""The parts of a folded network: layers, joins with arms, repetitions, calls of blocks, and names of values.

They stand in sequences, in which each part reads the value of the one before it. All hold layers of the flat network;
those of a block's definition also hold expressions, in the place of the attributes that differ from call to call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from specnet.graph import Head, Node
from specnet.layers.base import Layer
from specnet.layers.base.traits import Family, Trait, Traits
from specnet.layers.base.window import Windowed
from specnet.syntax import tree


@dataclass(eq=False)
class Leaf:
    """A layer that reads the value before it, and perhaps named ones."""

    node: Node
    source: str
    taps: tuple[str, ...] = ()
    like: str = ""
    given: dict[str, tree.Expression] = field(default_factory=dict)
    """The expressions of attributes, by field."""


@dataclass(eq=False)
class Join:
    """A join of arms, all of which begin with the same value; an arm without parts is the identity."""

    node: Node
    source: str
    arms: list[Sequence]
    optional: int | None = None
    """The arm that is the identity where that has the right shape."""
    given: dict[str, tree.Expression] = field(default_factory=dict)


@dataclass(eq=False)
class Resume:
    """Continues from a named value."""

    value: str


@dataclass(eq=False)
class Mark:
    """Names the value before it."""

    value: str


@dataclass(eq=False)
class Side:
    """An auxiliary output with the layers that lead to it."""

    head: Head
    body: Sequence


@dataclass(eq=False)
class Call:
    """A call of a block, by its number, with the layers that it stands for."""

    block: int
    body: Sequence
    arguments: dict[str, object] | None = None
    """The values of the block's parameters; None until they are known."""
    given: dict[str, tree.Expression] = field(default_factory=dict)


@dataclass(eq=False)
class Repeat:
    """Turns that are written once."""

    turns: list[Sequence]
    count: tree.Expression | None = None


Item = Leaf | Join | Resume | Mark | Side | Call | Repeat
Sequence = list[Item]

Rewrite = Callable[[Sequence], Sequence]


def list_inner(item: Item) -> list[Sequence]:
    """Return the sequences within a part."""
    match item:
        case Join(arms=arms):
            return arms
        case Repeat(turns=turns):
            return turns
        case Call(body=body) | Side(body=body):
            return [body]
        case _:
            return []


def rewrite_inner(item: Item, rewrite: Rewrite) -> Item:
    """Return a part with each sequence within it rewritten."""
    match item:
        case Join(arms=arms):
            return replace(item, arms=[rewrite(arm) for arm in arms])
        case Repeat(turns=turns):
            return replace(item, turns=[rewrite(turn) for turn in turns])
        case Call(body=body):
            return replace(item, body=rewrite(body))
        case Side(body=body):
            return replace(item, body=rewrite(body))
        case _:
            return item


def find_items(items: Sequence) -> Iterator[Item]:
    """Yield all parts of a sequence, outer ones first."""
    for item in items:
        yield item
        for inner in list_inner(item):
            yield from find_items(inner)


def find_written(items: Sequence) -> Iterator[Item]:
    """Yield the parts that are written where a sequence is: of a repetition one turn, of a call nothing within."""
    for item in items:
        yield item
        inner = [] if isinstance(item, Call) else list_inner(item)
        for part in inner[:1] if isinstance(item, Repeat) else inner:
            yield from find_written(part)


def find_nodes(items: Sequence) -> Iterator[Node]:
    """Yield the layers of a sequence; a join follows its arms."""
    for item in items:
        for inner in list_inner(item):
            yield from find_nodes(inner)
        if isinstance(item, Leaf | Join):
            yield item.node


def list_read(item: Item) -> tuple[str, ...]:
    """Return the named values that a part reads, without what is within it."""
    match item:
        case Leaf(taps=taps, like=like):
            return (*taps, like) if like else taps
        case Resume(value=value):
            return (value,)
        case _:
            return ()


def find_read(items: Sequence) -> Iterator[str]:
    """Yield the named values that a sequence reads, as often as it reads them."""
    for item in find_items(items):
        yield from list_read(item)


def drop_unread_marks(items: Sequence) -> Sequence:
    """Leave out the names of values that nothing reads where the sequence is written."""
    read = {*find_read_here(items)}

    def drop(part: Sequence) -> Sequence:
        kept = [item for item in part if not (isinstance(item, Mark) and item.value not in read)]
        return [item if isinstance(item, Call) else rewrite_inner(item, drop) for item in kept]

    return drop(items)


def find_read_here(items: Sequence) -> Iterator[str]:
    """Yield the named values that a sequence reads, but for those that calls of blocks read within."""
    for item in items:
        yield from list_read(item)
        for inner in [] if isinstance(item, Call) else list_inner(item):
            yield from find_read_here(inner)


def find_marks(items: Sequence) -> set[str]:
    """Return the values that a sequence names."""
    return {item.value for item in find_items(items) if isinstance(item, Mark)}


def get_source(items: Sequence) -> str:
    """Return the value that a sequence begins with; "" if it is one that it names."""
    match items[0]:
        case Leaf(source=source) | Join(source=source):
            return source
        case Call(body=body):
            return get_source(body)
        case Repeat(turns=turns):
            return get_source(turns[0])
        case _:
            return ""


def get_result(items: Sequence) -> str:
    """Return the value at the end of a sequence; "" for none."""
    for item in reversed(items):
        match item:
            case Leaf(node=node) | Join(node=node):
                return node.name
            case Call(body=body):
                return get_result(body)
            case Repeat(turns=turns):
                return get_result(turns[-1])
            case Resume(value=value) | Mark(value=value):
                return value
    return ""


def get_traits(node: Node) -> Traits:
    return node.layer.traits if node.layer else frozenset()


def is_follower(item: Item) -> bool:
    """Whether a part is written on the line of the one before it."""
    return isinstance(item, Leaf) and bool(item.node.layer and item.node.layer.is_follower()) and not item.taps


def is_normalisation(item: Item) -> bool:
    return isinstance(item, Leaf) and Trait.NORMALISES in get_traits(item.node)


def is_join(node: Node) -> bool:
    """Whether the inputs of a layer may be arms."""
    return node.layer is not None and node.layer.family is Family.JOIN and not node.layer.is_like


def get_window(layer: Layer | None) -> tuple[int, int] | None:
    """Return the height and width of a layer's window; None if it has none."""
    size = getattr(layer, layer.window) if isinstance(layer, Windowed) else None
    return size if isinstance(size, tuple) else None


def get_groups(layer: Layer | None) -> int:
    """Return the number of groups of a convolution; 1 for other layers."""
    return layer.channel_period if layer and layer.family is Family.CONVOLUTION else 1
