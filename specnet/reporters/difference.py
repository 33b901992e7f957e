"""Report the differences of two networks as text: a line for each layer that differs, then the totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from specnet.analyses.cost import format_count
from specnet.analyses.difference import Change, Difference, Side
from specnet.byte_sizes import format_bytes
from specnet.compiler import Checked
from specnet.layers.base import format_shape
from specnet.reporters.table import align_rows
from specnet.reporters.terminal import paint

SIGNS = {
    Change.ADDED: ("+", "32", "added"),
    Change.REMOVED: ("-", "31", "removed"),
    Change.CHANGED: ("~", "33", "changed"),
    Change.AFFECTED: (" ", "2", "the same layer with another size or cost"),
    Change.RENAMED: ("=", "2", "the same layer under another name"),
}
"""The sign before the line of each change, the style of the terminal (an SGR code), and what the sign means."""

HEADING = ("name", "layer", "output", "parameters")

COUNTS = {"parameters": "parameters", "macs": "MACs"}
SIZES = {"memory": "memory", "training_memory": "training memory"}
"""The totals that are compared; sizes in bytes are shown only where they differ."""


def format_differences(before: Checked, after: Checked, found: Sequence[Difference], colour: bool) -> str:
    """Format the differences, which are not none, with the meaning of their signs, and the totals."""
    head, *lines = align_rows([HEADING, *map(_format_cells, found)])
    styles = [SIGNS[difference.change] for difference in found]
    painted = [paint(f"{sign} {line}", style, colour) for (sign, style, _), line in zip(styles, lines, strict=True)]
    rule = paint("─" * (2 + max(map(len, [head, *lines]))), "2", colour)
    changes = {difference.change for difference in found}
    legend = [f"{sign} {meaning}" for change, (sign, _, meaning) in SIGNS.items() if change in changes]
    return "\n".join([f"  {head}", rule, *painted, "", *legend, "", *align_rows(list_totals(before, after))])


def _format_cells(difference: Difference) -> tuple[str, str, str, str]:
    """Return name, layer, output and parameters, each as `before → after` where they differ."""
    sides = [side for side in (difference.before, difference.after) if side]
    return (
        _join_different([side.name for side in sides]),
        _format_layers(difference.change, sides),
        _join_different([format_shape(side.output or ()) for side in sides]),
        _join_different([f"{side.cost.parameters:,}" if side.cost.parameters else "" for side in sides]),
    )


def _format_layers(change: Change, sides: Sequence[Side]) -> str:
    """Return `conv K=4 F=3 → conv K=5 F=3`; of a layer that is changed only in its inputs, `add @a → @b`."""
    texts = [side.text for side in sides]
    if change is not Change.CHANGED or len(set(texts)) > 1:
        return _join_different(texts)
    inputs = [side.inputs for side in sides]
    if len({*map(len, inputs)}) == 1:
        inputs = [*zip(*(names for names in zip(*inputs, strict=True) if len({*names}) > 1), strict=True)]
    return f"{texts[0]} {_join_different([' '.join(f'@{name}' for name in names) for names in inputs])}".rstrip()


def _join_different(values: Sequence[str]) -> str:
    return " → ".join(value or "0" for value in values) if len(set(values)) > 1 else "".join(values[:1])


def list_totals(before: Checked, after: Checked) -> Iterator[tuple[str, str]]:
    """Yield the totals of both networks by their names: `62,378,344 → 61,100,840  (-1,277,504)`."""
    for name, label in (COUNTS | SIZES).items():
        old, new = getattr(before.totals, name), getattr(after.totals, name)
        write = format_count if name in COUNTS else _format_size
        if old != new:
            change = f"  ({'+' if new > old else '-'}{write(abs(new - old))})" if None not in (old, new) else ""
            yield label, f"{write(old)} → {write(new)}{change}"
        elif name in COUNTS:
            yield label, write(old)


def _format_size(size: int | None) -> str:
    return "?" if size is None else format_bytes(size)
