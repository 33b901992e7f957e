"""A network as the canonical text of a .net file, a line for each layer; reading it gives the same network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from specnet.graph import Head, Input, Network, Node
from specnet.printer.formatter import format_lines
from specnet.printer.values import NOWHERE, arguments_of, expression_of, make_name
from specnet.syntax import tree

if TYPE_CHECKING:  # the settings are imported when a network has some
    from specnet.settings import Training
    from specnet.settings.base import Setting


def format_network(network: Network) -> str:
    """Return the text. Names become labels with underscores for dots, since blocks and repetitions are unrolled.

    Raises ValueError for a network with an error in it.
    """
    return format_lines(tuple(_lines(network)))


def _lines(network: Network) -> Iterator[tree.Line]:
    """Yield inputs, then a line for each node and for each head after its node, then training."""
    heads = {head.value: head for head in network.heads}
    yield _line(_title(network))
    yield from (_line(_input(i)) for i in network.inputs)
    previous = network.inputs[-1].name if network.inputs else ""
    for node in network.nodes:
        yield _node(node, previous)
        previous = node.name
        if node.name in heads:
            yield _line(_head(heads[node.name]))
    if network.outputs and network.outputs[0] != previous:
        yield _line(tree.Resume(NOWHERE, _tap(network.outputs[0])))
    if network.training:
        yield _line(_call("train", body=_training(network.training)))


def _line(*elements: tree.Element, label: str = "") -> tree.Chain:
    return tree.Chain(NOWHERE, make_name(label) if label else None, elements, None)


def _call(word: str, *arguments: tree.Argument | tree.Expression, body: Iterable[tree.Line] | None = None) -> tree.Call:
    """Return a call with these arguments; expressions stand by position."""
    given = (a if isinstance(a, tree.Argument) else tree.Argument(NOWHERE, None, a) for a in arguments)
    braces = None if body is None else tree.Body(NOWHERE, tuple(body), ())
    return tree.Call(NOWHERE, make_name(word), tuple(given), braces)


def _title(network: Network) -> tree.Call:
    description = [tree.Text(NOWHERE, network.description)] if network.description else []
    return _call("net", expression_of(network.name), *description)


def _input(i: Input) -> tree.Call:
    name = [] if i.name == "input" else [make_name(_label(i.name))]
    sizes = tuple(map(expression_of, i.shape))
    return _call("input", *name, tree.Size(NOWHERE, sizes) if len(sizes) > 1 else sizes[0])


def _node(node: Node, previous: str) -> tree.Chain:
    """Return `conv2: @pool1 -> conv K=256 F=5`, without the tap where the line above gives the input."""
    if node.layer is None or node.output is None:
        raise ValueError(f"`{node.name}` has an error, or follows one: such a network cannot be printed")
    first, *others = node.inputs
    resume = [] if first == previous else [tree.Resume(NOWHERE, _tap(first))]
    if node.shares:
        layer = _call("same", make_name(_label(node.shares)))
    else:
        layer = _call(node.layer.kind, *map(_tap, others), *arguments_of(node.layer))
    return _line(*resume, layer, label=_label(node.name))


def _head(head: Head) -> tree.Call:
    weight = tree.Argument(NOWHERE, make_name("weight"), expression_of(head.weight))
    return _call("head", make_name(_label(head.name)), weight, body=())


def _tap(name: str) -> tree.Tap:
    return tree.Tap(NOWHERE, _label(name))


def _label(name: str) -> str:
    return name.replace(".", "_")


def _training(training: Training) -> Iterator[tree.Chain]:
    """Yield the lines of the `train` section that were given."""
    from specnet.settings import lines

    for line in lines():
        value = getattr(training, line)
        if line in training.model_fields_set and value:
            yield from _setting(line, value if isinstance(value, tuple) else (value,))


def _setting(line: str, steps: Sequence[Setting]) -> Iterator[tree.Chain]:
    """Yield `optimizer sgd lr=0.1`, a chain of steps that have a word each, or a line for each step without one."""
    from specnet.settings import choices

    words = {kind: word for word, kind in choices(line).items()}
    if "" in words.values():
        yield from (_line(_call(line, *arguments_of(step))) for step in steps)
        return
    first, *others = steps
    choice = make_name(words[type(first)])
    rest = (_call(words[type(step)], *arguments_of(step)) for step in others)
    yield _line(_call(line, choice, *arguments_of(first)), *rest)
