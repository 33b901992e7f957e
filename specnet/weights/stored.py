"""Weights as a file holds them: tensors by name, and layers, each with the tensors that belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from torch import Tensor

Layout = Literal["torch", "keras"]
"""The order of the axes of a file's tensors: K×C×F×F as torch has it, or F×F×C×K as Keras has it."""

Order = Literal["made", "depth", "lost"]
"""The order of a file's layers: as they were made, branch by branch; by their depth, as Keras sorts them; or lost."""


@dataclass(frozen=True)
class StoredTensors:
    """The tensors of a file by their names, in its order."""

    path: Path
    layout: Layout
    order: Order
    tensors: Mapping[str, Tensor]
    titles: Mapping[str, str] = field(default_factory=dict)
    """The names of Keras's layers by the folders of the file, where these are others."""


@dataclass(frozen=True)
class StoredLayer:
    """The tensors of one layer by torch's names for them, `weight`, `bias`, `running_mean` …"""

    name: str
    tensors: Mapping[str, Tensor]
    kind: str = ""
    """The class of a layer of Keras 3, which numbers the layers of each class by themselves: `layers/conv2d`."""


@dataclass(frozen=True)
class StoredWeights:
    """The layers of a file; their tensors have torch's axes, but vectors made of maps keep the order of the layout."""

    path: Path
    layout: Layout
    order: Order
    layers: tuple[StoredLayer, ...]
    set_aside: tuple[str, ...] = ()
    """The names of layers that prepare images, and that no network has here."""
