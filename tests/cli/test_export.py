"""`specnet export`: weights, programs and ONNX models that compute what the run computes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_runs import COLOURS, Call

import specnet
from specnet.training import read_weights

TWO = """net Two
input image 6x4x1
input facts 5
@image -> fc 3 -> concat @facts
fc 2
"""


@pytest.fixture
def expected(run: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels N×C×H×W from 0 to 255 of five images, and what the network makes of them."""
    loaded = specnet.load_run(run)
    pixels = torch.randint(0, 256, (5, 8, 8, 3), dtype=torch.uint8)
    with torch.inference_mode():
        outputs = loaded.model(loaded.normalization(pixels))
    return pixels.permute(0, 3, 1, 2).float(), outputs.clone()


def test_safetensors(run: Path, call: Call) -> None:
    code, out, err = call("export", run, "--to", "safetensors")
    assert (code, out) == (0, "")
    assert err.startswith("wrote moved.safetensors; the weights by name")
    assert "read again by safetensors: largest difference 0 of outputs up to" in err
    one, other = (read_weights(path) for path in (run / "model.safetensors", Path("moved.safetensors")))
    assert one.metadata == other.metadata
    assert all(other.tensors[name].equal(value) for name, value in one.tensors.items())


def test_pt2(run: Path, call: Call, expected: tuple[torch.Tensor, torch.Tensor]) -> None:
    code, _, err = call("export", run, "--to", "pt2", "-o", "out.pt2")
    assert code == 0
    assert "takes pixels from 0 to 255 as float32 N×3×8×8: the normalisation is built in" in err
    labels = {"classes": ""}
    module = torch.export.load("out.pt2", extra_files=labels).module()
    pixels, outputs = expected
    assert torch.allclose(module(pixels), outputs, atol=1e-5)
    assert module(pixels[:1]).shape == (1, 3)
    assert json.loads(labels["classes"]) == list(COLOURS)


def test_onnx(run: Path, call: Call, expected: tuple[torch.Tensor, torch.Tensor]) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from onnx.reference import ReferenceEvaluator

    assert call("export", run, "--to", "onnx")[0] == 0
    model = onnx.load("moved.onnx")
    assert json.loads({p.key: p.value for p in model.metadata_props}["classes"]) == list(COLOURS)
    pixels, outputs = expected
    (found,) = ReferenceEvaluator(model).run(None, {"input": pixels.numpy()})
    assert np.allclose(found, outputs.numpy(), atol=1e-4)


@pytest.mark.parametrize("name", ["out.pt2", "out.onnx"])
def test_from_python(run: Path, expected: tuple[torch.Tensor, torch.Tensor], name: str) -> None:
    """The normalisation is built in, whether the run is given as its folder or as it is loaded."""
    if name.endswith(".onnx"):
        pytest.importorskip("onnx")
        pytest.importorskip("onnxscript")
    pixels, outputs = expected
    assert specnet.export(specnet.load_run(run), name) == Path(name)
    if name.endswith(".pt2"):
        found = torch.export.load(name).module()(pixels)
    else:
        from onnx.reference import ReferenceEvaluator

        found = torch.from_numpy(*ReferenceEvaluator(name).run(None, {"input": pixels.numpy()}))
    assert torch.allclose(found, outputs, atol=1e-4)
    assert not torch.allclose(specnet.load_run(run).model(pixels), outputs, atol=0.1), "it does not normalise"


def test_from_python_to_the_weights_alone(run: Path) -> None:
    written = specnet.export(run, Path("new.safetensors"))
    assert read_weights(written).metadata == read_weights(run / "model.safetensors").metadata


def test_refusals_from_python(run: Path) -> None:
    for path, message in (
        ("x.h5", r"ends in \.safetensors, \.onnx, .* or \.cfg, not 'x\.h5'"),
        (run / "model.safetensors", "is a file of the run, and would be overwritten"),
    ):
        with pytest.raises(ValueError, match=message):
            specnet.export(run, path)
    with pytest.raises(FileNotFoundError):
        specnet.export(run, "nowhere/x.pt2")


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels N×C×H×W of 16 bits, and what a run that was trained on such makes of them."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name, low in (("dark", 1_000), ("light", 3_000)):
        Path("cells", name).mkdir(parents=True)
        for number in range(8):
            values = random.integers(low, low + 2_000, (8, 8)).astype(np.uint16)
            Image.fromarray(values).save(f"cells/{name}/{number}.png")
    text = 'input 8x8x1\nconv 4 F=3 -> relu\nfc 2\ntrain { data folder "cells"\nepochs 2 }\n'
    specnet.train(text, run="cells-run")
    loaded = specnet.load_run("cells-run")
    assert loaded.scale
    values = random.integers(0, 2**16, (5, 8, 8, 1))
    values[:3] = random.integers(900, 5_100, (3, 8, 8, 1))
    with torch.inference_mode():
        outputs = loaded.model(loaded.normalization(torch.from_numpy(loaded.scale.to_bytes(values))))
    return torch.from_numpy(values).permute(0, 3, 1, 2).float(), outputs.clone()


def test_a_scale_of_sixteen_bits_is_built_in(call: Call, deep: tuple[torch.Tensor, torch.Tensor]) -> None:
    pixels, outputs = deep
    code, _, err = call("export", "cells-run", "--to", "pt2", "-o", "deep.pt2")
    assert (code, "takes pixels of 16 bits as float32 N×1×8×8: their scale and the" in err) == (0, True)
    assert torch.allclose(torch.export.load("deep.pt2").module()(pixels), outputs, atol=1e-5)


def test_a_scale_of_sixteen_bits_is_built_into_onnx(call: Call, deep: tuple[torch.Tensor, torch.Tensor]) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from onnx.reference import ReferenceEvaluator

    pixels, outputs = deep
    assert call("export", "cells-run", "--to", "onnx", "-o", "deep.onnx")[0] == 0
    model = onnx.load("deep.onnx")
    assert set(json.loads({p.key: p.value for p in model.metadata_props}["sixteen_bits"])) == {"low", "high"}
    (found,) = ReferenceEvaluator(model).run(None, {"input": pixels.numpy()})
    assert np.allclose(found, outputs.numpy(), atol=1e-4)


def test_joins_and_a_softmax_between_groups_in_onnx(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from onnx.reference import ReferenceEvaluator

    monkeypatch.chdir(tmp_path)
    lines = "maximum { | identity | pool avg F=1x5 }\nsub { | identity | pool avg F=6x1 }\nsoftmax groups=2\n"
    Path("joins.net").write_text(f"input 6x5x4\n{lines}flatten -> softmax groups=3\n")
    assert call("export", "joins.net", "--to", "onnx")[0] == 0
    pixels = torch.randn(3, 4, 6, 5)
    (found,) = ReferenceEvaluator(onnx.load("joins.onnx")).run(None, {"input": pixels.numpy()})
    largest = torch.maximum(pixels, pixels.mean(3, keepdim=True))
    weights = (largest - largest.mean(2, keepdim=True)).unflatten(1, (2, 2)).softmax(1).flatten(1)
    assert np.allclose(found, weights.unflatten(1, (3, 40)).softmax(1).flatten(1).numpy(), atol=1e-5)


ATTENTION = """input 8x8x8 -> @image
add { | ln -> attention heads=2 window=4 shift=2 bias=relative | identity }
positions sine -> attention heads=2 patch=2 -> grn -> attention heads=2 reduce=2 -> attention heads=2
tokens -> class_token -> positions learned -> rms_norm
attention @image heads=2 -> attention heads=4 -> token 0
fc 3
"""


@pytest.mark.parametrize("kind", ["pt2", pytest.param("onnx", marks=pytest.mark.slow)])
def test_attention_takes_batches_of_any_size(
    kind: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("attention.net").write_text(ATTENTION)
    assert call("export", "attention.net", "--to", "safetensors")[0] == 0
    assert call("export", "attention.net", "--to", kind)[0] == 0
    module = specnet.compile("attention.net").eval()
    module.load_state_dict(dict(read_weights(Path("attention.safetensors")).tensors))
    for images in (torch.randn(1, 8, 8, 8), torch.randn(3, 8, 8, 8)):
        found = _run_exported(f"attention.{kind}", images)
        torch.testing.assert_close(found, module(images).detach(), rtol=1e-4, atol=1e-5)


def _run_exported(file: str, images: torch.Tensor) -> torch.Tensor:
    if file.endswith("pt2"):
        return torch.export.load(file).module()(images).detach()  # type: ignore[no-any-return]
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from onnx.reference import ReferenceEvaluator

    (found,) = ReferenceEvaluator(onnx.load(file)).run(None, {"input": images.numpy()})
    return torch.from_numpy(found)


def test_onnx_where_it_is_not_installed(run: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "specnet.backends.onnx", raising=False)
    monkeypatch.delattr("specnet.backends.onnx", raising=False)
    code, _, err = call("export", run, "--to", "onnx")
    assert (code, err) == (2, "error: the format onnx needs onnx: pip install 'specnet[export]'\n")
    assert not Path("moved.onnx").exists()


def test_a_spec(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two inputs, one of them a vector; the same seed gives the same weights."""
    monkeypatch.chdir(tmp_path)
    Path("two.net").write_text(TWO)
    code, _, err = call("export", "two.net", "--to", "pt2")
    assert code == 0
    assert "it takes N×1×6×4, N×5, and its weights are not trained" in err
    assert torch.export.load("two.pt2").module()(torch.ones(3, 1, 6, 4), torch.ones(3, 5)).shape == (3, 2)
    for name in ("a", "b"):
        assert call("export", "two.net", "--to", "safetensors", "-o", name)[0] == 0
    one, other = (read_weights(Path(name)).tensors for name in ("a", "b"))
    assert all(other[name].equal(value) for name, value in one.items())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nowhere", "--to", "pt2"], 2, "there is no file nowhere"),
        ([".", "--to", "pt2"], 2, "holds no run"),
        (["moved", "--to", "pt2", "--set", "width=3"], 2, "as it was trained"),
        (["moved", "--to", "h5"], 2, "invalid choice"),
        (["moved", "--to", "safetensors", "-o", "moved"], 2, "is a directory"),
        (["broken.net", "--to", "pt2"], 1, "cnov"),
    ],
)
def test_refusals(run: Path, call: Call, words: list[str], code: int, message: str) -> None:
    Path("broken.net").write_text("net Broken\ninput 8x8x3\ncnov 3\n")
    found, out, err = call("export", *words)
    assert (found, out) == (code, "")
    assert message in err


def test_verify_prints_a_table_of_all_outputs_and_batches(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("heads.net").write_text("input 4x4x1\nconv 2 F=3 -> @x\nhead aux { fc 3 }\nfc 2\n")
    code, out, err = call("export", "heads.net", "--to", "pt2", "--batch", 2, "--verify")
    assert code == 0
    assert "it takes 2×1×4×4, and its weights are not trained" in err
    assert "loaded again by torch.export: largest difference" in err and "batches of 2" in err
    head, *rows = (line.split() for line in out.splitlines())
    assert head == ["output", "batch", "difference", "of", "allowed"]
    assert [row[0] for row in rows] == ["fc1", "aux"] * 2


def test_a_file_that_computes_something_else_is_not_written(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from specnet.exports import safetensors_file

    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 4x4x1\nfc 2\n")
    monkeypatch.setattr(
        safetensors_file, "load", lambda content: {"fc1.weight": torch.ones(2, 16), "fc1.bias": torch.ones(2)}
    )
    code, out, err = call("export", "a.net", "--to", "safetensors")
    assert (code, out) == (1, "")
    assert err.startswith("error: what was made for safetensors does not compute what the network does")
    assert "fc1, 1 image, seed 0: differs by" in err
    assert not Path("a.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--to", "onnx", "-o", "-"], 2, "- is no file to write"),
        (["--to", "onnx", "-o", "nowhere/a.onnx"], 2, "nowhere/a.onnx cannot be written: there is no folder nowhere"),
        (["--to", "safetensors", "--batch", "2"], 2, "--batch 2: the format safetensors does not say how many images"),
        (["--to", "caffe", "-o", "a.caffemodel/x"], 2, "cannot be written"),
        (["--to", "caffe"], 1, "  silu at a.net:2"),
        (["--to", "darknet"], 1, "Darknet has no words for 1 layer of the network, which is written as:"),
    ],
)
def test_bad_input(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text(
        "input 4x4x1\nsilu -> gn G=1\nfc 2\n" if "caffe" in words else "input 4x4x1\ngn G=1\nfc 2\n"
    )
    found, out, err = call("export", "a.net", *words)
    assert (found, out) == (code, "")
    assert message in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.net"]


def test_an_interrupted_export_writes_nothing(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from specnet.exports import torch_program

    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 4x4x1\nfc 2\n")
    monkeypatch.setattr(torch_program.torch.export, "export", interrupt)
    assert call("export", "a.net", "--to", "pt2")[0] == 130
    assert [path.name for path in tmp_path.iterdir()] == ["a.net"]


def test_two_files_beside_each_other(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 4x4x1\nconv 2 F=3\nfc 2\n")
    code, _, err = call("export", "a.net", "--to", "darknet", "-o", "b.cfg")
    assert (code, err.partition(";")[0]) == (0, "wrote b.cfg and b.weights")
    Path("b.weights").unlink()
    Path("b.weights").mkdir()
    assert call("export", "a.net", "--to", "darknet", "-o", "b.cfg")[0] == 2
