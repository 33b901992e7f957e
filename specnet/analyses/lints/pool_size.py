"""N504: pooling windows above 3×3."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.analyses.lints.base import Finding, Lint, View
from specnet.diagnostics import Code

LARGEST = 3


def wide(view: View) -> Iterator[Finding]:
    """Windows that come to one number of many, unless they cover the whole map."""
    for node, axis in view.windows("pool"):
        if axis.window > LARGEST and axis.positions > 1:
            yield view.finding(node, "kernel_size", f"1 number is left of {axis.window}·{axis.window}")


LINTS = (Lint(Code.N504, wide, "{names} pool{s} over more than 3×3"),)
