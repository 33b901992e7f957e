"""Values of 8 bits, which are read as the numbers that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specnet.importers.imported import StoredArray
from specnet.importers.onnx.building import Conversion, Sizes
from specnet.importers.onnx.operators.products import convert_conv

if TYPE_CHECKING:
    from numpy import ndarray

ROUNDED = "the file rounds its values to whole numbers of a few bits, and the layer here does not"


CUT = f"{ROUNDED}; it cuts off what is below 0, as 0 is the lowest of these numbers"

KEEPS_SIGN = frozenset({"identity", "reshape", "permute", "max_pool", "avg_pool", "mean", "amax"})
"""Operators that give no number below 0 where they read none."""


def convert_quantize(conversion: Conversion) -> None:
    """Rounding alone is left away; a zero at the lowest whole number is a ReLU, which quantizers leave out for it."""
    cuts = _begins_at_zero(conversion) and not _is_positive(conversion)
    conversion.differs = CUT if cuts else ROUNDED
    conversion.give("relu" if cuts else "identity", [conversion.input()], conversion.shape())


def _begins_at_zero(conversion: Conversion) -> bool:
    """Whether the zero is the lowest whole number of its type, which is that of 8 bits without a sign by default."""
    import numpy as np

    zero = conversion.optional(2)
    if zero is None:
        return True
    if not conversion.program.is_small(zero):
        return False
    zeros = conversion.program.array(zero)
    return bool(np.issubdtype(zeros.dtype, np.integer) and (zeros == np.iinfo(zeros.dtype).min).all())


def _is_positive(conversion: Conversion) -> bool:
    """Whether the operators before it give no number below 0 already."""
    name: str | None = conversion.input()
    for operator in reversed(conversion.program.operators):
        if operator.output == name:
            if operator.kind not in KEEPS_SIGN:
                return operator.kind in ("relu", "relu6", "sigmoid")
            name = operator.inputs[0]
    return False


def convert_dequantize(conversion: Conversion) -> None:
    """A constant is read as the numbers that it stands for; anything else was quantised just before."""
    name = conversion.input()
    if not conversion.program.is_constant(name):
        conversion.give("identity", [name], conversion.shape())
        return
    zero = conversion.optional(2)
    axis = conversion.node.get("axis", 1)
    _dequantize(conversion, name, conversion.input(1), zero, axis, conversion.output)


def _dequantize(conversion: Conversion, name: str, scale: str, zero: str | None, axis: int, output: str) -> str:
    """Add the constant (x - zero) · scale, whose scales may be one for each place along an axis."""
    constants = conversion.program.constants
    if scale not in constants or (zero and zero not in constants):
        raise conversion.refuse("its scale is computed from the input")
    stored, scales, zeros = constants[name], constants[scale], constants[zero] if zero else None
    shape = stored.shape

    def read() -> ndarray:
        numbers = stored.read().astype("f4")
        if zeros:
            numbers = numbers - _spread(zeros.read().astype("f4"), shape, axis)
        real: ndarray = numbers * _spread(scales.read().astype("f4"), shape, axis)
        return real

    return conversion.program.keep(output, StoredArray(shape, read))


def _spread(numbers: ndarray, shape: Sizes, axis: int) -> ndarray:
    """Return numbers for each place along an axis so that they fit the whole; blocks along it are repeated."""
    if numbers.size == 1:
        return numbers.reshape(())
    if numbers.ndim == len(shape) > 1:
        return numbers.repeat(shape[axis] // numbers.shape[axis], axis)
    return numbers.reshape([-1 if place == axis % len(shape) else 1 for place in range(len(shape))])


def convert_quantized_conv(conversion: Conversion) -> None:
    """QLinearConv has x, its scale and zero, the same for the weights and for the result, and a bias."""
    node, program = conversion.node, conversion.program
    weight = _dequantize(
        conversion, node.inputs[3], node.inputs[4], conversion.optional(5), 0, f"{node.inputs[3]}:real"
    )
    names = [node.inputs[0], weight]
    if node.has_input(8):
        bias, x_scale, w_scale = (program.constants[node.inputs[place]] for place in (8, 1, 4))

        def read() -> ndarray:
            real: ndarray = bias.read().astype("f4") * x_scale.read().reshape(-1)[0] * w_scale.read().reshape(-1)
            return real

        names.append(program.keep(f"{node.inputs[8]}:real", StoredArray(bias.shape, read)))
    conversion.differs = ROUNDED
    conversion.node = node.with_inputs(names)
    convert_conv(conversion)


CONVERTED = {
    "QuantizeLinear": convert_quantize,
    "DequantizeLinear": convert_dequantize,
    "QLinearConv": convert_quantized_conv,
}
