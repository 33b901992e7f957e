"""Convolutions and products of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specnet.importers.onnx.building import Conversion, Sizes, broadcast
from specnet.importers.onnx.operators.einsum import convert_einsum
from specnet.importers.onnx.operators.windows import Window, read_window, slide

if TYPE_CHECKING:
    from numpy import ndarray


def convert_conv(conversion: Conversion) -> None:
    shape, weight = conversion.shape(), conversion.shape(1)
    groups = conversion.node.get("group", 1)
    if len(weight) != len(shape) or weight[1] * groups != shape[1] or weight[0] % groups:
        raise conversion.error(f"has weights for {weight[1] * groups} channels, and its input has {shape[1]}")
    window = read_window(conversion, weight[2:])
    if window.kernel != weight[2:]:
        raise conversion.error("has weights of another size than its kernel")
    inputs = conversion.input(), conversion.input(1), conversion.optional(2)
    sizes = (shape[0], weight[0], *slide(window, shape[2:]))
    conversion.give("conv", inputs, sizes, **_describe(window), groups=groups)


def _describe(window: Window) -> dict[str, tuple[object, ...]]:
    return {"stride": window.stride, "padding": window.padding, "dilation": window.dilation}


def convert_conv_transpose(conversion: Conversion) -> None:
    shape, weight = conversion.shape(), conversion.shape(1)
    groups = conversion.node.get("group", 1)
    if weight[0] != shape[1]:
        raise conversion.error(f"has weights for {weight[0]} channels, and its input has {shape[1]}")
    window, more = _read_transposed(conversion, weight[2:])
    sizes = [
        (size - 1) * stride - before - behind + dilation * (kernel - 1) + 1 + extra
        for size, kernel, stride, dilation, (before, behind), extra in zip(shape[2:], *window, more, strict=True)
    ]
    inputs = conversion.input(), conversion.input(1), conversion.optional(2)
    made = (shape[0], weight[1] * groups, *sizes)
    conversion.give("conv_transpose", inputs, made, **_describe(window), groups=groups, output_padding=more)


def _read_transposed(conversion: Conversion, kernel: Sizes) -> tuple[Window, tuple[int, ...]]:
    """Return the window and the output padding, computed from the size of the output where that is given instead."""
    window, get = read_window(conversion, kernel), conversion.node.get
    more = tuple(get("output_padding") or (0,) * len(kernel))
    automatic = get("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER")
    wanted = get("output_shape")
    if not wanted and automatic:
        wanted = [size * stride for size, stride in zip(conversion.shape()[2:], window.stride, strict=True)]
    if not wanted:
        return window, more
    pairs = []
    for place, size in enumerate(wanted[-len(kernel) :]):
        reach = (kernel[place] - 1) * window.dilation[place] + 1
        total = window.stride[place] * (conversion.shape()[2 + place] - 1) + more[place] + reach - size
        half = total // 2
        pairs.append((half, total - half) if get("auto_pad", "NOTSET") == "SAME_UPPER" else (total - half, half))
    if any(before < 0 or behind < 0 for before, behind in pairs):
        pads = tuple((max(0, before), max(0, behind)) for before, behind in pairs)
        added = tuple(a - min(0, before) - min(0, behind) for a, (before, behind) in zip(more, pairs, strict=True))
        return window._replace(padding=pads), added
    return window._replace(padding=tuple(pairs)), more


def convert_gemm(conversion: Conversion) -> None:
    """alpha · A · B + beta · C, each of A and B perhaps transposed."""
    program, get = conversion.program, conversion.node.get
    alpha, beta, turned = get("alpha", 1.0), get("beta", 1.0), bool(get("transB", 0))
    left, right = conversion.input(), conversion.input(1)
    rows, columns = conversion.shape(), conversion.shape(1)
    if len(rows) != 2 or len(columns) != 2:
        raise conversion.error("is a product of values that are no matrices")
    if get("transA", 0):
        rows = rows[::-1]
        left = conversion.emit("permute", [left], rows, dims=(1, 0))
    outputs, inputs = columns if turned else columns[::-1]
    if inputs != rows[1]:
        raise conversion.error(f"has weights for {inputs} numbers, and its input has {rows[1]}")
    bias = conversion.optional(2)
    fits = bias is None or (program.is_constant(bias) and program.shapes[bias] in ((), (1,), (outputs,), (1, outputs)))
    if program.is_constant(right) and fits:
        weight = right if turned and alpha == 1 else _transpose(conversion, right, turned, alpha)
        bias = None if bias is None or beta == 0 else _flatten_bias(conversion, bias, outputs, beta)
        conversion.give("linear", (left, weight, bias), (rows[0], outputs))
        return
    _multiply(conversion, (left, rows), (right, columns), bias)


def _transpose(conversion: Conversion, weight: str, turned: bool, factor: float = 1.0) -> str:
    """Return a constant matrix as the weights of a linear layer, K×C."""
    shape = conversion.program.shapes[weight]
    made = shape if turned else shape[::-1]

    def compute(array: ndarray) -> ndarray:
        matrix = array if turned else array.T
        return matrix if factor == 1 else (matrix * factor).astype("f4")

    return conversion.program.derive(weight, made, compute, f"{'scaled' if turned else 'transposed'}:{factor:g}")


def _flatten_bias(conversion: Conversion, bias: str, size: int, factor: float) -> str:
    if conversion.program.shapes[bias] == (size,) and factor == 1:
        return bias

    def spread(array: ndarray) -> ndarray:
        import numpy as np

        return np.broadcast_to(array.reshape(-1) * np.float32(factor), (size,))

    return conversion.program.derive(bias, (size,), spread, f"bias:{factor:g}:{size}")


def _multiply(conversion: Conversion, left: tuple[str, Sizes], right: tuple[str, Sizes], bias: str | None) -> None:
    """Add a product of values that are both computed, with its factors."""
    get = conversion.node.get
    columns = right[1]
    name = right[0]
    if get("transB", 0):
        columns = columns[::-1]
        name = conversion.emit("permute", [name], columns, dims=(1, 0))
    made = (left[1][0], columns[1])
    steps = [("mul", conversion.number_constant(get("alpha", 1.0)))] if get("alpha", 1.0) != 1 else []
    if bias is not None and get("beta", 1.0) != 0:
        if get("beta", 1.0) != 1:
            factor = conversion.number_constant(get("beta", 1.0))
            bias = conversion.emit("mul", [bias, factor], conversion.program.shapes[bias])
        steps.append(("add", bias))
    if not steps:
        conversion.give("matmul", (left[0], name), made)
        return
    value = conversion.emit("matmul", (left[0], name), made)
    for kind, other in steps[:-1]:
        value = conversion.emit(kind, (value, other), made)
    conversion.give(steps[-1][0], (value, steps[-1][1]), made)


def convert_matmul(conversion: Conversion) -> None:
    """A product over the last axis of the one and the last but one of the other; by constants it is linear."""
    left, right = conversion.shape(), conversion.shape(1)
    constant = conversion.program.is_constant(conversion.input(1))
    if not left or not right:
        raise conversion.error("is a product with a number")
    if left[-1] != right[-2 if len(right) > 1 else -1]:
        raise conversion.error(
            f"is a product of values whose sizes do not fit: {left[-1]} and {right[max(-2, -len(right))]}"
        )
    if constant and len(right) == 2 and len(left) > 1:
        weight = _transpose(conversion, conversion.input(1), turned=False)
        conversion.give("linear", (conversion.input(), weight, None), (*left[:-1], right[1]))
        return
    conversion.give("matmul", (conversion.input(), conversion.input(1)), multiply_shapes(left, right))


def multiply_shapes(left: Sizes, right: Sizes) -> Sizes:
    """Return the shape of a product of matrices with equal axes before them; raises ValueError."""
    around = broadcast(left[:-2], right[:-2]) if max(len(left), len(right)) > 2 else ()
    return (*around, *(left[-2:-1] if len(left) > 1 else ()), *(right[-1:] if len(right) > 1 else ()))


def convert_attention(conversion: Conversion) -> None:
    """Attention of opset 23, whose inputs may have their heads in the channels, B×L×(heads·d)."""
    node, get = conversion.node, conversion.node.get
    if any(map(node.has_input, range(4, 7))) or len([*filter(None, node.outputs)]) > 1 or get("softcap", 0.0):
        raise conversion.refuse("it keeps keys and values of earlier calls")
    if get("is_causal", 0):
        raise conversion.refuse("it is causal attention")
    heads = [get("q_num_heads"), get("kv_num_heads"), get("kv_num_heads")]
    names, shapes = [], []
    for place, count in enumerate(heads):
        name, shape = _split_heads(conversion, place, count)
        names.append(name)
        shapes.append(shape)
    if shapes[0][1] != shapes[1][1]:
        raise conversion.refuse("it has fewer heads for keys than for queries")
    query, value = shapes[0], shapes[2]
    made = (*query[:3], value[3])
    scale = get("scale") or query[3] ** -0.5
    inputs = (*names, conversion.optional(3))
    if len(conversion.shape()) == 4:
        conversion.give("attention", inputs, made, scale=scale)
        return
    together = conversion.emit("attention", inputs, made, scale=scale)
    turned = conversion.emit("permute", [together], (made[0], made[2], made[1], made[3]), dims=(0, 2, 1, 3))
    joined = (made[0], made[2], made[1] * made[3])
    conversion.give("reshape", [turned], joined, shape=joined)


def _split_heads(conversion: Conversion, place: int, heads: int | None) -> tuple[str, Sizes]:
    name, shape = conversion.input(place), conversion.shape(place)
    if len(shape) == 4:
        return name, shape
    if len(shape) != 3 or not heads or shape[2] % heads:
        raise conversion.error("does not say how many heads it has")
    parts = (shape[0], shape[1], heads, shape[2] // heads)
    split = conversion.emit("reshape", [name], parts, shape=parts)
    turned = (parts[0], parts[2], parts[1], parts[3])
    return conversion.emit("permute", [split], turned, dims=(0, 2, 1, 3)), turned


CONVERTED = {
    "Conv": convert_conv,
    "ConvTranspose": convert_conv_transpose,
    "Gemm": convert_gemm,
    "MatMul": convert_matmul,
    "Einsum": convert_einsum,
    "Attention": convert_attention,
}
