"""Operators of onnxruntime's optimised files (com.microsoft) that join several of ONNX's own."""

from __future__ import annotations

from specnet.importers.onnx.building import Conversion
from specnet.importers.onnx.operators.elementwise import convert_gelu
from specnet.importers.onnx.operators.normalization import convert_layer_norm, convert_rms_norm


def convert_fast_gelu(conversion: Conversion) -> None:
    _give_gelu(conversion, "tanh")


def convert_bias_gelu(conversion: Conversion) -> None:
    _give_gelu(conversion, "none")


def _give_gelu(conversion: Conversion, approximate: str) -> None:
    value, shape = conversion.input(), conversion.shape()
    if conversion.node.has_input(1):
        value = conversion.emit("add", (value, conversion.input(1)), shape)
    conversion.give("gelu", [value], shape, approximate=approximate)


def convert_quick_gelu(conversion: Conversion) -> None:
    """x · sigmoid(alpha · x)"""
    value, shape = conversion.input(), conversion.shape()
    factor = conversion.number_constant(conversion.node.get("alpha", 1.702))
    gate = conversion.emit("sigmoid", [conversion.emit("mul", (value, factor), shape)], shape)
    conversion.give("mul", (value, gate), shape)


CONVERTED = {
    "FastGelu": convert_fast_gelu,
    "BiasGelu": convert_bias_gelu,
    "Gelu": convert_gelu,
    "QuickGelu": convert_quick_gelu,
    "LayerNormalization": convert_layer_norm,
    "SimplifiedLayerNormalization": convert_rms_norm,
}
