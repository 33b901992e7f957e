"""Layers that specs may use where this module is a plugin."""

from typing import Any, ClassVar

from pydantic import Field

from specnet.plugins import (
    Activation,
    Count,
    Family,
    ModuleLayer,
    Positive,
    Shape,
    Shapes,
    register,
    require_map,
    split_groups,
)

SPECNET_PLUGIN_API = 1


@register
class Softshrink(Activation):
    """x − λ above λ, x + λ below −λ, and 0 between."""

    module: ClassVar[str] = "nn.Softshrink"

    lambd: Positive = Field(0.5, description="half the width of the zeros")


@register("se")
class SqueezeExcite(ModuleLayer):
    """A learned factor for each channel (Hu, Shen, Sun 2018)."""

    family: ClassVar[Family] = Family.ACTIVATION
    module: ClassVar[str] = "mypkg.modules:SqueezeExcite"
    positional = ("reduction",)

    reduction: Count = Field(4, alias="R", description="channels for each one between the two layers")

    def arguments(self, inputs: Shapes) -> dict[str, Any]:
        return {"channels": inputs[0][-1], "squeezed": self._count_squeezed(inputs)}

    def output(self, inputs: Shapes) -> Shape:
        self._count_squeezed(inputs)
        return inputs[0]

    def parameters(self, inputs: Shapes) -> dict[str, tuple[int, ...]]:
        channels, squeezed = inputs[0][-1], self._count_squeezed(inputs)
        return {
            "squeeze.weight": (squeezed, channels, 1, 1),
            "squeeze.bias": (squeezed,),
            "excite.weight": (channels, squeezed, 1, 1),
            "excite.bias": (channels,),
        }

    def buffers(self, inputs: Shapes) -> dict[str, tuple[int, ...]]:
        return {}

    def macs(self, inputs: Shapes) -> int:
        return 2 * inputs[0][-1] * self._count_squeezed(inputs)

    def _count_squeezed(self, inputs: Shapes) -> int:
        """Raises LayerError for a vector, and for channels that are no multiple of the reduction."""
        return split_groups(require_map(inputs)[2], self.reduction, "channels", "reduction")
