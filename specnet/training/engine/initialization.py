"""Initialise the weights: draw them from the seed, and freeze layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import assert_never

import torch
from torch import Tensor, nn
from torch.nn import init
from torch.nn.functional import unfold

from specnet.option_names import name_option
from specnet.settings.init import CHOICES, Dirac, Gaussian, He, Init, Orthogonal, TorchDefault, Xavier
from specnet.training.errors import CannotRun, Unsuitable
from specnet.training.job import LayerInfo
from specnet.training.randomness import derive_seed

WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
"""The modules whose weights are drawn; normalisations keep their ones and zeros."""

WHITENING_IMAGES = 5000
"""Images whose windows determine the principal directions."""

WHITENING_BATCH = 500

EPS = 5e-4
"""Added to the variances that whitening divides by."""

FirstImages = Callable[[int], Tensor]
"""Returns a number of training images, B×C×H×W as the network reads them."""


def initialize_weights(
    module: nn.Module, setting: Init, parts: Mapping[str, LayerInfo], seed: int, images: FirstImages | None
) -> None:
    """Draw all weights in place, from the seed, however the module was made.

    Without `images`, layers that start from the training images keep torch's weights.
    """
    torch.manual_seed(derive_seed(seed, "weights"))
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
            _draw_layer_init(module.get_parameter(f"{name}.weight"), word)
        elif images:
            _whiten(module, name, images)


def _draw_layer_init(weight: Tensor, word: str) -> None:
    """Apply a layer's own `init`: a word of the `train` section's line, or `zeros`."""
    if word == "zeros":
        init.zeros_(weight)
    else:
        _draw(weight, CHOICES[word]())


def _draw(weight: Tensor, setting: Init) -> None:
    """Draw a weight; before, it is as torch draws it."""
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
            _draw_dirac(weight)
        case _:
            assert_never(setting)


def _draw_dirac(weight: Tensor) -> None:
    """Let the first filters of a conv pass one channel each; the others stay as they are."""
    if weight.ndim == 4:
        init.dirac_(weight[: weight.shape[1]])


def refuse_whitening(module: nn.Module, parts: Mapping[str, LayerInfo]) -> None:
    """Raise Unsuitable for a layer that cannot be whitened."""
    for name in (name for name, part in parts.items() if part.init == "whiten"):
        part = module.get_submodule(name)
        if not isinstance(part, nn.Conv2d) or part.groups > 1 or max(part.dilation) > 1:
            raise Unsuitable(f"`{name}`: `init=whiten` is for a conv without groups and dilation")
        if len(part.weight) > 2 * (size := part.weight[0].numel()):
            raise Unsuitable(f"`{name}`: `init=whiten` gives 2·{size} filters at most, and K is {len(part.weight)}")


def _whiten(module: nn.Module, name: str, images: FirstImages) -> None:
    """Set the filters of a conv to the principal directions of its input windows over their standard deviations."""
    part = module.get_submodule(name)
    assert isinstance(part, nn.Conv2d)
    filters = len(part.weight)
    variances, directions = torch.linalg.eigh(_second_moments(module, part, images(WHITENING_IMAGES)))
    scaled = (directions / (variances + EPS).sqrt()).flip(1).T[: (filters + 1) // 2]
    with torch.no_grad():
        part.weight.copy_(torch.cat([scaled, -scaled])[:filters].view(part.weight.shape))


@torch.no_grad()
def _second_moments(module: nn.Module, part: nn.Conv2d, images: Tensor) -> Tensor:
    """Return E[x·xᵀ] of the input windows x of a conv, float64."""
    size, total, count = part.weight[0].numel(), torch.zeros(()), 0
    module.eval()
    for start in range(0, len(images), WHITENING_BATCH):
        inputs = _capture_input(module, part, images[start : start + WHITENING_BATCH])
        windows = unfold(inputs, part.kernel_size).transpose(1, 2).reshape(-1, size).double()
        total, count = total + windows.T @ windows, count + len(windows)
    return total / count


class _InputCaptured(Exception):
    """Ends a forward pass; the argument is the input of a module."""


def _capture_input(module: nn.Module, part: nn.Module, images: Tensor) -> Tensor:
    """Return the input of a part of the module, without computing the layers behind it."""

    def stop(part: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        raise _InputCaptured(inputs[0])

    hook = part.register_forward_pre_hook(stop)
    try:
        module(images)
    except _InputCaptured as captured:
        inputs: Tensor = captured.args[0]
        return inputs
    finally:
        hook.remove()
    raise ValueError("the module does not use this part of it")


def freeze_layers(module: nn.Module, patterns: Sequence[str]) -> None:
    """Exclude the parameters of matching layers from training.

    Raises CannotRun for a pattern that matches none, or only layers that learn nothing, and Unsuitable if nothing is
    left to train.
    """
    for pattern in patterns:
        if not (matching := find_layers(module, pattern)):
            raise CannotRun(f"no part of the network is called `{pattern}`, as {name_option('freeze')} says")
        learns = any(next(part.parameters(), None) is not None for part in matching)
        if not learns and not find_frozen_norms(module, [pattern]):
            raise CannotRun(
                f"{name_option('freeze')} has nothing to freeze in `{pattern}`: no layer of this name has parameters"
            )
        for part in matching:
            part.requires_grad_(False)
    if patterns and not any(parameter.requires_grad for parameter in module.parameters()):
        raise Unsuitable(f"{name_option('freeze')} leaves nothing to train: name fewer layers")


def describe_frozen(module: nn.Module, patterns: Sequence[str]) -> list[str]:
    """Return a line on what is left to train, if anything is frozen."""
    if not patterns:
        return []
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in module.parameters()]
    trained, total = sum(size for size, is_trained in sizes if is_trained), sum(size for size, _ in sizes)
    norms = ", with the running statistics of bn" if find_frozen_norms(module, patterns) else ""
    return [f"training {trained:,} of {total:,} parameters; frozen: {', '.join(patterns)}{norms}"]


def find_frozen_norms(module: nn.Module, patterns: Sequence[str]) -> tuple[nn.Module, ...]:
    """Return the normalisations with running statistics in frozen layers, which must stay in evaluation mode."""
    frozen = (part for pattern in patterns for whole in find_layers(module, pattern) for part in whole.modules())
    return tuple(part for part in frozen if getattr(part, "running_mean", None) is not None)


def find_layers(module: nn.Module, pattern: str) -> list[nn.Module]:
    """Return the modules whose names match: `conv1`, `conv*`, `block1` with all that is in it."""
    return [part for name, part in module.named_modules() if name and fnmatchcase(name, pattern)]
