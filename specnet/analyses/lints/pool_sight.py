"""N506: maps whose positions see less than the image when they are averaged."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code
from specnet.graph import Node


def short(view: View) -> Iterator[Finding]:
    """The last global pools, behind a receptive field below the input; a fc on the map would see all of it."""
    sizes = {i.shape[:2] for i in view.network.inputs if len(i.shape) == 3}
    pools = _last_pools(view) if len(sizes) == 1 else []
    if not pools:
        return
    from specnet.analyses.receptive_field import receptive_fields

    fields = receptive_fields(view.network)
    for node in pools:
        seen, (height, width) = fields.get(node.inputs[0]), next(iter(sizes))
        if seen and (seen[0] < height or seen[1] < width):
            fact = f"what `{node.name}` pools sees {seen[0]}×{seen[1]} of {height}×{width} pixels"
            beside = f"1 + Σ(F − 1)·j = {seen[0]}, where j is the product of the strides before"
            yield view.finding(node, "", beside, fact=fact)


def _last_pools(view: View) -> list[Node]:
    """Pools that make one position of several and are no gate: no larger map comes behind them."""
    found, gates = list[Node](), set[str]()
    for node in reversed(view.network.nodes):
        is_map = len(node.output or ()) == 3 and (node.output or ())[:2] != (1, 1)
        if is_map or node.name in gates:
            gates.update(node.inputs)
        elif node.kind == "pool" and view.arriving(node)[:2] != (1, 1):
            found.append(node)
    return found


LINTS = (Lint(Code.N506, short),)
