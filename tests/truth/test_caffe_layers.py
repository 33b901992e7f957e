"""Three hundred single layers that Caffe accepted or rejected, each written as a line of a .net file.

Caffe's pooling rounds up (`ceil`) unless it says otherwise, its convolution down (`floor`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specnet.compiler import check_source
from specnet.diagnostics import Code
from specnet.layers.base import Layer, Shapes
from specnet.layers.pool import Pool
from specnet.source import Source

AGREES = "agrees"
UNSAID = "the language does not say this: axes other than the channels"
EMPTY = "Caffe takes a map of size 0"
BEGINS_OUTSIDE = "rounding up, Caffe without padding lets a window begin behind the map; torch drops it"

REFUSED: Mapping[tuple[str, Code], str] = {
    ("Pooling", Code.E303): "Caffe pads up to the window, torch up to half of it",
    ("Convolution", Code.E302): "Caffe divides towards zero: a window too large by less than the stride fits once",
}
"""Why the language rejects what Caffe accepts."""

COUNTS: Mapping[str, int] = {
    AGREES: 262,
    UNSAID: 12,
    EMPTY: 12,
    BEGINS_OUTSIDE: 4,
    REFUSED["Pooling", Code.E303]: 9,
    REFUSED["Convolution", Code.E302]: 1,
}

Case = dict[str, Any]


def line(kind: str, param: Case) -> str:
    """Return the layer as text, or an empty string where the language lacks it."""
    match kind:
        case "Convolution" | "Deconvolution":
            word = "conv" if kind == "Convolution" else "deconv"
            floor = " floor" if kind == "Convolution" else ""
            bias = "yes" if param["bias_term"] else "no"
            return f"{word} K={param['num_output']} G={param['group']} bias={bias} {_window(param)}{floor}"
        case "Pooling":
            operation = {"MAX": "max", "AVE": "avg"}[param["pool"]]
            window = "global" if param.get("global_pooling") else _window(param)
            return f"pool {operation} {window} {param.get('round_mode', 'CEIL').lower()}"
        case "InnerProduct" if param["axis"] == 1:
            return f"fc {param['num_output']} bias={'yes' if param['bias_term'] else 'no'}"
        case "Eltwise":
            return {"SUM": "add", "PROD": "mul", "MAX": "maximum"}[param["operation"]]
        case "Concat" if param["axis"] == 1:
            return "concat"
    return ""


def _window(param: Case) -> str:
    """Return F, S, P or D from Caffe's fields: one number, or height and width."""
    letters = {"F": "kernel", "S": "stride", "P": "pad", "D": "dilation"}
    given = []
    for letter, name in letters.items():
        value = param.get(name, param.get(f"{name}_size", [param.get(f"{name}_h"), param.get(f"{name}_w")]))
        sizes = value if isinstance(value, list) else [value]
        if None not in sizes:
            given.append(f"{letter}={'x'.join(map(str, sizes))}")
    return " ".join(given)


def spec(case: Case, said: str) -> str:
    names = "abcd"[: len(case["inputs"])]
    inputs = [f"input {n} {h}x{w}x{c}" for n, (_, c, h, w) in zip(names, case["inputs"], strict=True)]
    taps = " ".join(f"@{name}" for name in names[1:])
    return "\n".join([*inputs, f"@a -> {said} {taps}"])


def category(case: Case) -> str:
    """Return that the language and Caffe agree, or the known reason why not; fail without one."""
    verdict, said = case["verdict"], line(case["type"], case["param"])
    if not said:
        return UNSAID
    checked = check_source(Source("<case>", spec(case, said)))
    errors = {error.code for error in checked.errors}
    if not verdict["ok"] or errors:
        if verdict["ok"]:
            return EMPTY if min(verdict["output"]) < 1 else REFUSED[(case["type"], *errors)]
        assert errors
        return AGREES
    node = checked.network.nodes[-1]
    arriving = checked.network.input_shapes(node)
    assert node.layer and node.output and arriving
    assert list(map(list, node.layer.parameters(arriving).values())) == verdict["param_blobs"]
    if [*node.output[-1:], *node.output[:-1]] == verdict["output"][1:]:
        return AGREES
    assert _begins_outside(node.layer, arriving, verdict["output"])
    return BEGINS_OUTSIDE


def _begins_outside(layer: Layer, arriving: Shapes, output: list[int]) -> bool:
    """Whether Caffe's last window begins beyond the map on some axis, and the sizes agree on the others."""
    assert isinstance(layer, Pool)
    return all(
        axis.positions == size or (axis.positions == size - 1 and (size - 1) * axis.stride >= axis.size)
        for axis, size in zip(layer.axes(arriving), output[2:], strict=True)
    )


def test_layers_agree_with_caffe(shared: Callable[[str], Path]) -> None:
    lines = (shared("truth") / "caffe_random_layers.jsonl").read_text(encoding="utf-8").splitlines()
    assert Counter(category(json.loads(line)) for line in lines[1:]) == COUNTS
