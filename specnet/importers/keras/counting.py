"""The variables of a layer as Keras counts them, which `Model.count_params` and `Model.summary` give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from specnet.importers.keras.meanings import Meaning
from specnet.importers.keras.operators import is_operator
from specnet.importers.keras.steps import Step
from specnet.importers.layer_texts import read_layers
from specnet.layers.base import Shape

COUNTER = "num_batches_tracked"
"""A buffer that Keras does not have."""

RULE = "Keras also counts moving statistics, two for each channel of a batch normalisation"

Tensors = Mapping[str, tuple[int, ...]]
"""The names and shapes of the parameters and buffers of a layer."""


def list_tensors(meaning: Meaning, shapes: tuple[Shape, ...]) -> list[Tensors]:
    """Return those of each layer that a call means; a layer without any has an empty mapping."""
    found = list[Tensors]()
    for layer in read_layers(meaning.layers, shapes) if meaning.layers else ():
        tensors = {**layer.parameters(shapes), **layer.buffers(shapes)}
        found.append({role: shape for role, shape in tensors.items() if role != COUNTER})
        shapes = (layer.output(shapes),)
    return found


def count_variables(step: Step, tensors: Sequence[Tensors]) -> int:
    """Return how many numbers Keras has for a layer; constants of its settings are none."""
    config, cls = step.layer.config, step.layer.cls
    if is_operator(step.layer) or cls == "Rescaling":
        return 0
    total = sum(prod(shape) for each in tensors for shape in each.values())
    if cls == "Normalization":  # a mean, a variance and how many images they are of
        return 0 if config.get("mean") is not None else total + 1
    lacked = [role for role, setting in (("weight", "scale"), ("bias", "center")) if config.get(setting, True) is False]
    return total - sum(prod(each.get(role, ())) for each in tensors for role in lacked if role in each)
