"""Describe a checked network and its diagnostics as the JSON of `specnet check --format json` (schema 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.analyses.cost import count_flops, measure_memory
from specnet.analyses.receptive_field import InputWindow, locate_receptive_fields
from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic
from specnet.graph import Node, once_per_layer
from specnet.layers.base import Layer
from specnet.reporters.restatement import describe_restatement
from specnet.reporters.terminal import first_line
from specnet.source import Span

SCHEMA = 1
TOTALS = ("parameters", "buffers", "macs", "memory", "receptive_field")


def describe_network(checked: Checked, with_flops: bool = False) -> dict[str, Any]:
    """Return the JSON values of a checked spec; a layer's `output` is null at an error and behind it."""
    network = checked.network
    totals = {name: getattr(checked.totals, name) for name in TOTALS}
    measures = measure_memory(network, checked.costs), locate_receptive_fields(network, checked.totals.fields)
    describe = once_per_layer(lambda layer, _: _describe_attributes(layer))
    attributes = [describe(node.layer, ()) if node.layer else {} for node in network.nodes]
    layers = [_describe_layer(checked, *of_node, *measures) for of_node in zip(network.nodes, attributes, strict=True)]
    for counts in (totals, *layers) if with_flops else ():
        counts["flops"] = count_flops(counts["macs"])
    return {
        "schema": SCHEMA,
        "file": checked.source.name,
        "network": network.name,
        "ok": checked.ok,
        "digest": checked.digest,
        "plugins": [plugin.to_record() for plugin in checked.plugins],
        "inputs": [{"name": i.name, "shape": list(i.shape) or None} for i in network.inputs],
        "layers": layers,
        "outputs": [_describe_output(checked, name) for name in network.outputs]
        + [
            _describe_output(checked, head.value) | {"head": head.name, "weight": head.weight} for head in network.heads
        ],
        "totals": totals,
        "restated": describe_restatement(checked),
        "diagnostics": [describe_diagnostic(diagnostic) for diagnostic in checked.shown],
        "omitted_diagnostics": checked.omitted,
    }


def _describe_layer(
    checked: Checked,
    node: Node,
    attributes: dict[str, Any],
    memory: Mapping[str, int | None],
    windows: Mapping[str, InputWindow],
) -> dict[str, Any]:
    cost = checked.costs.get(node.name)
    return {
        "name": node.name,
        "kind": node.kind,
        "line": checked.elaborated.places[node.name].word.line,
        "inputs": [*node.inputs],
        "output": node.output,
        "attributes": attributes,
        "shape_by_torch": node.layer.asks_torch if node.layer else None,
        "parameters": cost.parameters if cost else None,
        "buffers": cost.buffers if cost else None,
        "macs": cost.macs if cost else None,
        "memory": memory.get(node.name),
        **_describe_window(windows.get(node.name)),
    }


def _describe_window(window: InputWindow | None) -> dict[str, Any]:
    """Return what an output position sees of the input, in pixels along height and width."""
    return {
        "receptive_field": window.size if window else None,
        "receptive_field_global": window.is_global if window else None,
        "receptive_field_centre": window.centre if window else None,
        "effective_stride": window.stride if window else None,
    }


def _describe_attributes(layer: Layer) -> dict[str, Any]:
    """Return the attributes by torch.nn's names; padding is one number per axis where both sides agree."""
    attributes = layer.model_dump(mode="json")
    padding = attributes.get("padding")
    if isinstance(padding, list) and all(before == after for before, after in padding):
        attributes["padding"] = [before for before, _ in padding]
    return attributes


def _describe_output(checked: Checked, name: str) -> dict[str, Any]:
    shape = checked.network.shapes[name]
    return {"name": name, "shape": list(shape) if shape else None}


def describe_diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return the JSON values of a diagnostic: lines and columns count from 1, ends are exclusive."""
    return {
        "code": diagnostic.code.name,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        **(_describe_span(diagnostic.span) if diagnostic.span else {}),
        "notes": [*diagnostic.notes, *([diagnostic.help] if diagnostic.help else [])],
        "trace": [{"line": s.line, "column": s.column, "text": first_line(s)} for s in diagnostic.trace],
        "fixes": [
            {
                "title": fix.title,
                "safe": fix.safe,
                "edits": [{**_describe_span(edit.span), "text": edit.text} for edit in fix.edits],
            }
            for fix in diagnostic.fixes
        ],
    }


def _describe_span(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}
