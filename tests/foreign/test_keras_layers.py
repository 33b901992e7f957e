"""The table of Keras against Keras: the signatures of its layers, and what they compute.

The signatures are recorded in keras_signatures.txt. Where Keras is installed (the extra `oracle`), the slow tests
compare the record with it, and what its layers compute with what their translations do.
"""

from __future__ import annotations

import ast
import inspect
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.foreign.calls import translate_statement
from specnet.foreign.keras_layers import CLASSES
from specnet.foreign.meaning import REQUIRED, Signature
from specnet.foreign.tools import Program
from specnet.source import Source

RECORD = Path(__file__).parent / "keras_signatures.txt"
VERSION, *SIGNATURES = RECORD.read_text(encoding="utf-8").splitlines()
VERSION = VERSION.removeprefix("# The layers of Keras ").partition(",")[0]

ROWS = [
    pytest.param(row, id=f"{name}-{i}") for name, rows in CLASSES.items() for i, row in enumerate(rows) if row.layers
]


def recorded(name: str) -> tuple[dict[str, Any], bool]:
    """Return the defaults of a layer's parameters, and whether it takes any other keyword."""
    (line,) = (line for line in SIGNATURES if line.startswith(f"{name}("))
    (function,) = ast.parse(f"def {line}: ...").body
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    missing = [None] * (len(arguments.args) - len(arguments.defaults))
    defaults = [ast.literal_eval(node) if node else REQUIRED for node in [*missing, *arguments.defaults]]
    return dict(zip((argument.arg for argument in arguments.args), defaults, strict=True)), bool(arguments.kwarg)


@pytest.mark.parametrize("row", ROWS)
def test_every_argument_of_a_layer_is_accounted_for(row: Signature) -> None:
    parameters, is_open = recorded(row.name)
    assert {parameter.name: parameter.default for parameter in row.parameters} == parameters
    assert [parameter.name for parameter in row.parameters] == list(parameters)
    assert bool(row.base) == is_open


@pytest.mark.parametrize(
    ("call", "layers"),
    [
        ("BatchNormalization()", "bn momentum=0.01 eps=1e-3"),
        ("BatchNormalization(momentum=0.99)", "bn momentum=0.01 eps=1e-3"),
        ("BatchNormalization(axis=3, epsilon=1e-5, momentum=0.9)", "bn momentum=0.1 eps=1e-5"),
        ("BatchNormalization(center=False, scale=False)", "bn affine=no momentum=0.01 eps=1e-3"),
        ("LayerNormalization()", "ln eps=1e-3"),
        ("GroupNormalization(8)", "gn G=8 eps=1e-3"),
        ("layers.LeakyReLU()", "leaky_relu slope=0.3"),
        ("layers.LeakyReLU(alpha=0.1)", "leaky_relu slope=0.1"),
        ("ReLU(max_value=6)", "relu6"),
        ("ReLU(6., name='relu')", "relu6"),
        ("ReLU(negative_slope=0.1)", "leaky_relu slope=0.1"),
        ("Activation('swish')", "silu"),
        ("Activation(tf.nn.relu6)", "relu6"),
        ("Conv2D(8, 3, padding='same', strides=2)", "conv K=8 F=3 S=2 P=same"),
        ("Conv2D(8, (3, 5), dilation_rate=2, use_bias=False)", "conv K=8 F=3x5 D=2 bias=no"),
        ("Conv2D(8, 3, activation='relu', data_format='channels_last')", "conv K=8 F=3 -> relu"),
        ("Convolution2D(8, 3, border_mode='same', subsample=(2, 2))", "conv K=8 F=3 S=2 P=same"),
        # N·S + max(F − S, 0) rows
        ("Conv2DTranspose(8, 3, strides=2)", "deconv K=8 F=3 S=2"),
        ("Conv2DTranspose(8, 1, strides=2)", "deconv K=8 F=1 S=2 OP=1"),
        ("Conv2DTranspose(8, (2, 3), strides=3)", "deconv K=8 F=2x3 S=3 OP=1x0"),
        ("Conv2DTranspose(8, 1, strides=2, output_padding=0)", "deconv K=8 F=1 S=2 OP=0"),
        ("Conv2DTranspose(8, 1, strides=2, padding='same')", "deconv K=8 F=1 S=2 P=same"),
        ("SeparableConv2D(8, 3)", "conv K=C F=3 G=C bias=no -> conv K=8 F=1"),
        ("DepthwiseConv2D(3, padding='same')", "conv K=C F=3 P=same G=C"),
        ("AveragePooling2D(3, strides=2, padding='same')", "pool avg F=3 S=2 P=same"),
        ("GlobalAveragePooling2D()", "pool avg global -> flatten"),
        ("GlobalAveragePooling1D()", "pool avg global"),
        ("GlobalMaxPool1D()", "pool max global"),
        ("GlobalAveragePooling2D(keepdims=True)", "pool avg global"),
        ("ZeroPadding2D(((0, 1), (0, 1)))", "pad 0:1"),
        ("ZeroPadding2D((1, 2))", "pad 1x2"),
        ("UpSampling2D(2, interpolation='bilinear')", "upsample 2 bilinear"),
        ("Dropout(0.3)", "dropout 0.3"),
        ("Rescaling(1./255)", "times (1.0 / 255)"),
        ("PReLU(shared_axes=[1, 2])", "prelu channelwise init=0"),
    ],
)
def test_conventions_that_differ_are_translated(call: str, layers: str) -> None:
    translated = translate_statement(call, Program("Keras"))
    assert translated and translated.is_exact, translated
    assert " -> ".join(translated.layers) == layers


@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("Conv2D(8, 3, data_format='channels_first')", "data_format='channels_first'"),
        ("Conv2D(8, 3, kernel_initializer='he_normal')", "kernel_initializer='he_normal'"),
        ("Conv2D(8, 3, kernel_regularizer=l2(1e-4))", "kernel_regularizer=l2(0.0001)"),
        ("Conv2D(8, 3, activation='softplus')", "activation='softplus'"),
        ("BatchNormalization(scale=False)", "scale=False"),
        ("BatchNormalization(axis=1)", "axis=1"),
        ("ReLU(threshold=1.0)", "threshold=1.0"),
        ("ReLU(max_value=4)", "max_value=4"),
        ("PReLU()", "shared_axes=None"),
        ("Dense(10, trainable=False)", "trainable=False"),
        ("Reshape((7, 7, 64))", "pixel by pixel"),
        ("SpatialDropout2D(0.1)", "whole channels"),
        ("UpSampling2D(2, interpolation='lanczos3')", "interpolation='lanczos3'"),
        ("layers.LSTM(64)", "layers.LSTM"),
        ("Conv2DTranspose(8, 3, strides=2, padding='same', output_padding=1)", "takes no `OP` with `P=same`"),
        ("Convolution2D(32, 3, 3, border_mode='same')", "in Keras 2 the third value is the stride"),
    ],
)
def test_what_a_layer_here_does_not_do_is_named(call: str, lost: str) -> None:
    translated = translate_statement(call, Program("Keras"))
    assert translated and not translated.is_exact
    assert lost in " ".join(translated.differences)


# Keras itself

needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed (the extra `oracle`)")


def import_keras() -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    return keras


@pytest.mark.slow
@needs_keras
def test_the_record_is_that_of_keras() -> None:
    keras = import_keras()
    if keras.__version__ != VERSION:
        pytest.skip(f"the record is of Keras {VERSION}, and {keras.__version__} is installed")
    for line in SIGNATURES:
        name = line.partition("(")[0]
        call = keras.layers.Input if name == "Input" else getattr(keras.layers, name).__init__
        parameters = [p.replace(annotation=p.empty) for p in inspect.signature(call).parameters.values()]
        assert line == name + str(inspect.Signature([p for p in parameters if p.name != "self"]))


CALLS = [
    ("Conv2D(8, 3)", (9, 9, 3)),
    ("Conv2D(8, (3, 2), strides=2, padding='same', activation='relu')", (9, 8, 3)),
    ("Conv2D(8, 3, dilation_rate=2, groups=2, use_bias=False)", (9, 9, 4)),
    ("Conv2D(8, 3, activation='leaky_relu')", (9, 9, 3)),
    ("Conv2D(8, 3, activation='gelu')", (9, 9, 3)),
    ("Conv2D(8, 3, activation='hard_sigmoid')", (9, 9, 3)),
    ("Conv2D(8, 3, activation='hard_swish')", (9, 9, 3)),
    ("Conv2D(8, 3, activation='softmax')", (9, 9, 3)),
    ("Conv2DTranspose(8, 3, strides=2, padding='same')", (5, 5, 3)),
    ("Conv2DTranspose(8, 3, strides=2)", (5, 5, 3)),
    ("Conv2DTranspose(8, 1, strides=2)", (5, 5, 3)),
    ("Conv2DTranspose(8, (2, 3), strides=3)", (5, 5, 3)),
    ("DepthwiseConv2D(3, strides=2, padding='same')", (9, 9, 4)),
    ("DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)", (9, 9, 4)),
    ("SeparableConv2D(6, 3, padding='same')", (9, 9, 4)),
    ("SeparableConv2D(6, 3, strides=2, depth_multiplier=2)", (9, 9, 4)),
    ("Dense(5, activation='tanh')", (12,)),
    ("MaxPooling2D()", (8, 8, 3)),
    ("MaxPooling2D(3, strides=2, padding='same')", (8, 8, 3)),
    ("AveragePooling2D(3, strides=2, padding='same')", (9, 9, 3)),  # Keras on torch pads one side by repeating it
    ("AveragePooling2D(2)", (8, 8, 3)),
    ("GlobalAveragePooling2D()", (8, 8, 3)),
    ("GlobalMaxPooling2D(keepdims=True)", (8, 8, 3)),
    ("AdaptiveAveragePooling2D(3)", (8, 8, 3)),
    ("BatchNormalization()", (8, 8, 3)),
    ("BatchNormalization(momentum=0.9, center=False, scale=False)", (8, 8, 3)),
    ("LayerNormalization()", (8, 8, 3)),
    ("LayerNormalization(epsilon=1e-5, center=False, scale=False)", (6,)),
    ("GroupNormalization(2)", (8, 8, 4)),
    ("GroupNormalization(-1)", (8, 8, 4)),
    ("Dropout(0.4)", (6,)),
    ("Activation('silu')", (6,)),
    ("Rescaling(0.5)", (6,)),
    ("ReLU(6)", (6,)),
    ("ReLU(negative_slope=0.2)", (6,)),
    ("LeakyReLU()", (6,)),
    ("PReLU(shared_axes=[1, 2])", (8, 8, 3)),
    ("ELU(0.5)", (6,)),
    ("Softmax()", (8, 8, 3)),
    ("ZeroPadding2D(((0, 1), (2, 0)))", (8, 8, 3)),
    ("Cropping2D(((1, 0), (2, 1)))", (8, 8, 3)),
    ("UpSampling2D(2)", (4, 4, 3)),
    ("UpSampling2D((2, 3), interpolation='bilinear')", (4, 4, 3)),
]


def to_torch(weight: Tensor, shape: torch.Size) -> Tensor:
    """Return a weight of Keras in torch's order of dimensions."""
    if weight.dim() == 4 and shape[1] == 1:  # depthwise: H×W×C×M
        return weight.permute(2, 3, 0, 1).reshape(shape)
    return weight.permute(3, 2, 0, 1) if weight.dim() == 4 else weight.T if weight.dim() == 2 else weight.reshape(shape)


@pytest.mark.slow
@needs_keras
@pytest.mark.parametrize(("call", "shape"), CALLS, ids=[call for call, _ in CALLS])
def test_a_translated_layer_computes_the_same(call: str, shape: tuple[int, ...]) -> None:
    theirs = eval(f"layers.{call}", {"layers": import_keras().layers})
    translated = translate_statement(call, Program("Keras"))
    assert translated and translated.is_exact
    checked = check_source(Source("<spec>", f"input {'x'.join(map(str, shape))}\n" + " -> ".join(translated.layers)))
    assert checked.ok, [diagnostic.message for diagnostic in checked.errors]
    ours = build_module(checked.network).eval()
    x = torch.randn(2, *shape)
    theirs.build((None, *shape))
    state = {**dict(ours.named_parameters()), **{n: b for n, b in ours.named_buffers() if b.dim()}}
    for mine, variable in zip(state.values(), theirs.weights[: len(state)], strict=True):
        variable.assign(torch.rand(tuple(variable.shape)) + 0.5)
        mine.data.copy_(to_torch(variable.value.detach(), mine.shape))
    output = theirs(x, training=False) if "Norm" in call or "Drop" in call else theirs(x)
    expected = output.permute(0, 3, 1, 2) if output.dim() == 4 else output
    torch.testing.assert_close(ours(x.permute(0, 3, 1, 2) if len(shape) == 3 else x), expected, rtol=1e-4, atol=1e-4)
