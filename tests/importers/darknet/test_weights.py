"""Numbers of a .weights file go where Darknet has them: OpenCV, which reads such files, gives the same outputs."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from specnet.backends.torch_module import build_module
from specnet.importers import ImportResult, UnreadableModel, import_model
from specnet.importers.carrying import carry_weights

NET = "[net]\nheight=16\nwidth=16\nchannels=3\n"
CONV = "[convolutional]\nbatch_normalize={}\nfilters={}\nsize={}\nstride={}\npad=1\nactivation={}\n"
RESIDUAL = (
    NET
    + CONV.format(1, 8, 3, 1, "leaky")
    + CONV.format(1, 16, 3, 2, "leaky")
    + CONV.format(1, 8, 1, 1, "leaky")
    + CONV.format(0, 16, 3, 1, "linear")
    + "[shortcut]\nfrom=-3\nactivation=linear\n[maxpool]\nsize=2\nstride=2\n[upsample]\nstride=2\n"
    + "[route]\nlayers=-1,1\n"
    + CONV.format(1, 4, 1, 1, "linear")
)
CONNECTED = NET + CONV.format(1, 4, 3, 2, "leaky") + "[connected]\noutput=5\nactivation=linear\n"


def write_files(folder: Path, cfg: str, extra: int = 0, version: tuple[int, int] = (0, 2)) -> ImportResult:
    """Write a cfg with random weights, and import both."""
    path, weights = folder / "net.cfg", folder / "net.weights"
    path.write_text(cfg, encoding="utf-8")
    count = import_model(path).imported.totals.parameters
    assert count
    numbers = np.random.default_rng(0).uniform(0.1, 0.5, count + extra).astype("<f4")
    weights.write_bytes(struct.pack("<3i", *version, 0) + struct.pack("<q", 0) + numbers.tobytes())
    return import_model(path, weights=weights)


def run(result: ImportResult, image: torch.Tensor) -> np.ndarray:
    module = build_module(result.checked.network).eval()
    module.load_state_dict(load(carry_weights(result).content))
    with torch.no_grad():
        output: np.ndarray = module(image).numpy()
    return output


@pytest.mark.parametrize("cfg", [RESIDUAL, CONNECTED])
def test_outputs_are_those_of_opencv(cfg: str, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV reads Darknet's files")
    result = write_files(tmp_path, cfg)
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    theirs = cv2.dnn.readNetFromDarknet(str(tmp_path / "net.cfg"), str(tmp_path / "net.weights"))
    theirs.setInput(image.numpy())
    ours = run(result, image)
    np.testing.assert_allclose(ours.reshape(-1), theirs.forward().reshape(-1), rtol=1e-3)


def test_arrays_follow_each_other_as_darknet_writes_them(tmp_path: Path) -> None:
    result = write_files(tmp_path, CONNECTED)
    numbers = np.frombuffer((tmp_path / "net.weights").read_bytes()[20:], "<f4")
    read = {name: array.read() for name, array in result.imported.arrays.items()}
    order = ["layer0_bn.bias", "layer0_bn.weight", "layer0_bn.running_mean", "layer0_bn.running_var", "layer0.weight"]
    order += ["layer1.bias", "layer1.weight"]
    assert sorted(read) == sorted(order)
    np.testing.assert_array_equal(np.concatenate([read[name].reshape(-1) for name in order]), numbers)
    assert read["layer0.weight"].shape == (4, 3, 3, 3)


def test_weights_of_old_versions_are_transposed(tmp_path: Path) -> None:
    path, weights = tmp_path / "net.cfg", tmp_path / "net.weights"
    result = write_files(tmp_path, CONNECTED)
    plain = result.imported.arrays["layer1.weight"].read().copy()
    data = weights.read_bytes()
    weights.write_bytes(struct.pack("<4i", 2000, 0, 0, 0) + data[20:])
    turned = import_model(path, weights=weights).imported.arrays["layer1.weight"].read()
    np.testing.assert_array_equal(turned, plain.reshape(plain.shape[::-1]).T)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableModel, match="7 numbers are left over"):
        write_files(tmp_path, CONNECTED, 7)
    with pytest.raises(UnreadableModel, match="of another network"):
        write_files(tmp_path, CONNECTED, -7)
    (tmp_path / "net.weights").write_bytes(b"x")
    with pytest.raises(UnreadableModel, match="no file of Darknet's weights"):
        import_model(tmp_path / "net.cfg", weights=tmp_path / "net.weights")
