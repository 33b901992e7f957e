"""The variables of Keras's layers as torch's tensors: F×F×C×K becomes K×C×F×F, and fused ones are put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import StoredArray
from specnet.importers.keras.operators import is_operator, read_line
from specnet.importers.keras.steps import Step
from specnet.layers.base import Shape

if TYPE_CHECKING:
    from numpy import ndarray


class Part(NamedTuple):
    """A tensor of one of the layers that stand for a layer of Keras."""

    step: Step
    place: int
    """The place of its layer among those that have parameters."""
    role: str
    shape: Shape
    map: Shape | None
    """The H×W×C of the map that a fully connected layer reads as a vector, pixel by pixel."""


@dataclass(frozen=True)
class Variables:
    """The variables in a file, which is read when the first of them is needed."""

    path: Path

    @cached_property
    def groups(self) -> Mapping[str, Sequence[tuple[str, ndarray]]]:
        """The variables by the layer's name, or its folder."""
        from specnet.weights.errors import UnreadableWeights
        from specnet.weights.keras_file import read_keras_variables

        try:
            found = read_keras_variables(self.path)
        except UnreadableWeights as error:
            raise UnreadableModel(str(error)) from None
        renamed = {name.replace("_layer_checkpoint_dependencies", "layers"): group for name, group in found.items()}
        return {name: [(each, tensor.numpy()) for each, tensor in group] for name, group in renamed.items()}

    def find(self, step: Step, part: str = "") -> list[ndarray]:
        """Return the variables of a layer, or of a part of it, in Keras's order."""
        folder = "/".join(filter(None, [step.folder, part]))
        if folder in self.groups:
            return [array for _, array in self.groups[folder]]
        group = self.groups.get(step.owner, ())
        if step.owner != step.name:
            own = step.layer.name
            group = [(name, array) for name, array in group if own in name.split("/") or name.startswith(f"{own}_")]
        marked = [(name, array) for name, array in group if part.removesuffix("_dense") in name.split("/")]
        return [array for _, array in (marked if part else group)]

    def store(self, part: Part) -> StoredArray:
        """Return a tensor that is read when it is needed."""
        return StoredArray(part.shape, lambda: self._read(part))

    def _read(self, part: Part) -> ndarray:
        try:
            array = MAKERS.get(part.step.layer.cls, _make_plain)(self, part)
            fits = array.shape == part.shape
        except (IndexError, ValueError):
            fits = False
        if not fits:
            name, size = part.step.name, "×".join(map(str, part.shape))
            raise UnreadableModel(f"the file has no variables of `{name}` that give its {part.role} of {size}")
        return array


def _make_plain(variables: Variables, part: Part) -> ndarray:
    """Return a variable by its place: the scale or weight first, then the bias."""
    if is_operator(part.step.layer):
        return _fill(part, read_line(part.step))
    own = variables.find(part.step)
    return own[0 if part.role == "weight" else 1].reshape(part.shape)


def _make_window(variables: Variables, part: Part) -> ndarray:
    own = variables.find(part.step)
    if part.role != "weight":
        return own[1]
    kernel = own[0] if own[0].ndim == 4 else own[0].reshape(own[0].shape[0], 1, *own[0].shape[1:])
    return kernel.transpose(3, 2, 0, 1)


def _make_depthwise(variables: Variables, part: Part) -> ndarray:
    own = variables.find(part.step)
    return own[0].transpose(2, 3, 0, 1).reshape(part.shape) if part.role == "weight" else own[1]


def _make_separable(variables: Variables, part: Part) -> ndarray:
    own = variables.find(part.step)
    if part.place == 0:
        return own[0].transpose(2, 3, 0, 1).reshape(part.shape)
    return own[1].transpose(3, 2, 0, 1) if part.role == "weight" else own[2]


def _make_dense(variables: Variables, part: Part) -> ndarray:
    """Return a kernel N×K as K×N, or as a window of one pixel; a flattened map's rows are put in torch's order."""
    own = variables.find(part.step)
    if part.role != "weight":
        return own[1]
    kernel = own[0]
    if part.map and prod(part.map[:2]) > 1:
        kernel = kernel.reshape(*part.map, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
    return kernel.T.reshape(part.shape)


def _make_normalisation(variables: Variables, part: Part) -> ndarray:
    """Return the scale, the shift or a statistic; one that Keras lacks is 1 or 0."""
    config, own = part.step.layer.config, variables.find(part.step)
    names = [name for name, key in (("weight", "scale"), ("bias", "center")) if config.get(key, True) is not False]
    names += ["running_mean", "running_var"]
    if part.role not in names:
        return _fill(part, (1, 0))
    return own[names.index(part.role)]


def _make_standardisation(variables: Variables, part: Part) -> ndarray:
    """Return 1/√variance and −mean/√variance of Normalization."""
    import numpy

    config, own = part.step.layer.config, variables.find(part.step)
    given = [config.get(name) for name in ("mean", "variance")]
    mean, variance = (
        numpy.broadcast_to(numpy.asarray(each, dtype=numpy.float32).reshape(-1), part.shape)
        for each in (given if None not in given else own[:2])
    )
    deviation = numpy.maximum(numpy.sqrt(variance), numpy.float32(1e-7))
    array: ndarray = 1 / deviation if part.role == "weight" else -mean / deviation
    return array


def _make_rescaling(variables: Variables, part: Part) -> ndarray:
    """Return the factors and summands that a layer is configured with."""
    import numpy

    config = part.step.layer.config
    value = config.get("scale", 1.0) if part.role == "weight" else config.get("offset", 0.0)
    return numpy.broadcast_to(numpy.asarray(value, dtype=numpy.float32).reshape(-1), part.shape)


def _fill(part: Part, values: tuple[float, float]) -> ndarray:
    """Return a tensor of one number: the first for weights, the second for biases."""
    import numpy

    return numpy.full(part.shape, values[0 if part.role == "weight" else 1], dtype=numpy.float32)


def _make_attention(variables: Variables, part: Part) -> ndarray:
    """Return the projections, C×heads×D and heads of D in Keras, as matrices; queries, keys and values are joined."""
    import numpy

    layer, _, kind = part.role.partition(".")
    names = {"qkv": ("query", "key", "value"), "q": ("query",), "kv": ("key", "value"), "proj": ("attention_output",)}
    folders = {"attention_output": "output_dense"}
    found: list[ndarray] = []
    for name in names[layer]:
        own = variables.find(part.step, folders.get(name, f"{name}_dense")) or variables.find(part.step, name)
        array = own[0 if kind == "weight" else 1]
        if kind == "weight":
            array = array.reshape(-1, array.shape[-1]) if layer == "proj" else array.reshape(array.shape[0], -1)
            array = array.T
        found.append(array.reshape(-1) if kind == "bias" else array)
    return numpy.concatenate(found)


MAKERS: Mapping[str, Callable[[Variables, Part], ndarray]] = {
    **dict.fromkeys(("Conv2D", "Convolution2D", "AtrousConvolution2D", "Conv2DTranspose", "Convolution2DTranspose",
                     "Deconvolution2D", "Conv1D", "Convolution1D"), _make_window),
    **dict.fromkeys(("SeparableConv2D", "SeparableConvolution2D"), _make_separable),
    **dict.fromkeys(("BatchNormalization", "LayerNormalization", "GroupNormalization"), _make_normalisation),
    "Dense": _make_dense,
    "DepthwiseConv2D": _make_depthwise,
    "MultiHeadAttention": _make_attention,
    "Normalization": _make_standardisation,
    "Rescaling": _make_rescaling,
}  # fmt: skip
"""What makes the tensors of each class; those of others are its variables as they are."""
