"""Write small models of every format that is imported: those of libraries that are not installed are left out."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CAFFE = """name: "Small"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 32 dim: 32 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 8 kernel_size: 3 pad: 1 bias_term: false } }
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1" }
layer { name: "scale1" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  convolution_param { num_output: 8 kernel_h: 3 kernel_w: 1 pad_h: 1 group: 2 dilation: 1 } }
layer { name: "sum" type: "Eltwise" bottom: "pool1" bottom: "conv2" top: "sum" eltwise_param { operation: SUM } }
layer { name: "slice" type: "Slice" bottom: "sum" top: "a" top: "b" slice_param { axis: 1 slice_point: 4 } }
layer { name: "concat" type: "Concat" bottom: "b" bottom: "a" top: "c" }
layer { name: "lrn" type: "LRN" bottom: "c" top: "c" lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 } }
layer { name: "drop" type: "Dropout" bottom: "c" top: "c" dropout_param { dropout_ratio: 0.5 } }
layer { name: "fc" type: "InnerProduct" bottom: "c" top: "fc" inner_product_param { num_output: 10 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" include { phase: TRAIN } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" include { phase: TEST } }
"""

OLD_CAFFE = """name: "Old"
input: "data" input_dim: 1 input_dim: 3 input_dim: 27 input_dim: 27
layers { name: "conv1" type: CONVOLUTION bottom: "data" top: "conv1" blobs_lr: 1 weight_decay: 1
  convolution_param { num_output: 4 kernel_size: 5 stride: 2 } }
layers { name: "relu1" type: RELU bottom: "conv1" top: "conv1" }
layers { name: "ip" type: INNER_PRODUCT bottom: "conv1" top: "ip" inner_product_param { num_output: 5 } }
layers { name: "prob" type: SOFTMAX bottom: "ip" top: "prob" }
"""

DARKNET = """[net]
batch=64
height=64
width=64
channels=3
learning_rate=0.001
policy=steps
steps=100,200
scales=.1,.1
[convolutional]
batch_normalize=1
filters=16
size=3
stride=1
pad=1
activation=leaky
[maxpool]
size=2
stride=2
[convolutional]
filters=16
size=1
stride=1
pad=1
activation=mish
[shortcut]
from=-2
activation=linear
[route]
layers=-1
groups=2
group_id=1
[upsample]
stride=2
[route]
layers=-1,0
[convolutional]
filters=18
size=1
activation=linear
[yolo]
mask = 0,1,2
anchors = 10,14, 23,27, 37,58
classes=1
num=3
"""

YAML = """nc: 80
depth_multiple: 0.33
width_multiple: 0.25
anchors:
  - [10,13, 16,30, 33,23]
backbone:
  [[-1, 1, Conv, [64, 6, 2, 2]],
   [-1, 1, Conv, [128, 3, 2]],
   [-1, 3, C3, [128]],
   [-1, 1, SPPF, [128, 5]],
  ]
head:
  [[-1, 1, Conv, [64, 1, 1]],
   [-1, 1, nn.Upsample, [None, 2, 'nearest']],
   [[-1, 0], 1, Concat, [1]],
   [-1, 3, C3, [64, False]],
   [[7], 1, Detect, [nc, anchors]],
  ]
"""


def write_seeds(folder: Path) -> None:
    """Write the models into a folder."""
    texts = {"a.prototxt": CAFFE, "old.prototxt": OLD_CAFFE, "a.cfg": DARKNET, "a.yaml": YAML}
    for name, text in texts.items():
        (folder / name).write_text(text)
    makers: tuple[Callable[[Path], None], ...] = (_write_onnx, _write_keras, _write_torch)
    for write in makers:
        with suppress(ImportError), warnings.catch_warnings(action="ignore"):
            write(folder)


def _write_onnx(folder: Path) -> None:
    """Write a convolutional network and an attention by the older exporter's operators."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper
    from onnx.numpy_helper import from_array

    weight = from_array(np.ones((8, 3, 3, 3), np.float32), "conv.weight")
    dense = from_array(np.ones((8, 5), np.float32), "fc.weight")
    shape = from_array(np.array([0, -1], np.int64), "shape")
    nodes = [
        helper.make_node("Conv", ["x", "conv.weight"], ["a"], name="/conv/Conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Sigmoid", ["c"], ["s"]),
        helper.make_node("Mul", ["c", "s"], ["d"]),
        helper.make_node("GlobalAveragePool", ["d"], ["e"]),
        helper.make_node("Reshape", ["e", "shape"], ["f"]),
        helper.make_node("MatMul", ["f", "fc.weight"], ["y"]),
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)
        for name, sizes in (("x", ["N", 3, 16, 16]), ("y", ["N", 5]))
    ]
    graph = helper.make_graph(nodes, "small", values[:1], values[1:], [weight, dense, shape])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), str(folder / "a.onnx"))


def _write_keras(folder: Path) -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    layers = keras.layers
    image = layers.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.BatchNormalization()(x)
    y = layers.ReLU()(x)
    x = layers.Concatenate()([layers.Add()([y, x]), layers.DepthwiseConv2D(3, padding="same")(y)])
    x = layers.Dense(5, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(image, x)
    model.save(folder / "a.keras")
    (folder / "a.json").write_text(model.to_json())
    with suppress(ImportError):
        model.save(folder / "a.h5")
    (folder / "lambda.json").write_text(model.to_json().replace('"ReLU"', '"Lambda"'))


def _write_torch(folder: Path) -> None:
    import torch
    from torch import nn

    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(256, 3))
    program = torch.export.export(net.eval(), (torch.zeros(1, 3, 8, 8),))
    content = io.BytesIO()
    torch.export.save(program, content)
    (folder / "a.pt2").write_bytes(content.getvalue())
