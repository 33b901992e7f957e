"""Layers as the tables of foreign words write them, `conv K=64 F=3 -> bn`, as layers for given inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from specnet.compiler import check_lines
from specnet.elaborate import CannotRead
from specnet.foreign.chains import join_taps
from specnet.importers.errors import UnreadableModel
from specnet.layers.base import Layer, Shape, Shapes, format_shape
from specnet.source import Source, Span
from specnet.syntax.parser import parse


@lru_cache(maxsize=4096)
def read_layers(text: str, inputs: Shapes) -> tuple[Layer, ...]:
    """Return the layers of a chain that reads values of these shapes; raises UnreadableModel with the first error.

    Expressions, such as `G=C`, are computed from the shapes.
    """
    taps = [f"@v{n}" for n in range(len(inputs))]
    first, *others = text.split(" -> ")
    words = (*join_taps(first, taps), *others) if len(taps) > 1 else (taps[0], *([text] if text else []))
    declared = [f"input v{n} {format_shape(shape)}" for n, shape in enumerate(inputs)]
    source = Source("", "\n".join(["net layers", *declared, " -> ".join(words), ""]))
    lines, unreadable = parse(source)
    checked = check_lines(source, lines, unreadable, {}, _read_nothing)
    if checked.errors:
        raise UnreadableModel(f"`{text}` {checked.errors[0].message}")
    return tuple(node.layer for node in checked.network.nodes if node.layer)


def has_layers(text: str, inputs: Sequence[Shape]) -> bool:
    """Return whether a chain fits values of these shapes."""
    try:
        read_layers(text, tuple(inputs))
    except UnreadableModel:
        return False
    return True


def let_round(text: str, inputs: Sequence[Shape]) -> str:
    """Return a chain whose first window is rounded down, as other tools do, where a spec has to say so."""
    if has_layers(text, inputs):
        return text
    first, *others = text.split(" -> ")
    chain = " -> ".join([f"{first} floor", *others])
    return chain if has_layers(chain, inputs) else text


def _read_nothing(path: str, span: Span) -> Source:
    raise CannotRead(f"there is no file `{path}`")
