"""The checked network as plain values for JSON, as `specnet check --format json` prints it (schema 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.analyses.memory import memory
from specnet.analyses.receptive_field import Pixels, receptive_fields
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.layers.base import Layer
from specnet.reporters import record

SCHEMA = 1
TOTALS = ("parameters", "buffers", "macs", "memory", "receptive_field")


def report(checked: Checked) -> dict[str, Any]:
    """All that is known of a spec. `output` is null at an error and behind it."""
    network = checked.network
    totals = {name: getattr(checked.totals, name) for name in TOTALS}
    measures = memory(network, checked.costs), receptive_fields(network)
    return {
        "schema": SCHEMA,
        "file": checked.source.name,
        "network": network.name,
        "ok": checked.ok,
        "digest": checked.digest,
        "inputs": [{"name": i.name, "shape": list(i.shape) or None} for i in network.inputs],
        "layers": [_layer(checked, node, *measures) for node in network.nodes],
        "outputs": [_output(checked, name) for name in network.outputs]
        + [_output(checked, head.value) | {"head": head.name, "weight": head.weight} for head in network.heads],
        "totals": totals,
        "diagnostics": [record(diagnostic) for diagnostic in checked.diagnostics],
    }


def _layer(checked: Checked, node: Node, memory: Mapping[str, int], fields: Mapping[str, Pixels]) -> dict[str, Any]:
    cost = checked.costs.get(node.name)
    return {
        "name": node.name,
        "kind": node.kind,
        "line": checked.elaborated.places[node.name].word.line,
        "inputs": list(node.inputs),
        "output": list(node.output) if node.output else None,
        "attributes": _attributes(node.layer) if node.layer else {},
        "parameters": cost.parameters if cost else None,
        "buffers": cost.buffers if cost else None,
        "macs": cost.macs if cost else None,
        "memory": memory.get(node.name),
        "receptive_field": fields.get(node.name),
    }


def _attributes(layer: Layer) -> dict[str, Any]:
    """torch.nn's words; padding is one number an axis where both sides agree."""
    attributes = layer.model_dump(mode="json")
    padding = attributes.get("padding")
    if isinstance(padding, list) and all(before == after for before, after in padding):
        attributes["padding"] = [before for before, _ in padding]
    return attributes


def _output(checked: Checked, name: str) -> dict[str, Any]:
    shape = checked.network.shapes[name]
    return {"name": name, "shape": list(shape) if shape else None}
