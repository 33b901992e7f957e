"""specnet diff: the difference of two networks, not of two texts."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from specnet.analyses.difference import Change, Difference, Side, differences
from specnet.cli.spec import add_spec_arguments, check_file, say, uses_colour
from specnet.compiler import Checked
from specnet.layers.base import format_shape
from specnet.reporters.terminal import paint

HELP = "format_shape how two networks differ: layers added, removed, changed, with shapes and counts"

SIGNS = {
    Change.ADDED: ("+", "32"),
    Change.REMOVED: ("-", "31"),
    Change.CHANGED: ("~", "33"),
    Change.AFFECTED: (" ", "2"),
    Change.RENAMED: ("=", "2"),
}


LEGEND = {Change.RENAMED: "the same layer under another name"}
"""What a sign means that does not speak for itself."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="A")
    parser.add_argument("after", metavar="B")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """0 when the networks are the same, 1 when they differ or one is broken."""
    before, after = check_file(options.before, options), check_file(options.after, options)
    for checked in (before, after):
        if not checked.ok:
            say(checked.diagnostics)
    if not before.ok or not after.ok:
        return 1
    found = differences(before.network, after.network)
    print(_json(before, after, found) if options.format == "json" else _text(before, after, found))
    return 1 if found else 0


def _text(before: Checked, after: Checked, found: list[Difference]) -> str:
    if not found:
        return f"{before.source.name} and {after.source.name} are the same network"
    rows = [(difference.change, _cells(difference)) for difference in found]
    widths = [max(len(cells[i]) for _, cells in rows) for i in range(4)]
    lines = []
    for change, cells in rows:
        sign, style = SIGNS[change]
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        lines.append(paint(f"{sign} {line}", style, uses_colour(sys.stdout)))
    legend = [f"{SIGNS[change][0]} {text}" for change, text in LEGEND.items() if change in {c for c, _ in rows}]
    return "\n".join([*lines, "", *legend, *_totals(before, after)])


def _cells(difference: Difference) -> tuple[str, str, str, str]:
    """Name, layer, output and parameters, each as `before → after` where they differ."""
    sides = [side for side in (difference.before, difference.after) if side]
    return (
        _either([side.name for side in sides]),
        _either([side.text for side in sides]),
        _either([format_shape(side.output or ()) for side in sides]),
        _either([f"{side.cost.parameters:,}" if side.cost.parameters else "" for side in sides]),
    )


def _either(values: list[str]) -> str:
    return values[0] if len(set(values)) == 1 else " → ".join(value or "0" for value in values)


def _totals(before: Checked, after: Checked) -> list[str]:
    lines = []
    for name, label in (("parameters", "parameters"), ("macs", "MACs")):
        old, new = getattr(before.totals, name), getattr(after.totals, name)
        lines.append(f"{label:<10}  {old:,} → {new:,}  ({new - old:+,})" if old != new else f"{label:<10}  {old:,}")
    return lines


def _json(before: Checked, after: Checked, found: list[Difference]) -> str:
    record = {
        "schema": 1,
        "same": not found,
        "differences": [
            {"change": str(d.change), "before": d.before and _side(d.before), "after": d.after and _side(d.after)}
            for d in found
        ],
        "before": _whole(before),
        "after": _whole(after),
    }
    return json.dumps(record, ensure_ascii=False, indent=1)


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "layer": side.text,
        "output": list(side.output) if side.output else None,
        "parameters": side.cost.parameters,
        "macs": side.cost.macs,
    }


def _whole(checked: Checked) -> dict[str, Any]:
    totals = {"parameters": checked.totals.parameters, "macs": checked.totals.macs}
    return {"file": checked.source.name, "network": checked.network.name, "digest": checked.digest, "totals": totals}
