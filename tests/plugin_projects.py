"""Projects with plugins, for the tests of all rooms."""

from __future__ import annotations

import sys
from pathlib import Path

from specnet.plugin_loading.importing import FOLDERS
from specnet.plugin_loading.loaded import LOADED, list_plugins
from specnet.plugin_loading.loading import STATE
from specnet.registry import REGISTRIES

LAYERS = '''"""Two layers: one of a torch function, one that is a module of ours without a rule for its shape."""

from typing import ClassVar

from pydantic import Field

from specnet.plugins import (
    Activation, Count, Family, Layer, LayerError, Code, ModuleLayer, Positive, Shape, Shapes, TorchCall, register,
    require_map,
)


@register
class Softshrink(Activation):
    """x − λ above λ, x + λ below −λ, else 0."""

    module: ClassVar[str] = "nn.Softshrink"

    lambd: Positive = Field(0.5, description="half the width of the zeros")


@register
class Swish(ModuleLayer):
    """x·σ(βx) with a learned β (Ramachandran, Zoph, Le 2017)."""

    family: ClassVar[Family] = Family.ACTIVATION
    module: ClassVar[str] = "mypkg.modules:Swish"

    beta: Positive = 1.0


@register("se")
class SqueezeExcite(ModuleLayer):
    """A factor for each channel (Hu, Shen, Sun 2018)."""

    family: ClassVar[Family] = Family.ACTIVATION
    module: ClassVar[str] = "mypkg.modules:SqueezeExcite"
    positional = ("reduction",)

    reduction: Count = Field(4, alias="R")

    def arguments(self, inputs):
        return {"channels": inputs[0][-1], "reduction": self.reduction}

    def output(self, inputs):
        return require_map(inputs)


@register
class Halve(Layer):
    """x/2, as a function of ours."""

    family: ClassVar[Family] = Family.RESHAPING

    def output(self, inputs):
        return inputs[0]

    def torch(self, inputs):
        return (TorchCall("mypkg.functions:scale()", factor=0.5),)
'''

MODULES = """import torch
from torch import nn


class Swish(nn.Module):
    def __init__(self, beta):
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(beta))

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduction):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))
"""

FUNCTIONS = "def scale(x, factor):\n    return x * factor\n"

SPEC = """net Ours

input 8x8x3
conv K=8 F=3 P=1 -> swish beta=2 -> se 4
conv K=8 F=3 P=1 -> softshrink lambd=0.25 -> halve
fc 10
"""


def write_project(folder: Path, layers: str = LAYERS, module: str = "mypkg.layers", src: str = "") -> Path:
    """Write a project whose plugin is mypkg/layers.py, and a spec; return the spec."""
    package = folder / src / "mypkg"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "0.3"\n\n[tool.specnet]\nplugins = ["{module}"]\n')
    texts = {"__init__": "", "layers": layers, "modules": MODULES, "functions": FUNCTIONS}
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    (folder / "net.net").write_text(SPEC)
    return folder / "net.net"


def forget_plugins() -> None:
    """Forget all plugins, and their modules, as a new process would."""
    packages = {plugin.module.partition(".")[0] for plugin in list_plugins()} - {"__main__"}
    homes = tuple(FOLDERS)
    for registry in REGISTRIES:
        registry._found.clear()
    LOADED.clear()
    FOLDERS.clear()
    STATE.imported.clear()
    for name, module in [*sys.modules.items()]:
        is_inside = bool(homes) and (getattr(module, "__file__", None) or "").startswith(homes)
        if is_inside or (name.partition(".")[0] in packages and "tests" not in name and "specnet" not in name):
            del sys.modules[name]
