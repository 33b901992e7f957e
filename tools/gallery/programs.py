"""Programs that draw AlexNet, ResNet-50 and U-Net with other tools, into the file that is their only argument."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

ALEXNET_OF_TORCH = """
from torch import nn
model = nn.Sequential(
    nn.Conv2d(3, 96, 11, 4), nn.ReLU(), nn.MaxPool2d(3, 2),
    nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
    nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
    nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
    nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
    nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(),
    nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000),
)
shape = (1, 3, 227, 227)
"""

# torchvision looks for its compiled operators when it is imported, also where they were built for another torch
RESNET50_OF_TORCH = """
import torch
kept = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, name):
        kept.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from torchvision.models import resnet50
model, shape = resnet50(), (1, 3, 224, 224)
"""

UNET_OF_TORCH = """
import specnet
model, shape = specnet.compile("unet"), (1, 1, 572, 572)
"""

TORCH = {"alexnet": ALEXNET_OF_TORCH, "resnet50": RESNET50_OF_TORCH, "unet": UNET_OF_TORCH}
"""How each network is made in torch: `model`, and the `shape` of its input."""

ALEXNET_OF_KERAS = """
import keras
from keras import layers
model = keras.Sequential([
    keras.Input((227, 227, 3)),
    layers.Conv2D(96, 11, 4, activation="relu"), layers.MaxPooling2D(3, 2),
    layers.Conv2D(256, 5, padding="same", activation="relu"), layers.MaxPooling2D(3, 2),
    layers.Conv2D(384, 3, padding="same", activation="relu"),
    layers.Conv2D(384, 3, padding="same", activation="relu"),
    layers.Conv2D(256, 3, padding="same", activation="relu"), layers.MaxPooling2D(3, 2),
    layers.Flatten(), layers.Dense(4096, activation="relu"), layers.Dropout(0.5),
    layers.Dense(4096, activation="relu"), layers.Dropout(0.5), layers.Dense(1000),
])
"""

RESNET50_OF_KERAS = """
import keras
model = keras.applications.ResNet50(weights=None)
"""

UNET_OF_KERAS = """
import keras
from keras import layers
def double(x, channels):
    x = layers.Conv2D(channels, 3, activation="relu")(x)
    return layers.Conv2D(channels, 3, activation="relu")(x)
x = start = keras.Input((572, 572, 1))
copies = []
for channels in (64, 128, 256, 512):
    x = double(x, channels)
    if channels == 512:
        x = layers.Dropout(0.5)(x)
    copies.append(x)
    x = layers.MaxPooling2D(2)(x)
x = layers.Dropout(0.5)(double(x, 1024))
for channels in (512, 256, 128, 64):
    x = layers.Conv2DTranspose(channels, 2, 2)(x)
    copy = copies.pop()
    edge = (copy.shape[1] - x.shape[1]) // 2
    x = double(layers.Concatenate()([layers.Cropping2D(edge)(copy), x]), channels)
model = keras.Model(start, layers.Conv2D(2, 1)(x))
"""

KERAS = {"alexnet": ALEXNET_OF_KERAS, "resnet50": RESNET50_OF_KERAS, "unet": UNET_OF_KERAS}
"""How each network is made in Keras."""

TORCHVIEW = """
import sys
from pathlib import Path
from torchview import draw_graph
graph = draw_graph(model, input_size=shape, device="meta").visual_graph
target = Path(sys.argv[1])
target.write_bytes(graph.pipe(target.suffix[1:]))
"""

PLOT_MODEL = """
import sys
keras.utils.plot_model(model, sys.argv[1], show_shapes=True)
"""

VISUALTORCH = """
import sys
import visualtorch
visualtorch.render(model, shape, style="flow").convert("RGB").save(sys.argv[1])
"""

ONNX = """
import sys
import torch
torch.onnx.export(model.eval(), (torch.zeros(shape),), sys.argv[1])
"""

MODULES: Mapping[str, tuple[str, ...]] = {
    "torchview": ("torch", "torchvision", "torchview"),
    "keras": ("torch", "keras", "pydot"),
    "visualtorch": ("torch", "torchvision", "visualtorch"),
    "netron": ("torch", "torchvision", "onnx", "onnxscript", "netron"),
}
"""The modules that each tool's programs import."""


def find_missing(tool: str) -> list[str]:
    """Return the modules of a tool that are not installed."""
    return [module for module in MODULES[tool] if not find_spec(module)]
