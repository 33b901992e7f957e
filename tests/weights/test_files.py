"""Files of each format are told apart by their content, and damaged and hostile ones answered by one sentence."""

from __future__ import annotations

import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save
from small_networks import bn, build, conv, pairs
from torch import Tensor

from specnet.weights import MissingReader, UnreadableWeights, match_weights, read_weights_file

TENSORS = conv("a", 4, 3, 3, 3) | bn("b", 4)


def dump(content: Any, old: bool = False) -> bytes:
    """Return what torch.save writes, today or before 1.6."""
    buffer = BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not old)
    return buffer.getvalue()


def compress(name: str, content: bytes) -> bytes:
    """Return a zip file with one compressed entry."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def export(old: bool) -> bytes:
    """Return a program of torch.export, or of torch.jit."""
    buffer, module, inputs = BytesIO(), torch.nn.Linear(2, 2).eval(), torch.ones(1, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if old:
            torch.jit.save(torch.jit.trace(module, inputs), buffer)
        else:
            torch.export.save(torch.export.export(module, (inputs,)), buffer)
    return buffer.getvalue()


def cut_in_name() -> bytes:
    """Return half of a file from before torch 1.6, which ends within the name of a function."""
    content = dump(TENSORS, old=True)
    return content[: content.index(b"_rebuild_tensor") + 8]


def write_hdf5(fill: Callable[[Any], None]) -> bytes:
    """Return an HDF5 file."""
    h5py = pytest.importorskip("h5py")
    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


class Attack:
    """A pickle that would run a command when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("attacked",)


@pytest.mark.parametrize(
    "content",
    [
        dump(TENSORS),
        dump(TENSORS, old=True),
        dump({"state_dict": {f"module.{name}": tensor for name, tensor in TENSORS.items()}, "epoch": 90}),
        dump({"model": {f"_orig_mod.module.{name}": tensor for name, tensor in TENSORS.items()}, "optimizer": {}}),
        dump({"model_state_dict": TENSORS, "loss": 0.5}),
        dump({"net": TENSORS, "accuracy": torch.tensor(0.9), "optimizer": {"state": {0: {"momentum": torch.ones(2)}}}}),
        dump({"model": TENSORS, "model_ema": conv("c", 1, 1)}),
        save(TENSORS),
    ],
    ids=["zip", "pickle", "DataParallel", "compiled", "checkpoint", "only state", "usual state", "safetensors"],
)
def test_a_file_is_read_by_its_content_whatever_its_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    layers = {layer.name: layer.tensors for layer in read_weights_file(path).layers}
    assert layers.keys() == {"a", "b"}
    assert all(layers[name.split(".")[0]][name.split(".")[1]].equal(tensor) for name, tensor in TENSORS.items())


def test_a_safetensors_file_may_begin_as_a_pickle(tmp_path: Path) -> None:
    """Its first byte is the lowest of the length of its header."""
    contents = (save(TENSORS, {"note": "x" * length}) for length in range(0, 256, 8))
    (tmp_path / "w").write_bytes(next(content for content in contents if content[0] == 0x80))
    assert {layer.name for layer in read_weights_file(tmp_path / "w").layers} == {"a", "b"}


def bomb(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", (10**12,), dtype="f4", chunks=(10**6,))


def read_elsewhere(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", (9,), dtype="i1", external=[("/etc/hostname", 0, 9)])


def name_nothing(file: Any) -> None:
    file.attrs["layer_names"] = ["missing"]


def lose_itself(file: Any) -> None:
    """Groups that contain themselves, each twice."""
    for number in range(60):
        file.create_group(f"group{number}")
    for number in range(59):
        file[f"group{number}/one"] = file[f"group{number}/other"] = file[f"group{number + 1}"]
    file["group59/loop"] = file["/"]


DAMAGED = "is damaged or only half there"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: dump({"a": torch.ones(2), "b": Attack()}), "could run any code; in Python, torch.save"),
        (lambda: dump({"b": Attack()}, old=True), "could run any code; in Python, torch.save"),
        (lambda: pickle.dumps(Attack()), "could run any code; in Python, torch.save"),
        (lambda: dump(torch.nn.Linear(2, 2)), "could run any code; in Python, torch.save"),
        (lambda: dump([1, 2]), "holds no tensors by name; in Python, torch.save"),
        (
            lambda: dump(dict.fromkeys("abcdefgh", 1)),
            "no tensors by name: its keys are a, b, c, d, e, f and 2 more; in",
        ),
        (
            lambda: dump({"net": TENSORS, "net_ema": TENSORS}),
            r"does not say which tensors are the network's: its keys are net, net_ema; in Python, "
            r"torch.save\(torch.load\(…\)\['net'\], …\) writes the first ones alone",
        ),
        (
            lambda: export(old=True),
            r"is a TorchScript archive of torch.jit.save, .*torch.save\(torch.jit.load\(…\).state",
        ),
        (
            lambda: export(old=False),
            r"is an exported program of torch.export; .*torch.save\(dict\(torch.export.load\(…",
        ),
        (
            lambda: compress("old/w.pth", b""),
            "a zip archive that torch.save has not written, and holds old/w.pth; unpack",
        ),
        (lambda: b"PK\x05\x06" + bytes(18), "is no file of weights"),
        (lambda: dump(TENSORS)[:700], DAMAGED),
        (lambda: dump({"a": torch.ones(9999)})[:5000], DAMAGED),
        (cut_in_name, DAMAGED),
        (lambda: dump(TENSORS, old=True)[:-9], DAMAGED),
        (lambda: dump(TENSORS, old=True)[:40], DAMAGED),
        (
            lambda: compress("archive/data.pkl", bytes(10**7)),
            "is compressed, as torch writes no file: 10,000,000 bytes",
        ),
        (lambda: compress("model.weights.h5", bytes(10**8)), "is compressed: 100,000,000 bytes would come of it"),
        (lambda: compress("x.npy", b""), "a file of NumPy, and weights are read from safetensors, torch's and Keras's"),
        (lambda: save(TENSORS)[:-1], DAMAGED),
        (lambda: b"\x89HDF\r\n\x1a\n" + bytes(range(256)), DAMAGED),
        (lambda: write_hdf5(bomb), "is compressed: 4,000,000,000,000 bytes would come of it"),
        (lambda: write_hdf5(read_elsewhere), "refers to other files, which are not read"),
        (lambda: write_hdf5(name_nothing), DAMAGED),
        (lambda: write_hdf5(lose_itself), "holds no weights that Keras has written"),
        (lambda: b"GGUF\x03", "a file of llama.cpp, and"),
        (lambda: b"hello", "is no file of weights; weights are read from"),
        (lambda: b"", "is no file of weights: it is empty"),
    ],
)
def test_files_that_are_no_weights(
    content: Callable[[], bytes], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("w.bin").write_bytes(content())
    if re.search(rb"\.h5|^\x89HDF", Path("w.bin").read_bytes()[:60]):
        pytest.importorskip("h5py")
    with pytest.raises(UnreadableWeights, match=message) as refusal:
        read_weights_file(Path("w.bin"))
    assert str(refusal.value).startswith("w.bin ")
    assert not Path("attacked").exists()


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is a device, a pipe or a socket"):
        read_weights_file(tmp_path / "pipe")


def test_h5py_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(
        MissingReader, match=r"w\.h5 is a file of Keras, which h5py reads: pip install 'specnet\[keras\]'"
    ):
        read_weights_file(tmp_path / "w.h5")


NUMBERS = np.random.default_rng(1)

KERAS_LAYERS = {
    "stem": {"kernel": NUMBERS.normal(size=(3, 3, 3, 4)).astype("f4")},
    "stem_bn": {name: NUMBERS.random(4).astype("f4") for name in ("gamma", "beta", "moving_mean", "moving_variance")},
    "dw": {"depthwise_kernel": NUMBERS.normal(size=(3, 3, 4, 1)).astype("f4"), "bias": np.ones(4, "f4")},
    "head": {"kernel": NUMBERS.normal(size=(4 * 2 * 3, 5)).astype("f4"), "bias": np.zeros(5, "f4")},
}

KERAS_SPEC = "a: conv K=4 F=3 P=1 bias=no\nb: bn\nc: conv K=4 F=3 P=1 G=4\nd: fc 5"


def write_named(file: Any) -> None:
    """Write as Keras 1 and 2 do, with names such as `stem/kernel:0`."""
    file.attrs["layer_names"] = [name.encode() for name in ("input", *KERAS_LAYERS)]
    file.create_group("input").attrs["weight_names"] = []
    for layer, variables in KERAS_LAYERS.items():
        file.create_group(layer).attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in variables]
        for name, value in variables.items():
            file[f"{layer}/{layer}/{name}:0"] = value


def write_numbered(file: Any) -> None:
    """Write as Keras 3 does, by classes of layers."""
    for folder, layer in zip(("conv2d", "batch_normalization", "depthwise_conv2d", "dense"), KERAS_LAYERS, strict=True):
        for number, value in enumerate(KERAS_LAYERS[layer].values()):
            file[f"layers/{folder}/vars/{number}"] = value
    file["optimizer/vars/0"] = np.ones(3)


@pytest.mark.parametrize("write", [write_named, write_numbered])
@pytest.mark.parametrize("in_archive", [False, True])
def test_keras_files_have_torch_s_axes(write: Callable[[Any], None], in_archive: bool, tmp_path: Path) -> None:
    """F×F×C×K becomes K×C×F×F, a depthwise F×F×C×1 C×1×F×F, and an fc reads C·H·W values for H·W·C."""
    content, path, module = write_hdf5(write), tmp_path / "weights", build(KERAS_SPEC, "2x3x3")
    path.write_bytes(compress("model.weights.h5", content) if in_archive else content)
    found = match_weights(read_weights_file(path), module)
    assert list(pairs(found)) == ["a", "b", "c", "d"]
    tensors = found.convert(module, (2, 3, 3))
    stem, dw, head = (KERAS_LAYERS[name] for name in ("stem", "dw", "head"))
    assert tensors["a.weight"].equal(as_tensor(stem["kernel"].transpose(3, 2, 0, 1)))
    assert tensors["b.running_var"].equal(as_tensor(KERAS_LAYERS["stem_bn"]["moving_variance"]))
    assert tensors["c.weight"].equal(as_tensor(dw["depthwise_kernel"].transpose(2, 3, 0, 1)))
    assert tensors["d.weight"].equal(as_tensor(head["kernel"].reshape(2, 3, 4, 5).transpose(3, 2, 0, 1).reshape(5, 24)))


def as_tensor(values: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(values.copy())
