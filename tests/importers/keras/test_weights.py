"""Weights come along: the outputs of a spec are those of Keras, which is the oracle."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from specnet.importers import Fate, import_model
from specnet.importers.carrying import carry_weights

pytestmark = pytest.mark.slow
os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("h5py")
keras = pytest.importorskip("keras")
numpy = pytest.importorskip("numpy")

layers: Any = keras.layers


def make_windows() -> Any:
    image = layers.Input((12, 10, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = layers.ZeroPadding2D(((0, 1), (2, 1)))(x)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False)(x)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.ReLU(max_value=6)(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="relu")(x)
    x = layers.SeparableConv2D(6, 3, strides=2, padding="same")(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.Conv2DTranspose(5, 3, strides=2, padding="same")(x)
    x = layers.LayerNormalization(center=False)(x)
    x = layers.GroupNormalization(5)(x)
    x = layers.Dense(4, activation="gelu")(x)
    x = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    x = layers.Flatten()(x)
    return keras.Model(image, layers.Dense(7)(layers.Dropout(0.5)(x)))


def make_tokens() -> Any:
    image = layers.Input((8, 6, 3))
    x = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])(image)
    x = layers.Conv2D(8, 2, strides=2)(x)
    x = layers.Reshape((12, 8))(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)])
    x = layers.Conv1D(6, 3, padding="causal", activation="relu")(x)
    x = layers.Reshape((6, 2, 6))(x)
    x = layers.Permute((2, 1, 3))(x)
    return keras.Model(image, layers.Reshape((72,))(x))


def make_shared() -> Any:
    inner = keras.Sequential(
        [layers.Input((6, 6, 3)), layers.Conv2D(3, 3, padding="same"), layers.BatchNormalization()]
    )
    image = layers.Input((6, 6, 3))
    first = inner(image)
    second = inner(layers.Activation("tanh")(first))
    shared = layers.Conv2D(3, 1)
    x = layers.Concatenate()([shared(first), shared(second), layers.Average()([first, second])])
    return keras.Model(image, [layers.GlobalMaxPooling2D()(x), layers.GlobalAveragePooling2D(keepdims=True)(x)])


def make_channels_first() -> Any:
    first = {"data_format": "channels_first"}
    image = layers.Input((3, 8, 6))
    x = layers.Conv2D(4, 3, **first)(image)
    x = layers.BatchNormalization(axis=1)(x)
    x = layers.MaxPooling2D(2, **first)(x)
    return keras.Model(image, layers.Dense(5)(layers.Flatten()(x)))


def make_gates() -> Any:
    image = layers.Input((8, 6, 4))
    x = layers.Conv2D(8, 3, padding="same")(image)
    gate = layers.Reshape((1, 1, 8))(layers.GlobalAveragePooling2D()(x))
    gate = layers.Dense(2, activation="relu", use_bias=False)(gate)
    x = layers.Multiply()([x, layers.Conv2D(8, 1, activation="sigmoid")(gate)])
    vector = layers.Dense(8, activation="sigmoid")(layers.GlobalMaxPooling2D()(x))
    return keras.Model(image, layers.Multiply()([x, layers.Reshape((1, 1, 8))(vector)]))


def make_combined() -> Any:
    vector = layers.Input((24,))
    x = layers.Permute((2, 3, 1))(layers.Reshape((6, 2, 2))(vector))
    x = layers.Cropping2D(((2, 1), (1, 2)))(layers.Conv2DTranspose(6, 5, strides=2, activation="relu")(x))
    x = layers.Cropping2D(1)(layers.Conv2DTranspose(6, (3, 4), strides=(2, 3))(x))
    x = layers.Reshape((*x.shape[1:3], 6))(layers.Permute((1, 2, 4, 3))(layers.Reshape((*x.shape[1:3], 2, 3))(x)))
    x = layers.AveragePooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    return keras.Model(vector, layers.Flatten()(x))


def shake(model: Any) -> None:
    """Give every variable other numbers than it had when it was made, so that none can be mistaken for another."""
    generator = numpy.random.default_rng(0)
    for variable in model.weights:
        if "seed" not in variable.path:
            numbers = generator.uniform(0.5, 1.5, variable.shape) if "var" in variable.path else generator.normal(
                0.0, 0.4, variable.shape)  # fmt: skip
            variable.assign(numbers.astype("float32"))


MODELS = (make_windows, make_tokens, make_shared, make_channels_first, make_gates, make_combined)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("make", MODELS)
@pytest.mark.filterwarnings("ignore")
def test_outputs_are_those_of_keras(tmp_path: Path, make: Any, ending: str) -> None:
    model = make()
    shake(model)
    file = tmp_path / f"model.{ending}"
    model.save(file)
    result = import_model(str(file))
    assert all(entry.fate in (Fate.EXACT, Fate.EQUAL) for entry in result.imported.entries)
    assert result.imported.totals.parameters == model.count_params()
    assert "outputs differ by at most" in carry_weights(result).summary


@pytest.mark.filterwarnings("ignore")
def test_files_of_another_model_are_refused(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((4, 4, 3)), layers.Conv2D(3, 3)])
    model.save(tmp_path / "model.keras")
    other = keras.Sequential([layers.Input((4, 4, 3)), layers.Conv2D(5, 3)])
    other.save(tmp_path / "other.h5")
    result = import_model(str(tmp_path / "model.keras"), None, tmp_path / "other.h5")
    with pytest.raises(ValueError, match="has no variables of"):
        carry_weights(result)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("size", "said"), [(4, "outputs differ by at most"), (5, "counts the edge twice")])
def test_pools_in_which_keras_on_torch_repeats_the_edge_are_not_compared(tmp_path: Path, size: int, said: str) -> None:
    model = keras.Sequential(
        [layers.Input((size, size, 3)), layers.Conv2D(2, 1), layers.AveragePooling2D(3, strides=3, padding="same")]
    )
    model.save(tmp_path / "model.keras")
    assert said in carry_weights(import_model(str(tmp_path / "model.keras"))).summary
