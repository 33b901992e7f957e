"""Write the docstring of a generated file: the network, its inputs and outputs, its totals, its spec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap

from specnet.analyses.cost import Totals, format_count, measure_costs
from specnet.backends.source.pretty_printer import LINE_WIDTH
from specnet.graph import Network
from specnet.layers.base import Shape
from specnet.printable import escape_commands, replace_unprintable

OrderSizes = Callable[[Shape], Shape]
"""The sizes of one image, H×W×C, L×C or C, in the order of the generated source."""


def write_docstring(network: Network, origin: str, order: OrderSizes) -> str:
    """Return the network's name, its inputs and outputs, its totals, and the name of its spec."""
    spent = Totals(network, measure_costs(network))
    title = f"{network.name or 'A network'}{': ' if network.description else ''}{network.description}"
    paragraphs = [
        title,
        "",
        _describe_interface(network, order),
        f"{spent.parameters:,} parameters; {format_count(spent.macs)} "
        "multiply-accumulates of one forward pass for one image.",
        f"Written by SpecNet from {origin or 'a spec'}",
        network.digest,
    ]
    wrapped = [line for text in paragraphs for line in wrap(replace_unprintable(text), LINE_WIDTH - 3) or [""]]
    # only now, as a line that ended within an escape would end the string
    lines = [_escape(escape_commands(line)) for line in wrapped]
    return "\n".join([f'"""{lines[0]}', *lines[1:], '"""'])


def _escape(line: str) -> str:
    """Return a line escaped for triple quotes."""
    return line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _describe_interface(network: Network, order: OrderSizes) -> str:
    """Return `Input N×3×227×227; output N×1000.`, and whether it is for this size of input only."""
    inputs = [(i.name, i.shape) for i in network.inputs]
    outputs = [(value, network.shapes[value]) for value in network.outputs]
    outputs += [(head.name, network.shapes[head.value]) for head in network.heads]
    size = " Compiled for inputs of this size only." if _is_for_one_size(network) else ""
    return f"Input {_format_shapes(inputs, order)}; output {_format_shapes(outputs, order)}.{size}"


def _is_for_one_size(network: Network) -> bool:
    """Return whether a layer brings maps to a height and width of its own, as `upsample to=56` does."""
    layers = (node.layer for node in network.nodes)
    return any(layer.size_field and getattr(layer, layer.size_field) for layer in layers if layer)


def _format_shapes(named: Sequence[tuple[str, Shape | None]], order: OrderSizes) -> str:
    texts = [(name, "×".join(["N", *map(str, order(shape or ()))])) for name, shape in named]
    return texts[0][1] if len(texts) == 1 else ", ".join(f"{name} {shape}" for name, shape in texts)
