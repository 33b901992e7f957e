"""How Keras names the folders of variables after the classes of layers."""

from __future__ import annotations

import re


def to_snake_case(name: str) -> str:
    """Return `conv2d_transpose` for Conv2DTranspose, `dense` for Dense."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
