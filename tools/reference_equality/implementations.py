"""Reference implementations with random weights: what they compute, and the files that they save."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from reference_equality.libraries import import_library
from torch import Tensor, nn

SEED = 1

SLOWLY_INITIALISED = {"googlenet", "inception_v3"}
"""Networks of torchvision that draw truncated normal weights, unless told not to; a warning says so."""

FIXED_IN_SIZE = {"fastscnn_cityscapes"}
"""Networks of pytorchcv that come to sizes of their own, unless told not to."""


class Reference(Protocol):
    """A network of another library."""

    tolerance: ClassVar[float]
    """The largest relative difference of its outputs from those of an equal network in double precision."""

    def save(self, folder: Path) -> Path:
        """Write the weights into a folder, as the library saves published ones."""

    def compute(self, images: Tensor) -> list[Tensor]:
        """Return the outputs, each N×…, of images, N×C×H×W."""


def make_reference(name: str) -> Reference:
    """Return `LIBRARY:NETWORK` with random weights.

    Raises ImportError if the library is not installed.
    """
    library, _, network = name.partition(":")
    if library == "keras":
        return KerasReference(make_keras(network))
    return TorchReference(randomize(TORCH_LIBRARIES[library](network)))


def make_torchvision(name: str) -> nn.Module:
    """Return a network with the heads of published weights."""
    builder = import_library("torchvision.models").get_model_builder(name)
    options: dict[str, Any] = {"init_weights": False} if name in SLOWLY_INITIALISED else {}
    named = {"weights_backbone": None, "aux_loss": True}  # a backbone would be downloaded
    return builder(**options, **{word: named[word] for word in named if word in signature(builder).parameters})  # type: ignore[no-any-return]


def make_timm(name: str) -> nn.Module:
    return import_library("timm").create_model(name)  # type: ignore[no-any-return]


def make_pytorchcv(name: str) -> nn.Module:
    options = {"fixed_size": False} if name in FIXED_IN_SIZE else {}
    return import_library("pytorchcv.model_provider").get_model(name, **options)  # type: ignore[no-any-return]


TORCH_LIBRARIES: Mapping[str, Callable[[str], nn.Module]] = {
    "torchvision": make_torchvision,
    "timm": make_timm,
    "pytorchcv": make_pytorchcv,
}


def randomize(module: nn.Module) -> nn.Module:
    """Draw all weights and statistics, of a size that keeps the outputs' size."""
    generator = torch.Generator().manual_seed(SEED)
    for name, value in module.state_dict().items():
        if value.ndim > 1:
            value.copy_(torch.randn(value.shape, generator=generator) / value[0].numel() ** 0.5)
        elif name.endswith(("bias", "mean")):
            value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
        elif value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    return module.eval()


@dataclass(frozen=True)
class TorchReference:
    """A module of torchvision, timm or pytorchcv, which computes in double precision."""

    tolerance: ClassVar[float] = 1e-10
    module: nn.Module

    def save(self, folder: Path) -> Path:
        path = folder / "weights.pth"
        torch.save(self.module.state_dict(), path)
        return path

    def compute(self, images: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return list_outputs(self.module.double()(images))


def list_outputs(outputs: Tensor | Sequence[Tensor] | Mapping[str, Tensor]) -> list[Tensor]:
    """Return the outputs of a module: its only one, one with heads, or those by name of torchvision's segmentation."""
    if isinstance(outputs, Tensor):
        return [outputs]
    return list(outputs.values() if isinstance(outputs, Mapping) else outputs)


def make_keras(name: str) -> Any:
    """Return an application of Keras with random weights; raises ImportError."""
    keras = import_library("keras")
    if keras.backend.backend() != "torch":
        raise ImportError(f"Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=torch", name="keras")
    builder = getattr(keras.applications, name)
    plain = {"include_preprocessing": False} if "include_preprocessing" in signature(builder).parameters else {}
    with _no_warnings():
        model = builder(weights=None, classifier_activation=None, **plain)
        randomize_keras(model)
    return model


def randomize_keras(model: Any) -> None:
    """Draw all variables of a model as `randomize` does."""
    generator = torch.Generator().manual_seed(SEED)
    for variable in model.weights:
        shape, name = variable.shape, variable.path.rpartition("/")[2]
        if len(shape) > 1:
            is_depthwise = "dw" in variable.path or "depthwise" in variable.path
            inputs = prod(shape[:2] if is_depthwise else shape[:-1])
            variable.assign((torch.randn(shape, generator=generator) / inputs**0.5).numpy())
        elif name in ("bias", "beta", "moving_mean"):
            variable.assign((torch.randn(shape, generator=generator) * 0.1).numpy())
        elif name in ("gamma", "moving_variance", "variable"):
            variable.assign((torch.rand(shape, generator=generator) + 0.5).numpy())


@dataclass(frozen=True)
class KerasReference:
    """A model of keras.applications without the activation of its classifier.

    It computes in single precision: asked for double, Keras still normalises and adds biases in single.
    """

    tolerance: ClassVar[float] = 1e-5
    model: Any

    def save(self, folder: Path) -> Path:
        path = folder / "model.weights.h5"
        with _no_warnings():
            self.model.save_weights(path)
        return path

    def compute(self, images: Tensor) -> list[Tensor]:
        inputs = (images / find_keras_scale(self.model)).permute(0, 2, 3, 1)
        with _no_warnings():
            return [self.model(inputs.float().numpy(), training=False).detach().cpu().double()]


def find_keras_scale(model: Any) -> float:
    """Return the factor by which layers of a model scale its images; specs leave this to `normalize`."""
    return float(prod(layer.scale for layer in model.layers if type(layer).__name__ == "Rescaling"))


class _no_warnings(warnings.catch_warnings):  # noqa: N801
    """Keras warns of what it does to its own files and layers."""

    def __init__(self) -> None:
        super().__init__(action="ignore")
