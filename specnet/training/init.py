"""The weights that training starts from, drawn from the seed however the module was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import init
from torch.nn.functional import unfold

from specnet.settings.init import CHOICES, Dirac, Gaussian, He, Init, Orthogonal, TorchDefault, Xavier
from specnet.training.errors import Unsuitable
from specnet.training.job import Part
from specnet.training.randomness import seed_for

WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
"""The modules whose weights a scheme draws; normalisation keeps its ones and zeros."""

WHITENED_BY = 5000
"""Images whose windows tell the principal directions."""

WHITENED_AT_ONCE = 500

EPS = 5e-4
"""Added to the variances that whitening divides by."""

FirstImages = Callable[[int], Tensor]
"""Gives so many training images, B×C×H×W as the network reads them."""


def start(module: nn.Module, setting: Init, parts: Mapping[str, Part], seed: int, images: FirstImages | None) -> None:
    """Draw all weights anew, in place.

    Layers that start from the training images stay as torch has them where there are none.
    """
    torch.manual_seed(seed_for(seed, "weights"))
    own = {name: part.init for name, part in parts.items() if part.init}
    for part in module.modules():
        if callable(reset := getattr(part, "reset_parameters", None)):
            reset()
    for name, part in module.named_modules():
        if isinstance(part, WEIGHTED) and name not in own:
            _draw(part.weight, setting)
            if part.bias is not None and not isinstance(setting, TorchDefault | Dirac):
                init.zeros_(part.bias)
    for name, word in own.items():
        if word != "whiten":
            _draw_own(module.get_parameter(f"{name}.weight"), word)
        elif images:
            _whiten(module, name, images)


def _draw_own(weight: Tensor, word: str) -> None:
    """What a layer's own `init` does: a word of the `train` section's line, or `zeros`."""
    if word == "zeros":
        init.zeros_(weight)
    else:
        _draw(weight, CHOICES[word]())


def _draw(weight: Tensor, setting: Init) -> None:
    """Change a weight that is as torch draws it."""
    match setting:
        case TorchDefault():
            pass
        case He():
            init.kaiming_normal_(weight)
        case Xavier():
            init.xavier_uniform_(weight)
        case Gaussian():
            init.normal_(weight, std=setting.std)
        case Orthogonal():
            init.orthogonal_(weight)
        case Dirac():
            _pass_through(weight)
        case _:
            raise TypeError(f"no such init: {setting!r}")


def _pass_through(weight: Tensor) -> None:
    """The first filters of a conv pass one channel each through; the others stay as they are."""
    if weight.ndim == 4:
        init.dirac_(weight[: weight.shape[1]])


def refuse_whitening(module: nn.Module, parts: Mapping[str, Part]) -> None:
    """Raises Unsuitable for a layer that cannot be whitened."""
    for name in (name for name, part in parts.items() if part.init == "whiten"):
        part = module.get_submodule(name)
        if not isinstance(part, nn.Conv2d) or part.groups > 1 or max(part.dilation) > 1:
            raise Unsuitable(f"`{name}`: `init=whiten` is for a conv without groups and dilation")
        if len(part.weight) > 2 * (size := part.weight[0].numel()):
            raise Unsuitable(f"`{name}`: `init=whiten` gives 2·{size} filters at most, and K is {len(part.weight)}")


def _whiten(module: nn.Module, name: str, images: FirstImages) -> None:
    """The filters of a conv: principal directions of the windows that arrive, over their standard deviation."""
    part = module.get_submodule(name)
    assert isinstance(part, nn.Conv2d)
    filters = len(part.weight)
    variances, directions = torch.linalg.eigh(_second_moments(module, part, images(WHITENED_BY)))
    scaled = (directions / (variances + EPS).sqrt()).flip(1).T[: (filters + 1) // 2]
    with torch.no_grad():
        part.weight.copy_(torch.cat([scaled, -scaled])[:filters].view(part.weight.shape))


@torch.no_grad()
def _second_moments(module: nn.Module, part: nn.Conv2d, images: Tensor) -> Tensor:
    """E[x·xᵀ] of the windows x that arrive at a conv, float64."""
    size, total, amount = part.weight[0].numel(), torch.zeros(()), 0
    module.eval()
    for start in range(0, len(images), WHITENED_AT_ONCE):
        arriving = _arriving(module, part, images[start : start + WHITENED_AT_ONCE])
        windows = unfold(arriving, part.kernel_size).transpose(1, 2).reshape(-1, size).double()
        total, amount = total + windows.T @ windows, amount + len(windows)
    return total / amount


class _Arrived(Exception):
    """The first argument is what a part is given."""


def _arriving(module: nn.Module, part: nn.Module, images: Tensor) -> Tensor:
    """What arrives at a part of the module; what lies behind it is not computed."""

    def stop(part: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        raise _Arrived(inputs[0])

    hook = part.register_forward_pre_hook(stop)
    try:
        module(images)
    except _Arrived as arrived:
        found: Tensor = arrived.args[0]
        return found
    finally:
        hook.remove()
    raise ValueError("the module does not use this part of it")
