"""Files of the exporters of torch and Keras come back as the layers that they were made of."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from specnet.importers import import_model
from specnet.importers.carrying import carry_weights


class Block(nn.Module):
    """A residual block with a biased convolution before its norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv, self.bn, self.act = nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        summed: Tensor = self.act(self.bn(self.conv(x))) + x
        return summed


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.bn0 = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.layer1, self.gn, self.pool = nn.Sequential(Block(8), Block(8)), nn.GroupNorm(2, 8), nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 10)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.weight.data, module.bias.data, module.running_mean, module.running_var):
                    assert tensor is not None
                    tensor.uniform_(0.5, 1.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer1(torch.relu(self.bn0(self.stem(x))))
        x = nn.functional.max_pool2d(self.gn(nn.functional.interpolate(x, scale_factor=2)), 3, 2, ceil_mode=True)
        logits: Tensor = self.fc(self.pool(nn.functional.hardswish(x)).flatten(1))
        return logits


LAYERS = "conv bn relu conv bn silu add conv bn silu add upsample gn pool hard_swish pool fc"


@pytest.mark.slow
@pytest.mark.parametrize(("dynamo", "opset"), [(True, None), (False, 17), (False, 9)])
def test_both_exporters_of_torch(dynamo: bool, opset: int | None, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "small.onnx"
    with warnings.catch_warnings(action="ignore"):
        options = {"external_data": False, "verbose": False} if dynamo else {"opset_version": opset}
        torch.onnx.export(Small().eval(), (torch.zeros(2, 3, 32, 32),), path, dynamo=dynamo, **options)
        gc.collect()  # the exporter leaves folders open, of which Python warns
    result = import_model(path)
    layers = LAYERS if dynamo else LAYERS.replace(" bn", "")
    assert [node.layer.kind for node in result.checked.network.nodes if node.layer] == layers.split()
    names = [node.name for node in result.imported.network.nodes]
    assert names[0] == "stem" and "layer1.1.conv" in names and names[-1] == "fc"
    assert "outputs differ by at most" in carry_weights(result).summary


KERAS = """
import sys, keras, numpy
network = keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), classes=10)
network(numpy.zeros((1, 32, 32, 3), "f4"))
network.export(sys.argv[1], format="onnx", verbose=False)
"""


@pytest.mark.slow
def test_the_exporter_of_keras(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    path = tmp_path / "mobile.onnx"
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS, path], check=True, env=environment, capture_output=True
    )
    result = import_model(path)
    assert result.checked.network.inputs[0].shape == (32, 32, 3)
    assert "inverted_residual" in result.text and not result.imported.lost
    assert "outputs differ by at most" in carry_weights(result).summary
