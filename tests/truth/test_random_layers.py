"""A thousand single layers that torch accepted or rejected on the CPU: verdict, shape, parameters, buffers, MACs.

Each is built as a typed layer and as a line of text; both say the same. What the language says otherwise on purpose,
or cannot say, stands in `COUNTS` with its exact number, so that a change is noticed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code
from specnet.layers import get_layer_class
from specnet.layers.base import Layer
from specnet.source import Source

AGREES = "agrees"
ROUNDED = "real pixels are left unread: an error here, the same as torch with `floor`"
NOT_SAID_AGAIN = "what arrives is not said again, so it cannot be wrong"
MAP_OR_VECTOR = "what arrives is a map or a vector"
LAST_AXIS = "fc reads all that arrives, nn.Linear the last axis of more than two"
FLATTENS_ALL = "flatten makes one vector of all but the batch"
NO_DIVISOR = "an average has no other divisor"
RUNNING_STATISTICS = "bn keeps running statistics with a fixed momentum"

ACCEPTED: Mapping[str, str] = {
    "same_stride": "`same` is Keras's, with any stride",
    "pad_same": "`same` is Keras's, of deconv too",
    "align_nearest": "align_corners=False is what is silent",
    "single_value": "the size of the batch is not in a spec",
}
"""Faults that the language does not have."""

REFUSED: Mapping[str, str] = {
    "zero": "a size is at least 1",
    "zero_dilation": "a dilation is at least 1, of a window of 1 too",
    "rank3": MAP_OR_VECTOR,
}
"""Oddities that torch accepts."""

COUNTS: Mapping[str, int] = {
    AGREES: 813,
    ROUNDED: 63,
    NOT_SAID_AGAIN: 16,
    MAP_OR_VECTOR: 7,
    LAST_AXIS: 30,
    FLATTENS_ALL: 21,
    NO_DIVISOR: 15,
    RUNNING_STATISTICS: 22,
    ACCEPTED["same_stride"]: 4,
    ACCEPTED["pad_same"]: 1,
    ACCEPTED["align_nearest"]: 2,
    ACCEPTED["single_value"]: 2,
    REFUSED["zero"]: 3,
    REFUSED["zero_dilation"]: 1,
}

Case = dict[str, Any]
KINDS = {
    "conv2d": "conv",
    "conv_transpose2d": "deconv",
    "max_pool2d": "pool",
    "avg_pool2d": "pool",
    "adaptive_max_pool2d": "pool",
    "adaptive_avg_pool2d": "pool",
    "linear": "fc",
    "batch_norm2d": "bn",
    "flatten": "flatten",
    "upsample": "upsample",
}
ONE_IMAGE = {"linear": 1} | {kind: 3 for kind in KINDS if "conv" in kind or "pool" in kind}
"""Kinds that also accept an image without a batch, and how many dimensions it then has."""

NOT_OURS = "in_channels in_features num_features track_running_stats training start_dim end_dim divisor_override"
"""Arguments that follow from the input, or that the language lacks."""


def without_batch(case: Case) -> list[int]:
    """Return one image's shape in the order of a spec; torch's modules for maps take N×C×H×W, some also C×H×W."""
    sizes = list(case["input"])
    batched = len(sizes) != ONE_IMAGE.get(case["kind"], 0)
    one = sizes[1:] if batched else sizes
    return [*one[1:], *one[:1]]


def batch(case: Case) -> int:
    return 1 if len(without_batch(case)) == len(case["input"]) else int(case["input"][0])


def unsaid(case: Case) -> str:
    """Return why the language cannot express this layer, or an empty string if it can."""
    attrs, sizes = case["attrs"], case["input"]
    channels = attrs.get("in_channels", attrs.get("num_features"))
    if case["kind"] == "linear" and len(sizes) > 2:
        return LAST_AXIS
    if case["kind"] == "linear" and sizes and sizes[-1] != attrs["in_features"]:
        return NOT_SAID_AGAIN
    if channels is not None and len(sizes) in (3, 4) and sizes[-3] != channels:
        return NOT_SAID_AGAIN
    if case["kind"] == "flatten" and not (attrs["start_dim"] == 1 and attrs["end_dim"] in (-1, len(sizes) - 1)):
        return FLATTENS_ALL
    if not sizes or (case["kind"] == "flatten" and len(sizes) not in (2, 4)):
        return MAP_OR_VECTOR
    if attrs.get("divisor_override") is not None:
        return NO_DIVISOR
    if case["kind"] == "batch_norm2d" and (attrs["momentum"] is None or not attrs["track_running_stats"]):
        return RUNNING_STATISTICS
    return ""


def fields(case: Case) -> dict[str, Any]:
    """Return torch's arguments as fields of our layer."""
    attrs = {name: value for name, value in case["attrs"].items() if name not in NOT_OURS.split()}
    given = {name.replace("kernel", "kernel_size"): value for name, value in attrs.items() if value is not None}
    if "pool" in case["kind"]:
        given["operation"] = "max" if "max" in case["kind"] else "avg"
    if given.pop("ceil_mode", False):
        given["rounding"] = "ceil"
    if given.get("padding") == "valid":
        given["padding"] = 0
    if "output_size" in given and isinstance(given["output_size"], list):  # None keeps the size, as torch has it
        pairs = zip(given["output_size"], without_batch(case), strict=False)
        given["output_size"] = [own if to is None else to for to, own in pairs]
    if case["kind"] == "upsample":
        given["mode"] = given["mode"].replace("-", "_")
    return given


def typed(case: Case, **more: Any) -> Layer | None:
    """Return the layer, or None where its attributes are invalid."""
    cls = get_layer_class(KINDS[case["kind"]])
    assert cls
    try:
        return cls.model_validate({name: _tuples(value) for name, value in (fields(case) | more).items()})
    except ValidationError:
        return None


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def spec(case: Case, **more: Any) -> str:
    """Return the layer as text."""
    cls = get_layer_class(KINDS[case["kind"]])
    assert cls
    given = " ".join(f"{cls.key_of(name)}={_written(value)}" for name, value in (fields(case) | more).items())
    return f"input {'x'.join(map(str, without_batch(case)))}\n{KINDS[case['kind']]} {given}"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "x".join(f"({part})" for part in value) if isinstance(value, list) else str(value)


def codes(checked: Checked) -> set[Code]:
    return {diagnostic.code for diagnostic in checked.diagnostics if diagnostic.severity == "error"}


def category(case: Case) -> str:
    """Return that the language and torch agree, or the known reason why not; fail without one."""
    verdict, reason = case["verdict"], unsaid(case)
    if reason:
        return reason
    layer, checked = typed(case), check_source(Source("<case>", spec(case)))
    if layer and checked.network.nodes and checked.network.nodes[-1].layer:
        assert checked.network.nodes[-1].layer == layer
    assert not codes(checked) & {Code.E003, Code.E101, Code.E110}  # the text says what is meant
    if not verdict["ok"]:
        return AGREES if not checked.ok else ACCEPTED[case["fault"]]
    rounded = codes(checked) == {Code.E301}
    if rounded:
        layer, checked = typed(case, rounding="floor"), check_source(Source("<case>", spec(case, rounding="floor")))
    if not checked.ok:
        return REFUSED[case["fault"]]
    output = checked.network.nodes[-1].output
    assert layer and output
    assert [*output[-1:], *output[:-1]] == verdict["output"][len(case["input"]) - len(without_batch(case)) :]
    totals = checked.totals
    assert (totals.parameters, totals.buffers, totals.macs * batch(case)) == tuple(
        verdict[name] for name in ("params", "buffers", "macs")
    )
    return ROUNDED if rounded else AGREES


def test_layers_agree_with_torch(shared: Callable[[str], Path]) -> None:
    lines = (shared("truth") / "random_layers.jsonl").read_text(encoding="utf-8").splitlines()
    found = Counter(category(json.loads(line)) for line in lines[1:])
    assert found == COUNTS
