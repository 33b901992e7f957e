"""specnet import: the spec of a model of another tool, its weights, and the report of what became of each layer."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from model_seeds import CAFFE, DARKNET
from small_runs import Call

import specnet

LOSING = CAFFE.replace('type: "LRN"', 'type: "ROIPooling"')


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    Path("small.prototxt").write_text(CAFFE)
    Path("losing.prototxt").write_text(LOSING)
    Path("small.cfg").write_text(DARKNET)
    return tmp_path


def test_a_model_becomes_a_spec_with_a_report(call: Call) -> None:
    code, out, err = call("import", "small.prototxt", "-o", "small.net")
    assert (code, out) == (0, "")
    assert "Caffe prototxt: 15 layers" in err
    assert err.endswith("wrote small.net\n")
    checked = specnet.check("small.net")
    assert checked.ok
    assert checked.network.shapes[checked.network.outputs[0]] == (10,)
    assert call("fmt", "--check", "small.net")[0] == 0


def test_without_a_file_the_spec_is_printed(call: Call) -> None:
    code, out, _ = call("import", "small.cfg")
    assert code == 0
    assert specnet.check(out).ok


def test_what_computes_and_is_left_out_writes_nothing(call: Call) -> None:
    code, out, err = call("import", "losing.prototxt", "-o", "x.net")
    assert (code, out) == (1, "")
    assert "ROIPooling" in err
    assert "--partial" in err
    assert not Path("x.net").exists()
    assert call("import", "losing.prototxt", "-o", "x.net", "--partial")[0] == 0
    assert specnet.check("x.net").ok
    assert "# left out: the ROIPooling `lrn` (line 15)" in Path("x.net").read_text()


def test_the_report_alone_is_a_dry_run(call: Call, folder: Path) -> None:
    before = sorted(folder.iterdir())
    code, out, _ = call("import", "small.prototxt", "--format", "json")
    assert (code, json.loads(out)["output"], json.loads(out)["weights"]) == (0, None, None)
    assert sorted(folder.iterdir()) == before


def test_a_message_of_protobuf_that_holds_words_of_other_formats_is_onnx(call: Call) -> None:
    Path("a.onnx").write_bytes(b"\x08\x0a\x12\x07pytorch:\x10\n input: \n[net]\n backbone: layer { }")
    _, _, err = call("import", "a.onnx")
    assert "Caffe" not in err
    assert "line 1" not in err


def test_the_report_as_json_and_sarif(call: Call) -> None:
    code, out, _ = call("import", "losing.prototxt", "-o", "x.net", "--format", "json")
    report = json.loads(out)
    assert (code, report["ok"], report["output"]) == (1, False, None)
    assert sum(report["counts"].values()) == len(report["layers"])
    code, out, _ = call("import", "losing.prototxt", "-o", "x.net", "--format", "sarif")
    results = json.loads(out)["runs"][0]["results"]
    assert code == 1
    assert any(each["level"] == "error" and "ROIPooling" in each["message"]["text"] for each in results)
    line = next(i for i, text in enumerate(LOSING.splitlines(), 1) if "ROIPooling" in text)
    places = [each["locations"][0]["physicalLocation"] for each in results if each["level"] == "error"]
    assert places[0] == {"artifactLocation": {"uri": "losing.prototxt"}, "region": {"startLine": line}}


@pytest.mark.parametrize(
    "words, code, message",
    [
        (["none.prototxt"], 2, "none.prototxt cannot be accessed: no such file or directory"),
        (["."], 2, "is a directory"),
        (["empty.bin"], 1, "empty.bin is empty; what is read: Keras archive"),
        (["noise.bin"], 1, "noise.bin is in no format that is read"),
        (["model.pkl"], 1, "a pickle, which can run any code when it is read"),
        (["small.cfg", "-o", "small.cfg"], 2, "small.cfg is what the command reads"),
        (["small.cfg", "-o", "-"], 2, "- is no file to write"),
        (["objects.json"], 1, "more than 400,000 objects"),
        (["small.cfg", "-o", "no/x.net"], 2, "no/x.net cannot be written: there is no folder no"),
        (["small.cfg", "-o", "x.net", "--weights-out", "x.net"], 2, "x.net cannot be both the spec and its weights"),
        (["small.cfg", "--input", "big"], 2, "--input big is no shape"),
        (["small.prototxt", "-o", "x.net", "--weights-out", "x.safetensors"], 1, "no weights"),
    ],
)
def test_what_cannot_be_imported(words: list[str], code: int, message: str, call: Call) -> None:
    Path("empty.bin").touch()
    Path("objects.json").write_text('{"class_name": "Sequential", "config": {"layers": [%s]}}' % ("{}," * 400_000))
    Path("noise.bin").write_bytes(b"\x93\x00\x17noise" * 9)
    Path("model.pkl").write_bytes(b"\x80\x04\x95\x00\x00.")
    found, out, err = call("import", *words)
    assert (found, out) == (code, "")
    assert message in err
    assert not Path("x.net").exists()


@pytest.mark.torch
def test_weights_come_along_and_are_compared(call: Call, folder: Path) -> None:
    program = """
        import torch
        from torch import nn

        def small():
            torch.manual_seed(0)
            return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
                                 nn.Linear(144, 10))
    """
    (folder / "own_nets.py").write_text("\n".join(line.removeprefix("        ") for line in program.splitlines()))
    words = ("own_nets:small", "--input", "8x8x3", "-o", "small.net", "--weights-out", "small.safetensors")
    code, _, err = call("import", *words)
    assert code == 0, err
    assert "outputs differ by at most" in err
    assert call("export", "small.net", "--to", "safetensors")[0] == 0
    imported = specnet.check("small.net")
    assert imported.totals.parameters == 3 * 4 * 9 + 8 + 1450
