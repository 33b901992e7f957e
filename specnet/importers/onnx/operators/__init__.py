"""What the operators of ONNX become, each a function of its conversion."""

from collections.abc import Callable, Mapping

from specnet.importers.onnx.building import Conversion
from specnet.importers.onnx.operators import (
    elementwise,
    microsoft,
    normalization,
    pooling,
    products,
    quantization,
    rearranging,
    reductions,
    resizing,
    shapes,
)

Convert = Callable[[Conversion], None]

CONVERTED: Mapping[tuple[str, str], Convert] = {
    **{
        ("", kind): convert
        for module in (
            elementwise,
            normalization,
            pooling,
            products,
            quantization,
            reductions,
            resizing,
            rearranging,
            shapes,
        )
        for kind, convert in module.CONVERTED.items()
    },
    **{("com.microsoft", kind): convert for kind, convert in microsoft.CONVERTED.items()},
}
"""By domain and kind."""
