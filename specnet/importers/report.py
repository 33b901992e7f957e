"""The fidelity report of an import: what became of every layer of the source, and the totals of both sides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from specnet.importers.imported import Entry, Fate
from specnet.importers.result import ImportResult
from specnet.package import __version__
from specnet.printable import format_amount
from specnet.reporters.code_scanning import SARIF_SCHEMA

MOST_NAMED = 4
"""The layers with the same fate for the same reason that are named; the others are counted."""

QUOTED = re.compile(r"`[\w./:-]+`")
"""The name of a layer or a value."""

INDENT = " " * 7

LEVELS = {Fate.EXACT: "none", Fate.EQUAL: "note", Fate.APPROXIMATED: "warning", Fate.LEFT_OUT: "error"}


def format_report(result: ImportResult) -> str:
    """Return the report as text: a line for each fate, then for each reason the layers that have it."""
    entries = result.imported.entries
    lines = [f"{result.imported.format}: {format_amount(len(entries), 'layer')}"]
    for fate in Fate:
        ours = [entry for entry in entries if entry.fate is fate]
        if ours:
            lines.append(f"  {fate.value:<13} {len(ours):>5,}  {_count_kinds(ours)}")
            lines += _explain(ours)
    return "\n".join([*lines, *_format_totals(result)])


def _count_kinds(entries: Iterable[Entry]) -> str:
    counts = Counter(entry.source.kind for entry in entries)
    return ", ".join(f"{kind} {count:,}" if count > 1 else kind for kind, count in counts.items())


def _explain(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a line for each reason, with the first of the layers that have it; names within reasons make no others."""
    having = dict[str, list[tuple[Entry, str]]]()
    for entry in entries:
        for reason in entry.reasons:
            having.setdefault(QUOTED.sub("", reason), []).append((entry, reason))
    for those in having.values():
        named = [_name(entry) for entry, _ in those[:MOST_NAMED]]
        rest = len(those) - len(named)
        more = f" and {rest:,} more" if rest else ""
        differ = len({reason for _, reason in those}) > 1
        alike = ", and the others likewise" if differ else ""
        yield f"{INDENT}{', '.join(named)}{more}: {those[0][1]}{alike}"


def _name(entry: Entry) -> str:
    place = f":{entry.source.line}" if entry.source.line else ""
    return f"{entry.source.name or entry.source.kind}{place}"


def _format_totals(result: ImportResult) -> Iterator[str]:
    source, here = result.imported.totals, result.checked.totals
    differs = " — another number than here" if not source.rule and source.parameters != here.parameters else ""
    parameters = f"{here.parameters:,} parameters" if here.parameters is not None else "unknown parameters"
    macs = f"{here.macs:,} MACs" if here.macs is not None else "unknown MACs"
    yield f"  here: {format_amount(len(result.checked.network.nodes), 'layer')}, {parameters}, {macs}"
    if source.parameters is not None:
        rule = f" ({source.rule})" if source.rule else ""
        yield f"  source: {source.parameters:,} parameters{rule}{differs}"


def describe_report(
    result: ImportResult, file: str, output: str | None, weights: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the report as JSON has it, with what was written; see docs/schemas/import.json."""
    imported, here = result.imported, result.checked.totals
    counts = Counter(entry.fate for entry in imported.entries)
    network = result.checked.network
    return {
        "schema": 1,
        "file": file,
        "format": imported.format,
        "network": network.name,
        "ok": not imported.lost,
        "output": output,
        "weights": weights,
        "digest": result.checked.digest,
        "counts": {fate.name.lower(): counts[fate] for fate in Fate},
        "layers": [_describe_entry(entry, result) for entry in imported.entries],
        "inputs": [{"name": each.name, "shape": list(each.shape)} for each in network.inputs],
        "outputs": [{"name": name, "shape": list(network.shapes[name] or ())} for name in _list_outputs(result)],
        "totals": {
            "source": {
                "layers": imported.totals.layers,
                "parameters": imported.totals.parameters,
                "rule": imported.totals.rule or None,
            },
            "network": {
                "layers": len(network.nodes),
                "parameters": here.parameters,
                "buffers": here.buffers,
                "macs": here.macs,
            },
        },
    }


def _list_outputs(result: ImportResult) -> list[str]:
    network = result.checked.network
    return [*network.outputs, *(head.value for head in network.heads)]


def _describe_entry(entry: Entry, result: ImportResult) -> dict[str, Any]:
    return {
        "name": entry.source.name,
        "kind": entry.source.kind,
        "line": entry.source.line or None,
        "fate": entry.fate.name.lower(),
        "reasons": list(entry.reasons),
        "computes": entry.computes,
        "nodes": [result.names[node] for node in entry.nodes],
    }


def make_sarif(result: ImportResult, file: str) -> dict[str, Any]:
    """Return a SARIF 2.1.0 log with a result for each layer that is not exact."""
    rules = [{"id": fate.name.lower(), "shortDescription": {"text": fate.value}} for fate in Fate]
    driver = {"name": "SpecNet", "version": __version__, "rules": rules}
    results = [_make_result(entry, file) for entry in result.imported.entries if entry.fate is not Fate.EXACT]
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _make_result(entry: Entry, file: str) -> dict[str, Any]:
    region = {"region": {"startLine": entry.source.line}} if entry.source.line else {}
    reasons = "; ".join(entry.reasons)
    level = LEVELS[entry.fate] if entry.computes else "note"
    return {
        "ruleId": entry.fate.name.lower(),
        "level": level,
        "message": {"text": f"{_name(entry)} ({entry.source.kind}) is {entry.fate.value}: {reasons}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": file}, **region}}],
    }
