"""Files of Caffe and Darknet are imported again as the network that they were written of."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from made_exports import make_exportable
from paths import SPECS
from zoo_sample import sample

from specnet.api import check
from specnet.exports.comparison import compute_outputs
from specnet.exports.registry import FORMATS
from specnet.exports.writer import Request
from specnet.exports.writing import write_export
from specnet.foreign.caffe_text import format_prototxt, list_caffe_layers
from specnet.foreign.darknet_text import format_cfg, list_darknet_sections
from specnet.graph import Network
from specnet.importers.importing import import_model

ZOO = sample(sorted(path.stem for path in SPECS.glob("*.net")))

SILENT = {"identity", "drop_path"}
"""What is not written, as it computes nothing."""

ROUNDED = {"bn", "conv", "deconv", "fc", "pool"}
"""What Darknet says in another way: it pads and rounds by itself, and has one `eps` and always a bias."""


def count_calls(network: Network) -> Counter[str]:
    """The torch calls of all layers with their outputs, whose size a way of rounding may or may not change."""
    calls = Counter[str]()
    for node in network.nodes:
        shapes = network.input_shapes(node)
        assert node.layer and shapes
        made = [
            (call.target, sorted({**call.arguments, "ceil_mode": 0}.items(), key=str))
            for call in node.layer.torch(shapes)
        ]
        calls[f"{node.output} {made}"] += node.kind not in SILENT
    return +calls


def count_kinds(network: Network) -> Counter[str]:
    """The layers that Darknet says as a spec does, and the shapes of the others' outputs."""
    said = [node for node in network.nodes if node.kind not in SILENT | {"flatten"}]
    return Counter(f"{node.kind} {node.output if node.kind in ROUNDED else node.layer}" for node in said)


@pytest.mark.parametrize("name", ZOO)
def test_caffe(name: str, tmp_path: Path) -> None:
    network = check(SPECS / f"{name}.net").network
    layers, refused, _ = list_caffe_layers(network)
    if refused:
        assert {each.node for each in refused} <= network.by_name.keys()
        return
    path = tmp_path / "a.prototxt"
    path.write_text(format_prototxt(network, layers, 1, ["a comment"]))
    again = import_model(path).imported.network
    assert count_calls(again) == count_calls(network)
    assert [node.output for node in again.nodes if node.name in again.outputs] == [
        network.shapes[value] for value in network.outputs
    ]


@pytest.mark.parametrize("name", ZOO)
def test_darknet(name: str, tmp_path: Path) -> None:
    network = check(SPECS / f"{name}.net").network
    found = list_darknet_sections(network)
    if found.refused:
        assert {each.node for each in found.refused} <= network.shapes.keys()
        return
    path = tmp_path / "a.cfg"
    path.write_text(format_cfg(network, found.sections, []))
    assert count_kinds(import_model(path).imported.network) == count_kinds(network)


@pytest.mark.slow
def test_how_many_networks_can_be_expressed() -> None:
    networks = [check(path).network for path in SPECS.glob("*.net")]
    assert sum(not list_caffe_layers(network).refused for network in networks) >= 58
    assert sum(not list_darknet_sections(network).refused for network in networks) >= 58


@pytest.mark.parametrize("word", ["caffe", "darknet"])
def test_without_opencv_the_files_are_imported_again_and_run(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    text = "input 8x8x3\nconv 4 F=3 P=1 -> bn eps=1e-3\nadd { | conv 4 F=1 | identity }\npool max F=2\nfc 5\n"
    exportable = make_exportable(text)
    written = write_export(exportable, FORMATS[word], Request())
    assert written.found.startswith("imported again by SpecNet: largest difference")
    ending = FORMATS[word].endings[1]
    damaged = {**written.files, ending: written.files[ending][:-4] + b"\0\0\0\7"}
    open_files = FORMATS[word].load().open
    assert open_files
    outputs = open_files(exportable, damaged).run([torch.ones(1, 3, 8, 8)])
    assert not torch.allclose(outputs[0], compute_outputs(exportable.network, [torch.ones(1, 3, 8, 8)])[0])


def test_several_outputs_are_not_imported_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    exportable = make_exportable("input 4x4x1\nconv 2 F=3 -> @x\nhead aux { fc 3 }\nfc 2\n")
    written = write_export(exportable, FORMATS["caffe"], Request())
    assert written.unproved.startswith("OpenCV is not installed")
