"""Activations and arithmetic, number by number."""

from __future__ import annotations

from collections.abc import Callable
from math import isclose, isinf

from specnet.importers.onnx.building import Conversion, broadcast

Convert = Callable[[Conversion], None]


def _unary(kind: str) -> Convert:
    def convert(conversion: Conversion) -> None:
        conversion.give(kind, [conversion.input()], conversion.shape())

    return convert


def _binary(kind: str) -> Convert:
    def convert(conversion: Conversion) -> None:
        inputs = conversion.input(), conversion.input(1)
        conversion.give(kind, inputs, broadcast(conversion.shape(), conversion.shape(1)))

    return convert


def _variadic(kind: str, is_mean: bool = False) -> Convert:
    """Return the conversion of an operator of any number of values to one of two after another."""

    def convert(conversion: Conversion) -> None:
        names = [conversion.input(place) for place in range(len(conversion.node.inputs))]
        value, shape = names[0], conversion.shape()
        for place, name in enumerate(names[1:], 1):
            shape = broadcast(shape, conversion.shape(place))
            if place == len(names) - 1 and not is_mean:
                conversion.give(kind, (value, name), shape)
            else:
                value = conversion.emit(kind, (value, name), shape)
        if is_mean and len(names) > 1:
            conversion.give("mul", (value, conversion.number_constant(1 / len(names))), shape)
        elif len(names) == 1:
            conversion.give("identity", [value], shape)

    return convert


def convert_clip(conversion: Conversion) -> None:
    low, high = (conversion.number(place, name, None) for place, name in ((1, "min"), (2, "max")))
    bounds = {"min": _bound(low), "max": _bound(high)}
    conversion.give("clamp", [conversion.input()], conversion.shape(), **bounds)


def _bound(value: float | None) -> float | None:
    """Return a bound, None for one that no number reaches, which old files write as the largest float."""
    return None if value is None or isinf(value) or abs(value) > 3e38 else value


def convert_hard_sigmoid(conversion: Conversion) -> None:
    """max(0, min(1, alpha · x + beta)), which torch has for alpha = 1/6."""
    alpha, beta = conversion.node.get("alpha", 0.2), conversion.node.get("beta", 0.5)
    value, shape = conversion.input(), conversion.shape()
    if isclose(alpha, 1 / 6, rel_tol=1e-3) and beta == 0.5:
        conversion.give("hardsigmoid", [value], shape)
        return
    scaled = conversion.emit("mul", (value, conversion.number_constant(alpha)), shape)
    moved = conversion.emit("add", (scaled, conversion.number_constant(beta)), shape)
    conversion.give("clamp", [moved], shape, min=0.0, max=1.0)


def convert_elu(conversion: Conversion) -> None:
    conversion.give("elu", [conversion.input()], conversion.shape(), alpha=_read(conversion, "alpha", 1.0))


def convert_leaky_relu(conversion: Conversion) -> None:
    slope = _read(conversion, "alpha", 0.01)
    conversion.give("leaky_relu", [conversion.input()], conversion.shape(), negative_slope=slope)


def _read(conversion: Conversion, name: str, default: float) -> float:
    """Return a number that was stored as a float of 32 bits as a person writes it."""
    return float(f"{conversion.node.get(name, default):.7g}")


def convert_selu(conversion: Conversion) -> None:
    alpha, gamma = _read(conversion, "alpha", 1.673263), _read(conversion, "gamma", 1.050701)
    if not (isclose(alpha, 1.6732632, rel_tol=1e-3) and isclose(gamma, 1.0507010, rel_tol=1e-3)):
        conversion.differs = "its constants are others than those of SELU"
    conversion.give("selu", [conversion.input()], conversion.shape())


def convert_gelu(conversion: Conversion) -> None:
    how = conversion.node.get("approximate", "none")
    conversion.give("gelu", [conversion.input()], conversion.shape(), approximate=how)


def convert_prelu(conversion: Conversion) -> None:
    """Slopes that are one a channel stand as C×1×1 in the file, and as C in torch."""
    shape, slopes, name = conversion.shape(), conversion.shape(1), conversion.input(1)
    sizes = [size for size in slopes if size != 1]
    if not conversion.program.is_constant(name) or len(sizes) > 1:
        raise conversion.refuse("it has slopes that are not one a channel")
    count = sizes[0] if sizes else 1
    if count not in (1, shape[1]):
        raise conversion.error(f"has {count} slopes, and its input {shape[1]} channels")
    weight = name if slopes == (count,) else conversion.program.derive(name, (count,), lambda array: array, "slopes")
    conversion.give("prelu", (conversion.input(), weight), shape)


def convert_reciprocal(conversion: Conversion) -> None:
    conversion.give("div", (conversion.number_constant(1.0), conversion.input()), conversion.shape())


def convert_softsign(conversion: Conversion) -> None:
    """x / (1 + |x|)"""
    value, shape = conversion.input(), conversion.shape()
    size = conversion.emit("abs", [value], shape)
    below = conversion.emit("add", (size, conversion.number_constant(1.0)), shape)
    conversion.give("div", (value, below), shape)


def convert_swish(conversion: Conversion) -> None:
    """x · sigmoid(alpha · x)"""
    alpha, value, shape = _read(conversion, "alpha", 1.0), conversion.input(), conversion.shape()
    if alpha == 1:
        conversion.give("silu", [value], shape)
        return
    scaled = conversion.emit("mul", (value, conversion.number_constant(alpha)), shape)
    gate = conversion.emit("sigmoid", [scaled], shape)
    conversion.give("mul", (value, gate), shape)


def convert_where(conversion: Conversion) -> None:
    shape = broadcast(*(conversion.shape(place) for place in range(3)))
    conversion.give("where", [conversion.input(place) for place in range(3)], shape)


UNARY = {
    "Abs": "abs", "Cast": "identity", "CastLike": "identity", "Ceil": "ceil", "Cos": "cos", "Erf": "erf", "Exp": "exp",
    "Floor": "floor", "HardSwish": "hardswish", "Identity": "identity", "Log": "log", "Mish": "mish", "Neg": "neg",
    "Not": "logical_not", "Relu": "relu", "Round": "round", "Sigmoid": "sigmoid", "Sign": "sign", "Sin": "sin",
    "Softplus": "softplus", "Sqrt": "sqrt", "Tanh": "tanh",
}  # fmt: skip

BINARY = {
    "Add": "add", "And": "logical_and", "Div": "div", "Equal": "eq", "Greater": "gt", "GreaterOrEqual": "ge",
    "Less": "lt", "LessOrEqual": "le", "Mod": "remainder", "Mul": "mul", "Or": "logical_or", "Pow": "pow", "Sub": "sub",
}  # fmt: skip

CONVERTED: dict[str, Convert] = {
    **{name: _unary(kind) for name, kind in UNARY.items()},
    **{name: _binary(kind) for name, kind in BINARY.items()},
    "Max": _variadic("maximum"),
    "Min": _variadic("minimum"),
    "Sum": _variadic("add"),
    "Mean": _variadic("add", is_mean=True),
    "Clip": convert_clip,
    "Elu": convert_elu,
    "Gelu": convert_gelu,
    "HardSigmoid": convert_hard_sigmoid,
    "LeakyRelu": convert_leaky_relu,
    "PRelu": convert_prelu,
    "Reciprocal": convert_reciprocal,
    "Selu": convert_selu,
    "Softsign": convert_softsign,
    "Swish": convert_swish,
    "Where": convert_where,
}
