"""Print a network as the canonical text of a .net file, one line per layer; reading it gives the same network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from specnet.graph import Head, Input, Network, Node
from specnet.naming import make_unused_name
from specnet.printer.formatter import format_tree
from specnet.printer.values import NOWHERE, make_name, to_arguments, to_expression
from specnet.syntax import tree

if TYPE_CHECKING:  # the settings are imported when a network has some
    from specnet.attributes import Setting
    from specnet.settings import Training

Labels = Mapping[str, str]
"""The label of each name of a network."""


def format_network(network: Network) -> str:
    """Return the text. Names become labels with underscores for dots, since blocks and repetitions are unrolled.

    Raises ValueError for a network with an error in it.
    """
    return format_tree(tuple(_lines(network, _make_labels(network))))


def _make_labels(network: Network) -> Labels:
    """Return a label for each name, with more underscores where it would be that of another name."""
    names = [*network.shapes, *(head.name for head in network.heads)]
    unnamed = {each.name for each in network.inputs} & tree.RESERVED_TAPS
    labels: dict[str, str] = {name: name for name in names if "." not in name and name not in unnamed}
    for name in names:
        if name not in labels:
            labels[name] = make_unused_name(name.replace(".", "_"), (*labels.values(), *tree.RESERVED_TAPS))
    return labels


def _lines(network: Network, labels: Labels) -> Iterator[tree.Line]:
    """Yield a line for each input, then for each node, each with its heads behind it, then training."""
    heads: dict[str, list[Head]] = {}
    for head in network.heads:
        heads.setdefault(head.value, []).append(head)
    yield _line(_title(network))
    for i in network.inputs:
        yield _line(_input(i, labels, is_only=len(network.inputs) == 1))
        yield from (_line(_head(head, labels)) for head in heads.get(i.name, ()))
    previous = network.inputs[-1].name if network.inputs else ""
    for node in network.nodes:
        yield _node(node, previous, labels, _repeats_line(node, network))
        previous = node.name
        yield from (_line(_head(head, labels)) for head in heads.get(node.name, ()))
    if network.outputs and network.outputs[0] != previous:
        yield _line(tree.Resume(NOWHERE, _tap(network.outputs[0], labels)))
    if network.training:
        yield _line(_call("train", body=_training(network.training)))


def _line(*elements: tree.Element, label: str = "") -> tree.Chain:
    return tree.Chain(NOWHERE, make_name(label) if label else None, elements, None)


def _call(word: str, *arguments: tree.Argument | tree.Expression, body: Iterable[tree.Line] | None = None) -> tree.Call:
    """Return a call with these arguments; expressions are given by position."""
    given = (a if isinstance(a, tree.Argument) else tree.Argument(NOWHERE, None, a) for a in arguments)
    braces = None if body is None else tree.Body(NOWHERE, tuple(body), ())
    return tree.Call(NOWHERE, make_name(word), tuple(given), braces)


def _title(network: Network) -> tree.Call:
    description = [tree.Text(NOWHERE, network.description)] if network.description else []
    return _call("net", to_expression(network.name), *description)


def _input(i: Input, labels: Labels, is_only: bool) -> tree.Call:
    name = [] if is_only and i.name == "input" else [make_name(labels[i.name])]
    sizes = tuple(map(to_expression, i.shape))
    return _call("input", *name, tree.Size(NOWHERE, sizes) if len(sizes) > 1 else sizes[0])


def _repeats_line(node: Node, network: Network) -> bool:
    """Whether a node is the line of the one whose weights it shares: `same` reads the taps of that line, too."""
    return bool(node.shares) and node.inputs[1:] == network.by_name[node.shares or ""].inputs[1:]


def _node(node: Node, previous: str, labels: Labels, is_same: bool) -> tree.Chain:
    """Return `conv2: @pool1 -> conv K=256 F=5`, without the tap where the line above gives the input."""
    if node.layer is None or node.output is None:
        raise ValueError(f"`{node.name}` has an error, or follows one: such a network cannot be printed")
    first, *others = (_tap(name, labels) for name in node.operands)
    resume = [] if node.inputs[0] == previous else [tree.Resume(NOWHERE, first)]
    if node.shares and is_same:
        layer = _call("same", make_name(labels[node.shares]))
    else:
        like = _tap(node.like, labels).name if node.like else ""
        layer = _call(node.layer.kind, *others, *to_arguments(node.layer, like))
    named = [tree.Resume(NOWHERE, _tap(node.name, labels))] if labels[node.name] in tree.RESERVED_TAPS else []
    return _line(*resume, layer, *named, label=labels[node.name])


def _tap(name: str, labels: Labels) -> tree.Tap:
    """Return the name by which a value is read: its label, unless that is one that no value can have, as `C`."""
    label = labels[name]
    is_reserved = label in tree.RESERVED_TAPS
    return tree.Tap(NOWHERE, make_unused_name(label, {label, *labels.values()}) if is_reserved else label)


def _head(head: Head, labels: Labels) -> tree.Call:
    weight = tree.Argument(NOWHERE, make_name("weight"), to_expression(head.weight))
    return _call("head", make_name(labels[head.name]), weight, body=())


def format_training(training: Training) -> str:
    """Return the lines of a `train` section, those that were given."""
    return format_tree(tuple(_training(training)))


def _training(training: Training) -> Iterator[tree.Chain]:
    """Yield the lines of the `train` section that were given."""
    from specnet.settings import list_lines

    for line in list_lines():
        value = getattr(training, line)
        if line in training.model_fields_set and value:
            yield from _setting(line, value if isinstance(value, tuple) else (value,))


def _setting(line: str, steps: Sequence[Setting]) -> Iterator[tree.Chain]:
    """Yield `optimizer sgd lr=0.1`, a chain of steps that have a word each, or a line for each step without one."""
    from specnet.settings import get_choices

    words = {kind: word for word, kind in get_choices(line).items()}
    if "" in words.values():
        yield from (_line(_call(line, *to_arguments(step))) for step in steps)
        return
    first, *others = steps
    choice = make_name(words[type(first)])
    rest = (_call(words[type(step)], *to_arguments(step)) for step in others)
    yield _line(_call(line, choice, *to_arguments(first)), *rest)
