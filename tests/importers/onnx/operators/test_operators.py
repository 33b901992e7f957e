"""What operators of ONNX become, by running both sides: onnxruntime is the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from numpy import ndarray

from specnet.importers import import_model
from specnet.importers.carrying import carry_weights
from specnet.importers.onnx.operators import CONVERTED
from tests.importers.onnx.made_models import OPSET, build, floats, integers, make_weights, node, write


class Case(NamedTuple):
    """Operators from `x` to `y`, and the layers that they come to."""

    nodes: Sequence[Any]
    layers: str
    shape: Sequence[int] = (1, 4, 8, 8)
    weights: Mapping[str, ndarray] = {}
    opset: int = OPSET


CONV = make_weights(w=(4, 4, 3, 3))
AFFINE = make_weights(scale=(4,), bias=(4,), mean=(4,), variance=(4,))


def after_conv(kind: str, layers: str, inputs: str = "", opset: int = OPSET, **attributes: Any) -> Case:
    """Return a case whose operator reads a convolution, so that there are weights to carry."""
    nodes = [node("Conv", "x w", "c", pads=[1] * 4), node(kind, f"c {inputs}", "y", **attributes)]
    return Case(nodes, f"conv {layers}".strip(), weights=CONV, opset=opset)


def with_weights(case: Case, **weights: ndarray) -> Case:
    return case._replace(weights={**case.weights, **weights})


CASES = {
    "same upper": Case([node("Conv", "x w", "y", auto_pad="SAME_UPPER", strides=[2, 2])], "conv", weights=CONV),
    "same lower": Case([node("Conv", "x w", "y", auto_pad="SAME_LOWER", strides=[2, 2])], "conv", weights=CONV),
    "depthwise": Case([node("Conv", "x w b", "y", group=4, dilations=[2, 1], pads=[2, 1, 2, 1])], "conv",
                      weights=make_weights(w=(8, 1, 3, 3), b=(8,))),
    "transposed": Case([node("ConvTranspose", "x w b", "y", strides=[2, 2], pads=[1] * 4, output_padding=[1, 1])],
                       "deconv", weights=make_weights(w=(4, 6, 3, 3), b=(6,))),
    "gemm": Case([node("Flatten", "x", "f"), node("Gemm", "f w b", "y", transB=1)], "fc",
                 weights=make_weights(w=(5, 256), b=(5,))),
    "gemm scaled": Case([node("Flatten", "x", "f"), node("Gemm", "f w b", "y", alpha=0.5, beta=2.0)], "fc",
                        weights=make_weights(w=(256, 5), b=(1, 5))),
    "matmul and add": Case([node("Flatten", "x", "f"), node("MatMul", "f w", "m"), node("Add", "b m", "y")], "fc",
                           weights=make_weights(w=(256, 5), b=(5,))),
    "conv and add": Case([node("Conv", "x w", "c"), node("Add", "c b", "y")], "conv",
                         weights=make_weights(w=(6, 4, 3, 3), b=(6, 1, 1))),
    "batch norm": Case([node("BatchNormalization", "x scale bias mean variance", "y", epsilon=1e-3)], "bn",
                       weights=AFFINE),
    "batch norm spelled out": Case([node("BatchNormalization", "x one zero mean variance", "n"),
                                    node("Mul", "n s", "m"), node("Add", "m t", "y")], "bn scale",
                                   weights=make_weights(one=(4,), zero=(4,), mean=(4,), variance=(4,), s=(4, 1, 1),
                                                        t=(4, 1, 1))),
    "instance norm": Case([node("InstanceNormalization", "x scale bias", "y")], "instance_norm",
                          weights=make_weights(scale=(4,), bias=(4,))),
    "group norm": Case([node("GroupNormalization", "x scale bias", "y", num_groups=2)], "gn", opset=21,
                       weights=make_weights(scale=(4,), bias=(4,))),
    "group norm of groups": Case([node("GroupNormalization", "x scale bias", "y", num_groups=2)], "gn", opset=18,
                                 weights=make_weights(scale=(2,), bias=(2,))),
    "group norm by instance norm": Case(
        [node("Reshape", "x to", "r"), node("InstanceNormalization", "r one zero", "n"), node("Shape", "x", "s"),
         node("Reshape", "n s", "g"), node("Mul", "g a", "m"), node("Add", "m b", "y")], "gn",
        weights={"to": integers(0, 2, -1), "one": floats(1, 1), "zero": floats(0, 0),
                 **make_weights(a=(4, 1, 1), b=(4, 1, 1))}),
    "layer norm": Case([node("Transpose", "x", "t", perm=[0, 2, 3, 1]), node("LayerNormalization", "t s b", "n"),
                        node("Transpose", "n", "y", perm=[0, 3, 1, 2])], "ln", weights=make_weights(s=(4,), b=(4,))),
    "lrn": after_conv("LRN", "lrn", size=3, alpha=0.1, beta=0.5, bias=2.0),
    "max pool ceil": after_conv("MaxPool", "pool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    "max pool padded behind": after_conv("MaxPool", "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 2, 2]),
    "max pool dilated": after_conv("MaxPool", "pool", kernel_shape=[2, 2], dilations=[2, 2]),
    "average pool": after_conv("AveragePool", "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
    "average pool with padding": after_conv("AveragePool", "pool", kernel_shape=[3, 3], pads=[1] * 4,
                                            count_include_pad=1),
    "global pool": after_conv("GlobalAveragePool", "pool"),
    "global max": after_conv("GlobalMaxPool", "pool"),
    "mean of attributes": after_conv("ReduceMean", "pool", axes=[2, 3], opset=13),
    "mean of inputs": with_weights(after_conv("ReduceMean", "pool", "a", opset=18), a=integers(2, 3)),
    "maximum over the map": after_conv("ReduceMax", "pool flatten", axes=[-1, -2], keepdims=0),
    "relu6": after_conv("Clip", "relu6", min=0.0, max=6.0, opset=9),
    "clip of inputs": with_weights(after_conv("Clip", "relu6", "low high"), low=floats(0)[0], high=floats(6)[0]),
    "hard sigmoid": after_conv("HardSigmoid", "hard_sigmoid", alpha=1 / 6),
    "hard swish": after_conv("HardSwish", "hard_swish"),
    "mish": after_conv("Mish", "mish", opset=18),
    "gelu": after_conv("Gelu", "gelu", opset=20),
    "gelu by tanh": after_conv("Gelu", "gelu", opset=20, approximate="tanh"),
    "elu": after_conv("Elu", "elu", alpha=0.5),
    "selu": after_conv("Selu", "selu"),
    "leaky relu": after_conv("LeakyRelu", "leaky_relu", alpha=0.1),
    "tanh": after_conv("Tanh", "tanh"),
    "sigmoid": after_conv("Sigmoid", "sigmoid"),
    "prelu": Case([node("PRelu", "x s", "y")], "prelu", weights=make_weights(s=(4, 1, 1))),
    "quick gelu": after_conv("QuickGelu", "times sigmoid mul", domain="com.microsoft"),
    "softmax of channels": after_conv("Softmax", "softmax", axis=1),
    "softmax of all": Case([node("Flatten", "x", "f"), node("Gemm", "f w", "g"), node("Softmax", "g", "y")],
                           "fc softmax", weights=make_weights(w=(256, 5)), opset=11),
    "dropout": after_conv("Dropout", "dropout"),
    "pixel shuffle": after_conv("DepthToSpace", "depth_to_space", blocksize=2, mode="CRD"),
    "depth to space": after_conv("DepthToSpace", "depth_to_space", blocksize=2),
    "space to depth": after_conv("SpaceToDepth", "space_to_depth", blocksize=2),
    "upsample": with_weights(after_conv("Upsample", "upsample", "s", opset=9), s=floats(1, 1, 2, 2)),
    "resize": with_weights(after_conv("Resize", "upsample", "- - n", mode="linear"), n=integers(1, 4, 12, 16)),
    "resize by corners": with_weights(after_conv("Resize", "upsample", "- - n", mode="linear",
                                                 coordinate_transformation_mode="align_corners"),
                                      n=integers(1, 4, 12, 16)),
    "resize by the nearest": with_weights(after_conv("Resize", "upsample", "- - n", mode="nearest"),
                                          n=integers(1, 4, 16, 24)),
    "pad": with_weights(after_conv("Pad", "pad", "p", mode="reflect"), p=integers(0, 0, 1, 2, 0, 0, 3, 1)),
    "slice of channels": with_weights(after_conv("Slice", "slice", "s e a"), s=integers(1), e=integers(3),
                                      a=integers(1)),
    "slice of attributes": after_conv("Slice", "slice", starts=[1], ends=[9223372036854775807], axes=[-1], opset=9),
    "split": Case([node("Conv", "x w", "c"), node("Split", "c", "a b", axis=1, num_outputs=2), node("Mul", "a b", "y")],
                  "conv slice slice mul", weights=CONV, opset=18),
    "concat": Case([node("Conv", "x w", "a"), node("Relu", "a", "b"), node("Concat", "a b", "y", axis=1)],
                   "conv relu concat", weights=CONV),
    "sum": Case([node("Conv", "x w", "a"), node("Relu", "a", "b"), node("Sum", "a b a", "y")], "conv relu add",
                weights=CONV),
    "squeeze": Case([node("Conv", "x w", "c"), node("GlobalAveragePool", "c", "g"), node("Squeeze", "g a", "y")],
                    "conv pool flatten", weights={**CONV, "a": integers(2, 3)}),
    "shape arithmetic": Case(
        [node("Conv", "x w", "c"), node("Shape", "c", "s"), node("Gather", "s zero", "n"),
         node("Unsqueeze", "n zeros", "u"), node("Concat", "u rest", "to", axis=0), node("Reshape", "c to", "r"),
         node("MatMul", "r m", "y")], "conv fc",
        weights={**CONV, "zero": integers(0).reshape(()), "zeros": integers(0), "rest": integers(-1),
                 **make_weights(m=(144, 5))}),
    "dequantised weights": Case([node("DequantizeLinear", "q s z", "w", axis=0), node("Conv", "x w", "y")], "conv",
                                weights={"q": (CONV["w"] * 40).astype("i1"), "s": abs(CONV["w"][0, :, 0, 0]) + 0.1,
                                         "z": (CONV["w"][0, :, 0, 0] * 3).astype("i1")}),
    "einsum": Case([node("Flatten", "x", "f"), node("Einsum", "f w", "y", equation="bi,ij->bj")], "fc",
                   weights=make_weights(w=(256, 5))),
    "einsum of weights": Case([node("Einsum", "w x", "y", equation="kc,bchw->bkhw")], "conv",
                              weights=make_weights(w=(5, 4))),
    "constants": Case([node("Constant", "", "k", value_float=3.0), node("Conv", "x w", "c"), node("Mul", "c k", "y")],
                      "conv times", weights=CONV),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=[*CASES])
def test_an_operator_computes_what_onnxruntime_does(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path, build(case.nodes, case.shape, case.weights, case.opset))
    result = import_model(path)
    assert [node.layer.kind for node in result.checked.network.nodes if node.layer] == case.layers.split()
    assert "outputs differ by at most" in carry_weights(result).summary
    assert not result.imported.lost


def test_every_converted_kind_is_an_operator() -> None:
    import onnx

    known = {schema.name for schema in onnx.defs.get_all_schemas_with_history()}
    assert {kind for domain, kind in CONVERTED if not domain} <= known
