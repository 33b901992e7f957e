"""A network as the text of a file: repetitions and blocks are found, then title, blocks and lines are written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from specnet.graph import Input, Network
from specnet.importers.folding.block_names import name_block
from specnet.importers.folding.blocks import extract_blocks, inline_needless
from specnet.importers.folding.comments import LineComments
from specnet.importers.folding.defaults import Defaults, find_defaults
from specnet.importers.folding.hints import Hints
from specnet.importers.folding.items import (
    Call,
    Join,
    Mark,
    Sequence,
    Side,
    drop_unread_marks,
    find_items,
    find_nodes,
    get_result,
)
from specnet.importers.folding.keys import ExactKeys, LikeKeys
from specnet.importers.folding.labels import make_labels
from specnet.importers.folding.lines import join_lines, split_lines
from specnet.importers.folding.program import Writer, make_chain, name_taps
from specnet.importers.folding.repeats import compress, expand
from specnet.importers.folding.structure import structure
from specnet.importers.folding.unification import Block, unify
from specnet.layers import get_layer_class
from specnet.layers.base import Shape
from specnet.naming import make_unused_name
from specnet.printer.formatter import format_source, format_tree
from specnet.printer.networks import format_training
from specnet.printer.values import NOWHERE, make_name, to_expression
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.parser import parse
from specnet.syntax.tree import RESERVED_TAPS


@dataclass(frozen=True)
class Ambition:
    """How much is looked for, so that a fold that fails its proof is tried again with less."""

    blocks: bool = True
    """Whether groups of lines that recur become blocks."""
    optional: bool = True
    """Whether an identity at one place and a projection at another become `identity or { … }`."""


class NetworkFile:
    """The parts of a file, from the graph to its text."""

    def __init__(self, network: Network, hints: Hints, ambition: Ambition) -> None:
        self._network, self._hints, self._ambition = network, hints, ambition
        self._comments = LineComments()

    def write(self) -> str:
        """Return the text; raises TooDeep or Mismatch."""
        exact, like = ExactKeys(), LikeKeys(self._network.shapes)
        items = compress(structure(self._network), exact.get, like.get)
        if self._ambition.blocks:
            scopes = self._hints.scopes
            items = inline_needless(
                extract_blocks(items, self._network.shapes, scopes, self._ambition.optional), scopes
            )
        blocks = _unify_all(items, self._network)
        for block in blocks.values():
            block.body = compress(expand(drop_unread_marks(block.body)), exact.get, like.get)
        items = compress(expand(drop_unread_marks(items)), exact.get, like.get, self._network.shapes)
        return self._write(items, blocks)

    def _write(self, items: Sequence, blocks: Mapping[int, Block]) -> str:
        names, layers = dict[int, str](), [node.name for node in self._network.nodes]
        for number, block in blocks.items():
            names[number] = name_block(block.body, block.calls, self._hints.scopes, layers, names.values())
        defaults = find_defaults([items, *(block.body for block in blocks.values())])
        writer = Writer(blocks, names, defaults, self._network.shapes)
        lines: tree.Lines = (
            *_write_beginning(self._network, defaults),
            *map(writer.write_block, blocks.values()),
            *self._write_main(items, writer),
            *_write_expectations(self._hints),
        )
        text = format_tree(lines) + _write_training(self._network)
        return self._comments.insert(text, self._hints.remarks)

    def _fit_label(self, writer: Writer, line: Sequence, label: str, claim: tree.Expression | None) -> str:
        """Return the label of a line; "" for one that would break braces onto several lines, and that nothing reads."""
        if not isinstance(line[-1], Join) or label in writer.taps.values():
            return label
        broken, plain = (format_tree((writer.write_line(line, name, claim),)).count("\n") for name in (label, ""))
        return label if broken == plain else ""

    def _write_main(self, items: Sequence, writer: Writer) -> Iterator[tree.Chain]:
        """Yield the lines of the main chain with labels, and claims where the shape changes."""
        lines = writer.join_stages(join_lines(split_lines(items)))
        taken = [i.name for i in self._network.inputs]
        labels = make_labels(lines, self._hints.scopes, self._network.shapes, taken)
        writer.taps = _name_values(items, lines, labels, self._network)
        shape: Shape | None = None
        comments = self._hints.comments
        for line, label in zip(lines, labels, strict=True):
            is_head = any(isinstance(item, Side) for item in line)
            result = None if is_head else self._network.shapes.get(get_result(line))
            claim = _make_shape(result) if result and (label or result != shape) else None
            label = "" if is_head else self._fit_label(writer, line, label, claim)
            above = [text for node in find_nodes(line) for text in comments.get(node.name, ())]
            yield self._comments.mark(writer.write_line(line, label, claim), above)
            shape = result or shape


def _unify_all(items: Sequence, network: Network) -> dict[int, Block]:
    """Return the blocks by number, those that others call first."""
    calls: dict[int, list[Call]] = defaultdict(list)
    for item in find_items(items):
        if isinstance(item, Call):
            calls[item.block].append(item)
    blocks = dict[int, Block]()
    for number in _sort_blocks(calls):
        blocks[number] = unify(number, calls[number], network.shapes, blocks)
    return blocks


def _sort_blocks(calls: Mapping[int, list[Call]]) -> list[int]:
    """Return the numbers of blocks in the order of their definitions: each after those that it calls."""
    inner = {
        number: [i.block for i in find_items(found[0].body) if isinstance(i, Call)] for number, found in calls.items()
    }
    found = dict[int, None]()

    def visit(number: int) -> None:
        for each in inner[number]:
            if each not in found:
                visit(each)
        found[number] = None

    for number in calls:
        if number not in found:
            visit(number)
    return [*found]


def _name_values(items: Sequence, lines: list[Sequence], labels: list[str], network: Network) -> dict[str, str]:
    """Return the names of values: of inputs, of heads, and of marks, which are labels where a line ends with them."""
    own = {
        line[-1].value: label for line, label in zip(lines, labels, strict=True) if label and isinstance(line[-1], Mark)
    }
    taps = {i.name: _escape(i.name) for i in network.inputs} | own
    rest = {value: name for value, name in name_taps(items, {*taps.values(), *labels}).items() if value not in own}
    taps |= rest
    for head in network.heads:
        name = head.name.replace(".", "_")
        taps[f"head {head.name}"] = make_unused_name(name, {*taps.values(), *labels, *RESERVED_TAPS})
    return taps


def _escape(name: str) -> str:
    return make_unused_name(name.replace(".", "_"), RESERVED_TAPS)


def _write_beginning(network: Network, defaults: Defaults) -> Iterator[tree.Chain]:
    """Yield title, inputs and defaults."""
    description = [tree.Text(NOWHERE, network.description)] if network.description else []
    yield make_chain(_call("net", to_expression(network.name), *description))
    for i in network.inputs:
        yield make_chain(_write_input(i, is_only=len(network.inputs) == 1))
    for kind, values in defaults.items():
        arguments = (_write_default(kind, name, value) for name, value in values.items())
        yield make_chain(_call("default", make_name(kind), *arguments))


def _write_default(kind: str, name: str, value: object) -> tree.Argument:
    cls = get_layer_class(kind)
    assert cls is not None
    word = next((word for word, sets in cls.words.items() if sets == (name, value)), None)
    if word:
        return tree.Argument(NOWHERE, None, make_name(word))
    return tree.Argument(NOWHERE, make_name(cls.key_of(name)), to_expression(value))


def _write_input(i: Input, is_only: bool) -> tree.Call:
    name = [] if is_only and i.name == "input" else [make_name(_escape(i.name))]
    return _call("input", *name, _make_shape(i.shape))


def _make_shape(shape: Shape) -> tree.Expression:
    sizes = tuple(map(to_expression, shape))
    return tree.Size(NOWHERE, sizes) if len(sizes) > 1 else sizes[0]


def _call(word: str, *arguments: tree.Argument | tree.Expression) -> tree.Call:
    given = (a if isinstance(a, tree.Argument) else tree.Argument(NOWHERE, None, a) for a in arguments)
    return tree.Call(NOWHERE, make_name(word), tuple(given))


def _write_expectations(hints: Hints) -> Iterator[tree.Expect]:
    if hints.parameters is not None:
        number = tree.Number(NOWHERE, hints.parameters, f"{hints.parameters:_}")
        yield tree.Expect(NOWHERE, make_name("parameters"), "==", number)


def _write_training(network: Network) -> str:
    """Return the `train` section with a blank line above it; "" for none."""
    if network.training is None:
        return ""
    source = Source("<training>", f"train {{\n{format_training(network.training)}}}\n")
    lines, _ = parse(source)
    return "\n" + format_source(source, lines)
