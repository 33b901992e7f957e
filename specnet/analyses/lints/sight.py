"""N506: maps whose positions see less than the image when they are averaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.analyses.receptive_field import Pixels, receptive_fields
from specnet.diagnostics import Code
from specnet.graph import Node


def short(view: View) -> Iterator[Finding]:
    """Global pools behind a receptive field below the input; a fc on the map would see all of it."""
    pools = [node for node in view.network.nodes if _is_global(view, node)]
    sizes = {i.shape[:2] for i in view.network.inputs if len(i.shape) == 3}
    fields: Mapping[str, Pixels] = receptive_fields(view.network) if pools and len(sizes) == 1 else {}
    for node in pools:
        seen = fields.get(node.inputs[0])
        whole = next(iter(sizes), (0, 0))
        if seen and (seen[0] < whole[0] or seen[1] < whole[1]):
            fact = f"`{node.name}` averages what sees {seen[0]}×{seen[1]} of {whole[0]}×{whole[1]} pixels"
            yield view.finding(node, fact=fact)


def _is_global(view: View, node: Node) -> bool:
    """A pool that makes one position of several."""
    return node.kind == "pool" and (node.output or ())[:2] == (1, 1) and view.arriving(node)[:2] != (1, 1)


LINTS = (Lint(Code.N506, short),)
