"""The weights that training starts from, drawn from the seed however the module was made."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import init

from specnet.settings.init import Gaussian, He, Init, Orthogonal, TorchDefault, Xavier
from specnet.training.randomness import seed_for

WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
"""The modules whose weights a scheme draws; normalisation keeps its ones and zeros."""


def start(module: nn.Module, setting: Init, seed: int) -> None:
    """Draw all weights anew, in place."""
    torch.manual_seed(seed_for(seed, "weights"))
    for part in module.modules():
        if callable(reset := getattr(part, "reset_parameters", None)):
            reset()
    if not isinstance(setting, TorchDefault):
        for part in module.modules():
            if isinstance(part, WEIGHTED):
                _draw(part.weight, setting)
                if part.bias is not None:
                    init.zeros_(part.bias)


def _draw(weight: Tensor, setting: Init) -> None:
    match setting:
        case He():
            init.kaiming_normal_(weight)
        case Xavier():
            init.xavier_uniform_(weight)
        case Gaussian():
            init.normal_(weight, std=setting.std)
        case Orthogonal():
            init.orthogonal_(weight)
        case _:
            raise TypeError(f"no such init: {setting!r}")
