"""Layers of PyTorch and Keras, as their calls name them and order their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

ARRIVING = "-"
"""The place of what SpecNet knows by itself: what arrives, or how many channels it has."""


@dataclass(frozen=True)
class Known:
    """A layer of another tool: our words for it, our attributes in the order of its values, how many it needs."""

    words: str
    attributes: tuple[str, ...] = ()
    needed: int = 0
    tool: str = ""


def _known(tool: str, rows: str) -> dict[str, Known]:
    """A row a layer: `Conv2d: conv | - K F / S P` has three values that are needed, and two that are not."""
    found = {}
    for row in rows.strip().splitlines():
        name, _, rest = row.strip().partition(":")
        words, _, attributes = rest.partition("|")
        needed, _, optional = attributes.partition("/")
        order = (*needed.split(), *optional.split())
        found[name] = Known(words.strip(), order, len(needed.split()), tool)
    return found


TORCH = _known(
    "PyTorch",
    """
    Conv2d: conv | - K F / S P D G bias
    ConvTranspose2d: deconv | - K F / S P OP G bias D
    MaxPool2d: pool max | F / S P D
    AvgPool2d: pool avg | F / S P
    AdaptiveAvgPool2d: pool avg | to
    AdaptiveMaxPool2d: pool max | to
    Linear: fc | - K / bias
    BatchNorm2d: bn | / - eps momentum
    GroupNorm: gn | G - / eps
    Dropout: dropout | / p
    LeakyReLU: leaky_relu | / slope
    ELU: elu | / alpha
    LocalResponseNorm: lrn | n / alpha beta k
    ReLU: relu
    ReLU6: relu6
    GELU: gelu
    SiLU: silu
    Sigmoid: sigmoid
    Tanh: tanh
    Softmax: softmax | / -
    Flatten: flatten
    Identity: identity
    max_pool2d: pool max | - F / S P
    avg_pool2d: pool avg | - F / S P
    """,
)
KERAS = _known(
    "Keras",
    """
    Conv2D: conv | K F / S P - D G
    Conv2DTranspose: deconv | K F / S P OP
    MaxPooling2D: pool max | F / S P
    MaxPool2D: pool max | F / S P
    AveragePooling2D: pool avg | F / S P
    GlobalAveragePooling2D: pool avg global
    GlobalMaxPooling2D: pool max global
    Dense: fc | K
    BatchNormalization: bn
    Dropout: dropout | / p
    ReLU: relu
    Softmax: softmax
    Flatten: flatten
    Input: input | shape
    Activation: | / activation
    """,
)

OURS = _known(
    "",
    """
    conv: conv | / K F S P D G
    deconv: deconv | / K F S P
    """,
)
"""Layers of ours whose values have keys, called like a function."""

BOTH = {name: replace(TORCH[name], tool="PyTorch and Keras") for name in TORCH.keys() & KERAS.keys()}
LAYERS: Mapping[str, Known] = KERAS | TORCH | BOTH
