"""Calls of aten that take each element or each position by itself, or compute with two values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from specnet.importers.torch_export.calls import Call
from specnet.importers.torch_export.writer import Writer, Writing


def _write_norm(kind: str, names: Sequence[str], **attributes: str) -> Writing:
    """Return the writing of a norm whose tensors and attributes have these names in aten."""

    def write(writer: Writer, call: Call) -> None:
        given = call.arguments
        values = {key: given[name] for key, name in attributes.items() if given.get(name) is not None}
        if "normalized_shape" in given:
            values["axes"] = len(given["normalized_shape"])
        if kind == "rms_norm":
            values.setdefault("eps", 1.1920929e-07)
        writer.add(kind, [writer.value(given.get(name)) for name in names], call.outputs[0], **values)

    return write


def _write_unary(writer: Writer, call: Call) -> None:
    kind = call.name.rstrip("_")
    names = ("alpha", "negative_slope", "approximate", "min", "max", "p", "dim")
    attributes = {name: call.arguments[name] for name in names if name in call.arguments}
    given = call.arguments.get("self", call.arguments.get("input"))
    writer.add(UNARY.get(kind, kind), [writer.value(given)], call.outputs[0], **attributes)


def _write_hardtanh(writer: Writer, call: Call) -> None:
    given = call.arguments
    writer.add("clamp", [writer.value(given["self"])], call.outputs[0], min=given["min_val"], max=given["max_val"])


def _write_linear(writer: Writer, call: Call) -> None:
    given = call.arguments
    inputs = [writer.value(given[name]) for name in ("input", "weight", "bias")]
    writer.add("linear", inputs, call.outputs[0])


def _write_prelu(writer: Writer, call: Call) -> None:
    writer.add("prelu", [writer.value(call.arguments["self"]), writer.value(call.arguments["weight"])], call.outputs[0])


UNARY = {"_softmax": "softmax", "_log_softmax": "log_softmax", "clip": "clamp", "feature_dropout": "dropout"}
"""Operators of aten that have other names in a program."""

SAME = ("relu", "relu6", "sigmoid", "tanh", "silu", "mish", "hardswish", "hardsigmoid", "selu", "softplus", "erf",
        "exp",
        "sqrt", "rsqrt", "abs", "neg", "gelu", "elu", "leaky_relu", "clamp", "clip", "softmax", "_softmax",
        "log_softmax", "_log_softmax", "dropout", "feature_dropout", "reciprocal", "square", "log")  # fmt: skip

IDENTITIES = (
    "contiguous",
    "clone",
    "detach",
    "alias",
    "lift_fresh_copy",
    "_to_copy",
    "to",
    "type_as",
    "dropout_identity",
)


def _write_identity(writer: Writer, call: Call) -> None:
    """Operators that return their input, which have no entry of their own."""
    writer.renamed[call.outputs[0]] = writer.find(call.arguments["self"].name)


def _write_binary(writer: Writer, call: Call) -> None:
    given, kind = (
        call.arguments,
        {"true_divide": "div", "multiply": "mul", "rsub": "sub"}.get(call.name.rstrip("_"), call.name.rstrip("_")),
    )
    left, right = writer.value(given["self"]), writer.value(given.get("other", given.get("exponent")))
    alpha = given.get("alpha", 1)
    if alpha != 1 and right:
        right = writer.add_shaped(
            "mul", [right, writer.number(alpha)], f"{call.outputs[0]} scaled", writer.shapes[right]
        )
    inputs = [right, left] if call.name == "rsub" else [left, right]
    writer.add(kind, inputs, call.outputs[0])


def _write_matmul(writer: Writer, call: Call) -> None:
    given = call.arguments
    names = ("self", "other") if "other" in given else ("self", "mat2")
    writer.add("matmul", [writer.value(given[name]) for name in names], call.outputs[0])


def _write_einsum(writer: Writer, call: Call) -> None:
    """A product of matrices, `bhid,bhjd->bhij` or `bhij,bhjd->bhid`; others have no counterpart."""
    terms = re.fullmatch(r"(\w+),(\w+)->(\w+)", str(call.arguments["equation"]).replace(" ", ""))
    first, second = (writer.value(each) for each in call.arguments["tensors"][:2])
    a, b, c = terms.groups() if terms else ("", "", "")
    output = call.outputs[0]
    if c and c == a[:-1] + b[-2] and b[:-2] == a[:-2] and a[-1] == b[-1]:
        shape = writer.shapes[second or ""]
        dims = (*range(len(b) - 2), len(b) - 1, len(b) - 2)
        turned = tuple(shape[dim] for dim in dims)
        second = writer.add_shaped("permute", [second], f"{output} turned", turned, dims=dims)
    elif not c or c != a[:-1] + b[-1] or b[:-1] != a[:-2] + a[-1]:
        writer.add("einsum", [first, second], output)
        return
    writer.add("matmul", [first, second], output)


def _write_addmm(writer: Writer, call: Call) -> None:
    """x·Wᵀ + b, as programs in core operators have linear layers."""
    given, output = call.arguments, call.outputs[0]
    product = writer.add_shaped(
        "matmul", [writer.value(given["mat1"]), writer.value(given["mat2"])], f"{output} product",
        writer.shapes[output],
    )  # fmt: skip
    writer.add("add", [product, writer.value(given["self"])], output)


def _write_attention(writer: Writer, call: Call) -> None:
    given = call.arguments
    q = writer.shape(given["query"])
    scale = given.get("scale") or q[-1] ** -0.5
    inputs = [writer.value(given[name]) for name in ("query", "key", "value")]
    kind = "attention" if not given.get("is_causal") else "causal attention"
    writer.add(kind, [*inputs, writer.value(given.get("attn_mask"))], call.outputs[0], scale=scale)


def _write_addcmul(writer: Writer, call: Call) -> None:
    given, output = call.arguments, call.outputs[0]
    factors = [writer.value(given["tensor1"]), writer.value(given["tensor2"])]
    product = writer.add_shaped("mul", factors, f"{output} product", writer.shapes[output])
    writer.add("add", [writer.value(given["self"]), product], output)


CALLS: Mapping[str, Writing] = {
    **dict.fromkeys(
        ("batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm"),
        _write_norm(
            "batch_norm", ("input", "weight", "bias", "running_mean", "running_var"), eps="eps", momentum="momentum"
        ),
    ),
    **dict.fromkeys(
        ("layer_norm", "native_layer_norm"), _write_norm("layer_norm", ("input", "weight", "bias"), eps="eps")
    ),
    "rms_norm": _write_norm("rms_norm", ("input", "weight"), eps="eps"),
    "group_norm": _write_norm("group_norm", ("input", "weight", "bias"), groups="num_groups", eps="eps"),
    "instance_norm": _write_norm("instance_norm", ("input", "weight", "bias"), eps="eps"),
    **dict.fromkeys(SAME, _write_unary),
    **dict.fromkeys(IDENTITIES, _write_identity),
    "hardtanh": _write_hardtanh,
    **dict.fromkeys(("prelu", "_prelu_kernel"), _write_prelu),
    "linear": _write_linear,
    **dict.fromkeys(
        ("add", "sub", "mul", "div", "maximum", "minimum", "pow", "rsub", "true_divide", "multiply"), _write_binary
    ),
    **dict.fromkeys(("matmul", "mm", "bmm"), _write_matmul),
    "addmm": _write_addmm,
    "einsum": _write_einsum,
    "addcmul": _write_addcmul,
    "scaled_dot_product_attention": _write_attention,
}
