"""maximum: the largest of several arms, `maximum { | … | … }`, `maximum @a` (maxout, Goodfellow et al. 2013)."""

from __future__ import annotations

from specnet.layers.base import Shapes, TorchCall
from specnet.layers.base.elementwise import Product


class Maximum(Product):
    """max(x₁, x₂, …), element by element; 1×1×C is repeated over the positions of H×W×C, H×1×C along its width.

    Where two are equal, the gradient goes to each by half.
    """

    def count_temporaries(self, size: int) -> int:
        """Return half of the output's gradient, for equal elements, and two masks of a byte an element."""
        return size + 2 * size // 4

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        return (TorchCall("torch.maximum", joins="fold"),)
