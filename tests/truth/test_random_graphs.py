"""A hundred random networks with branches that torch ran, and thirty that it rejected, each written as a .net file.

Shapes, parameters and MACs are compared node by node; of a broken network, those before the fault and the verdict.
What the language takes on purpose, or cannot say, stands in `COUNTS` with its exact number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from specnet.backends.torch_module import build_module
from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code
from specnet.layers.base import order_as_torch
from specnet.source import Source

AGREES = "agrees"
NOT_SAID_AGAIN = "what arrives is not said again, so it cannot be wrong"

ACCEPTED: Mapping[str, str] = {
    "conv_channels": NOT_SAID_AGAIN,
    "linear_features": NOT_SAID_AGAIN,
    "linear_unflattened": "fc flattens what arrives",
    "concat_batch": "the size of the batch is not in a spec",
}
"""Faults that the language does not have."""

COUNTS: Mapping[str, int] = {
    AGREES: 21,
    NOT_SAID_AGAIN: 4,
    ACCEPTED["linear_unflattened"]: 3,
    ACCEPTED["concat_batch"]: 2,
}

ROUNDED = 16
"""Valid networks in which a window leaves pixels unread: an error without `round floor`."""

Graph = dict[str, Any]


def text(graph: Graph, *first: str) -> str:
    """Return the graph as a .net file: a labelled line per node, which names its inputs by their labels."""
    return "\n".join((*first, *map(_line, graph["nodes"])))


def _line(node: Graph) -> str:
    if node["op"] == "input":
        _, channels, height, width = node["attrs"]["shape"]
        return f"input {node['id']} {height}x{width}x{channels}"
    arriving, *others = (f"@{name}" for name in node["inputs"])
    return f"{node['id']}: {arriving} -> {_layer(node['op'], node['attrs'])} {' '.join(others)}"


def _layer(op: str, attrs: Graph) -> str:
    match op:
        case "conv2d":
            return f"conv K={attrs['out_channels']} G={attrs['groups']} {_window(attrs)} bias={_yes(attrs['bias'])}"
        case "conv_transpose2d":
            added = _size(attrs["output_padding"])
            kernels = f"K={attrs['out_channels']} G={attrs['groups']} OP={added} bias={_yes(attrs['bias'])}"
            return f"deconv {kernels} {_window(attrs)}"
        case "max_pool2d" | "avg_pool2d":
            words = " ceil" * attrs["ceil_mode"] + " exclude_padding" * (not attrs.get("count_include_pad", True))
            return f"pool {op[:3]} {_window(attrs)}{words}"
        case "adaptive_avg_pool2d":
            return f"pool avg to={_size(attrs['output_size'])}"
        case "linear":
            return f"fc {attrs['out_features']} bias={_yes(attrs['bias'])}"
        case "dropout":
            return f"dropout {attrs['p']}"
        case "upsample":
            return f"upsample {attrs['scale_factor']} {attrs['mode']}"
        case "pixel_shuffle":
            return f"depth_to_space {attrs['upscale_factor']}"
        case "batch_norm2d":
            return "bn"
        case _:
            return op


def _window(attrs: Graph) -> str:
    letters = {"F": "kernel", "S": "stride", "P": "padding", "D": "dilation"}
    given = {letter: attrs[name] for letter, name in letters.items() if attrs.get(name) is not None}
    return " ".join(f"{letter}={_size(value)}" for letter, value in given.items())


def _size(value: int | list[int]) -> str:
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def errors(checked: Checked) -> list[Code]:
    return [error.code for error in checked.errors]


@cache
def check(spec: str) -> Checked:
    return check_source(Source("<graph>", spec))


def compare(checked: Checked, nodes: list[Graph]) -> None:
    """Compare output, parameters and MACs of each node; torch's MACs are those of the whole batch."""
    shapes, costs = checked.network.shapes, checked.costs
    for node in nodes:
        batch, *output = node["output"]
        ours = shapes[node["id"]]
        assert ours is not None, node
        assert [*ours[-1:], *ours[:-1]] == output, node
        if node["id"] in costs:
            cost = costs[node["id"]]
            assert (cost.parameters, cost.macs * batch) == (node["params"], node["macs"]), node


def read(folder: Path, name: str) -> list[Graph]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()[1:]]


def test_graphs_agree_with_torch(shared: Callable[[str], Path]) -> None:
    rounded = 0
    for graph in read(shared("truth"), "random_graphs.jsonl"):
        checked = check(text(graph, "round floor"))
        assert errors(checked) == [], graph["id"]
        assert len(checked.network.nodes) + len(checked.network.inputs) == len(graph["nodes"])
        compare(checked, graph["truth"]["nodes"])
        totals = graph["truth"]["totals"]
        batch = graph["nodes"][0]["attrs"]["shape"][0]
        assert (checked.totals.parameters, checked.totals.macs * batch) == (totals["params"], totals["macs"])
        found = set(errors(check(text(graph))))
        assert found <= {Code.E301}
        rounded += bool(found)
    assert rounded == ROUNDED


def test_the_modules_have_the_parameters_that_torch_counted(shared: Callable[[str], Path]) -> None:
    for graph in read(shared("truth"), "random_graphs.jsonl")[:40]:
        network = check(text(graph, "round floor")).network
        with torch.device("meta"), torch.no_grad():
            module = build_module(network)
            output = module(*(torch.empty(2, *order_as_torch(i.shape)) for i in network.inputs))
        assert sum(p.numel() for p in module.parameters()) == graph["truth"]["totals"]["params"]
        assert list(output.shape[1:]) == graph["truth"]["nodes"][-1]["output"][1:]


def test_broken_graphs_break_where_torch_does(shared: Callable[[str], Path]) -> None:
    found: Counter[str] = Counter()
    for graph in read(shared("truth"), "random_graphs_invalid.jsonl"):
        checked, truth = check(text(graph, "round floor")), graph["truth"]
        compare(checked, truth["nodes_before_fault"])
        refused = checked.network.by_name[truth["node"]].output is None
        assert len(errors(checked)) == refused, graph["id"]
        found[AGREES if refused else ACCEPTED[truth["fault"]]] += 1
    assert found == COUNTS
