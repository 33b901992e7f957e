"""Run a model by Keras itself, where it is installed and the model has no code of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.file_access import describe_reason
from specnet.importers.errors import SourceNotRun
from specnet.importers.imported import RunSource
from specnet.importers.keras.layout import Layout
from specnet.importers.keras.steps import Program

if TYPE_CHECKING:
    from numpy import ndarray


def make_run(path: Path, program: Program, layout: Layout) -> RunSource | None:
    """Return what runs the model in a file; None without Keras, or for a model with code of its own."""
    has_code = any(step.layer.is_custom or step.layer.cls == "Lambda" for step in program.steps)
    if has_code or not find_spec("keras"):
        return None
    return lambda inputs: _run(path, layout, inputs)


def _run(path: Path, layout: Layout, inputs: Sequence[ndarray]) -> list[ndarray]:
    """Return the outputs for N×C×H×W inputs, maps as N×C×H×W; raises SourceNotRun if Keras cannot load the model."""
    import numpy

    keras = _import_keras()
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise SourceNotRun(f"Keras itself cannot load {path}: {describe_reason(error)}") from None
    given = [array if layout.channels_first else _put_channels_last(array) for array in inputs]
    if keras.backend.backend() == "torch" and any(map(_repeats_edge, model._flatten_layers())):
        raise SourceNotRun("Keras on torch counts the edge twice in uneven windows of average pools, as no other does")
    try:
        results = model.predict(given[0] if len(given) == 1 else given, verbose=0)
    except Exception as error:
        raise SourceNotRun(f"Keras itself cannot run {path}: {describe_reason(error)}") from None
    found = [numpy.asarray(each) for each in (results if isinstance(results, list) else [results])]
    return [array if layout.channels_first else _put_channels_first(array) for array in found]


def _repeats_edge(layer: Any) -> bool:
    """Whether an average pool of Keras on torch gives other numbers than on TensorFlow and JAX.

    Where more is padded behind the map than before it, torch's backend of Keras repeats the edge, and counts it.
    """
    if not type(layer).__name__.startswith("AveragePooling") or layer.padding != "same":
        return False
    shapes = [node.input_tensors[0].shape for node in layer._inbound_nodes]
    first = 2 if layer.data_format == "channels_first" else 1
    return any(any(map(_is_uneven, shape[first:], layer.pool_size, layer.strides)) for shape in shapes)


def _is_uneven(size: int | None, window: int, stride: int) -> bool:
    if size is None:
        return True
    return max((-(-size // stride) - 1) * stride + window - size, 0) % 2 == 1


def _import_keras() -> Any:
    """Return the module; without a backend of the user's choice, it computes with torch, which is there."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def _put_channels_last(array: ndarray) -> ndarray:
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array


def _put_channels_first(array: ndarray) -> ndarray:
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array
