"""A network as the text of a .net file, a line a layer; reading that text gives the same network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from specnet.graph import Head, Input, Network, Node
from specnet.printer.layers import format_arguments, format_layer, format_value

if TYPE_CHECKING:
    from specnet.settings import Training
    from specnet.settings.base import Setting


def format_network(network: Network) -> str:
    """The text. Names become labels, so dots in them become underscores: blocks and repetitions are format_layer out.

    Raises ValueError for a network with an error in it.
    """
    title = f' "{network.description}"' if network.description else ""
    name = network.name if network.name.isidentifier() else f'"{network.name}"'
    sections = [f"net {name}{title}", "\n".join(_lines(network))]
    if network.training:
        sections.append(_training(network.training))
    return "\n\n".join(sections) + "\n"


def _lines(network: Network) -> Iterator[str]:
    """Inputs, then a line a node; heads follow the node that they hang at."""
    heads = {head.value: head for head in network.heads}
    previous = ""
    for i in network.inputs:
        yield _input(i)
        previous = i.name
    yield ""
    for node in network.nodes:
        yield _node(node, previous)
        previous = node.name
        if node.name in heads:
            yield _head(heads[node.name])
    if network.outputs and network.outputs[0] != previous:
        yield f"@{_label(network.outputs[0])}"


def _input(i: Input) -> str:
    name = "" if i.name == "input" else f" {_label(i.name)}"
    return f"input{name} {'x'.join(str(size) for size in i.shape)}"


def _node(node: Node, previous: str) -> str:
    """`conv2: @pool1 -> conv K=256 F=5`; a value that arrives anyway is not named."""
    if node.layer is None or node.output is None:
        raise ValueError(f"`{node.name}` stands at an error or behind one: such a network cannot be format_layer")
    first, *others = node.inputs
    resume = "" if first == previous else f"@{_label(first)} -> "
    layer = f"same {_label(node.shares)}" if node.shares else format_layer(node.layer)
    taps = "".join(f" @{_label(other)}" for other in others)
    word, _, values = layer.partition(" ")
    return f"{_label(node.name)}: {resume}{word}{taps}{' ' if values else ''}{values}"


def _head(head: Head) -> str:
    return f"head {_label(head.name)} weight={format_value(head.weight)} {{ }}"


def _label(name: str) -> str:
    return name.replace(".", "_")


def _training(training: Training) -> str:
    """The `train` section: the lines that were given."""
    from specnet.settings import lines

    given = [(line, getattr(training, line)) for line in lines() if line in training.model_fields_set]
    format_layer = [f"  {line:<9} {text}".rstrip() for line, value in given if value for text in _settings(line, value)]
    return "\n".join(["train {", *format_layer, "}"])


def _settings(line: str, value: Setting | tuple[Setting, ...]) -> list[str]:
    """`sgd lr=0.1`; a chain where the line takes several steps with a word each, else a line for each."""
    from specnet.settings import choices

    steps = value if isinstance(value, tuple) else (value,)
    words = {kind: word for word, kind in choices(line).items()}
    texts = [f"{words[type(step)]} {format_arguments(step)}".strip() for step in steps]
    return texts if "" in choices(line) else [" -> ".join(texts)]
