"""Blobs of a caffemodel go to the layers that have their names: OpenCV, which reads such files, gives the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from specnet.backends.torch_module import build_module
from specnet.importers import ImportResult, UnreadableModel, import_model
from specnet.importers.carrying import carry_weights

NET = """
name: "small"
input: "data"
input_shape { dim: 1 dim: 3 dim: 9 dim: 9 }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
        convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad: 1 bias_term: false } }
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1" batch_norm_param { use_global_stats: true } }
layer { name: "scale1" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
        pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "up" type: "Deconvolution" bottom: "pool1" top: "up"
        convolution_param { num_output: 4 group: 2 kernel_size: 2 stride: 2 } }
layer { name: "fc" type: "InnerProduct" bottom: "up" top: "fc" inner_product_param { num_output: 5 } }
"""
SIZES: dict[str, list[tuple[int, ...]]] = {
    "conv1": [(4, 3, 3, 3)],
    "bn1": [(4,), (4,), (1,)],
    "scale1": [(4,), (4,)],
    "up": [(4, 2, 2, 2), (4,)],
    "fc": [(5, 4 * 6 * 6), (5,)],
}


def tag(number: int, content: bytes) -> bytes:
    """Return a field of bytes, as protobuf writes it."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def write_blob(values: np.ndarray, is_old: bool) -> bytes:
    data = tag(5, values.astype("<f4").tobytes())
    if not is_old:
        return tag(7, tag(1, b"".join(map(varint, values.shape)))) + data
    sizes = (1,) * (4 - values.ndim) + values.shape
    return b"".join(varint(place << 3) + varint(size) for place, size in enumerate(sizes, 1)) + data


def write_model(path: Path, is_old: bool = False) -> dict[str, list[np.ndarray]]:
    """Write random blobs under the names of the layers; return them."""
    draw = np.random.default_rng(0)
    blobs = {name: [draw.uniform(0.2, 1.0, size) for size in sizes] for name, sizes in SIZES.items()}
    blobs["bn1"][2] = np.array([2.0])
    layer, name, own = (2, 4, 6) if is_old else (100, 1, 7)
    content = tag(1, b"small")
    for key, values in blobs.items():
        content += tag(layer, tag(name, key.encode()) + b"".join(tag(own, write_blob(each, is_old)) for each in values))
    path.write_bytes(content)
    return blobs


def read(folder: Path, is_old: bool = False) -> ImportResult:
    (folder / "net.prototxt").write_text(NET, encoding="utf-8")
    write_model(folder / "net.caffemodel", is_old)
    return import_model(folder / "net.prototxt", weights=folder / "net.caffemodel")


def test_outputs_are_those_of_opencv(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV reads Caffe's files")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip("this version of OpenCV reads no files of Caffe")
    result = read(tmp_path)
    module = build_module(result.checked.network).eval()
    module.load_state_dict(load(carry_weights(result).content))
    image = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    theirs = cv2.dnn.readNetFromCaffe(str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"))
    theirs.setInput(image.numpy())
    with torch.no_grad():
        ours = module(image).numpy()
    np.testing.assert_allclose(ours, theirs.forward().reshape(ours.shape), rtol=1e-4)


@pytest.mark.parametrize("is_old", [False, True])
def test_blobs_are_read_by_the_names_of_layers(is_old: bool, tmp_path: Path) -> None:
    result = read(tmp_path, is_old)
    blobs = write_model(tmp_path / "net.caffemodel", is_old)
    found = {name: array.read() for name, array in result.imported.arrays.items()}
    norm = blobs["bn1"][0] / 2, blobs["bn1"][1] / 2, *blobs["scale1"]
    for role, values in zip(("running_mean", "running_var", "weight", "bias"), norm, strict=True):
        np.testing.assert_allclose(found[f"bn1.{role}"], values, rtol=1e-6)
    np.testing.assert_allclose(found["fc.weight"], blobs["fc"][0], rtol=1e-6)
    assert found["conv1.weight"].shape == (4, 3, 3, 3)


def test_a_caffemodel_of_another_network_is_refused(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET.replace("num_output: 5", "num_output: 6"), encoding="utf-8")
    with pytest.raises(UnreadableModel, match="of another network: `fc` has 720 numbers for its weight, and 864"):
        import_model(tmp_path / "net.prototxt", weights=tmp_path / "net.caffemodel")
    (tmp_path / "net.caffemodel").write_bytes(b"\x0a\x01x")
    with pytest.raises(UnreadableModel, match="no caffemodel, or one without weights"):
        import_model(tmp_path / "net.prototxt", weights=tmp_path / "net.caffemodel")
