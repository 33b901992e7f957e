"""Sections of Darknet become lines, and those that read others the right ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from specnet.backends.torch_module import build_module
from specnet.importers import Fate, ImportResult, UnreadableModel, import_model
from specnet.importers.report import describe_report

NET = "[net]\nheight={0}\nwidth={0}\nchannels={1}\n"
STATE = "it has a state from one step to the next: a spec has no such layer"
PLAIN = "[convolutional]\nfilters={}\nsize=1\nstride={}\nactivation=linear\n"


def read(folder: Path, sections: str, side: int = 8, channels: int = 4) -> ImportResult:
    path = folder / "net.cfg"
    path.write_text(NET.format(side, channels) + sections, encoding="utf-8")
    return import_model(path)


def describe(result: ImportResult) -> list[str]:
    nodes = result.checked.network.nodes
    return [f"{node.kind} {'x'.join(map(str, node.output or ()))}" for node in nodes]


def run(result: ImportResult, image: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        output: torch.Tensor = build_module(result.checked.network)(image)
    return output


@pytest.mark.parametrize(
    ("sections", "nodes", "fate"),
    [
        ("[route]\nlayers=-1,-1", ["conv 8x8x6", "concat 8x8x12"], Fate.EXACT),
        ("[route]\nlayers=-1\ngroups=2\ngroup_id=1", ["conv 8x8x6", "slice 8x8x3"], Fate.EXACT),
        ("[maxpool]\nsize=3\nstride=2", ["conv 8x8x6", "pool 4x4x6"], Fate.EXACT),
        ("[maxpool]\nmaxpool_depth=1\nout_channels=2", ["conv 8x8x6", *["slice 8x8x2"] * 3, "maximum 8x8x2"],
         Fate.EQUAL),
        ("[upsample]\nstride=2\nscale=0.5", ["conv 8x8x6", "upsample 16x16x6", "times 16x16x6"], Fate.EXACT),
        ("[convolutional]\nfilters=2\nsize=3\nstride=2\npad=1\nantialiasing=1\nactivation=linear",
         ["conv 8x8x6", "conv 8x8x2", "filter 4x4x2"], Fate.EQUAL),
        ("[reorg3d]\nstride=2", ["conv 8x8x6", "space_to_depth 4x4x24"], Fate.EXACT),
        ("[l2norm]", ["conv 8x8x6", "rms_norm 8x8x6", "times 8x8x6"], Fate.EQUAL),
        ("[activation]\nactivation=ramp", ["conv 8x8x6", "relu 8x8x6", "times 8x8x6", "add 8x8x6"], Fate.EQUAL),
        ("[softmax]\ntemperature=2", ["conv 8x8x6", "times 8x8x6", "flatten 384", "softmax 384"], Fate.EQUAL),
    ],
)  # fmt: skip
def test_a_section_becomes_lines(sections: str, nodes: list[str], fate: Fate, tmp_path: Path) -> None:
    result = read(tmp_path, PLAIN.format(6, 1) + sections)
    assert sorted(describe(result)) == sorted(nodes)
    assert result.imported.entries[-1].fate is fate


def shortcut(value: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return what shortcut_cpu of Darknet's blas.c computes for a map whose height and width are no smaller."""
    stride, channels = other.shape[2] // value.shape[2], min(value.shape[1], other.shape[1])
    summed = value.clone()
    summed[:, :channels] += other[:, :channels, ::stride, ::stride]
    return summed


@pytest.mark.parametrize(("filters", "stride"), [(6, 1), (6, 2), (3, 1), (3, 2), (4, 2)])
def test_a_shortcut_adds_what_both_maps_have(filters: int, stride: int, tmp_path: Path) -> None:
    first = "[activation]\nactivation=linear\n"
    result = read(tmp_path, first + PLAIN.format(filters, stride) + "[shortcut]\nfrom=-2\nactivation=linear")
    module = build_module(result.checked.network)
    image = torch.rand(1, 4, 8, 8)
    with torch.no_grad():
        conv = next(each for each in module.modules() if isinstance(each, torch.nn.Conv2d))
        expected = shortcut(conv(image), image)
        assert torch.allclose(module(image), expected)
    assert result.imported.entries[-1].fate in (Fate.EQUAL, Fate.EXACT)


def reorganise(value: torch.Tensor, stride: int) -> torch.Tensor:
    """Return what reorg_cpu of Darknet's blas.c computes, index by index."""
    _, channels, height, width = value.shape
    flat, out, small = value.reshape(-1), torch.empty(value.numel()), channels // stride**2
    for k in range(channels):
        for j in range(height):
            for i in range(width):
                offset = k // small
                across, down = i * stride + offset % stride, j * stride + offset // stride
                out[i + width * (j + height * k)] = flat[
                    across + width * stride * (down + height * stride * (k % small))
                ]
    return out.reshape(1, channels * stride**2, height // stride, width // stride)


def test_reorg_has_the_order_of_darknet(tmp_path: Path) -> None:
    image = torch.rand(1, 8, 4, 4)
    assert torch.equal(run(read(tmp_path, "[reorg]\nstride=2", 4, 8), image), reorganise(image, 2))


def test_outputs_are_comments_where_the_network_ends(tmp_path: Path) -> None:
    yolo = "[yolo]\nmask=0,1\nclasses=3\n"
    result = read(tmp_path, PLAIN.format(6, 1) + yolo + "[route]\nlayers=-2\n" + PLAIN.format(5, 1) + yolo)
    assert not result.imported.lost
    assert [len(result.checked.network.outputs), len(result.checked.network.heads)] == [1, 1]
    assert result.text.count("# [yolo] in line") == 2
    assert [entry.computes for entry in result.imported.entries if entry.source.kind == "yolo"] == [False, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[net]\nheight=8\nwidth=8\nchannels=3\nlayers\n[avgpool]",
            "line 5: `layers` is neither a section nor an option",
        ),
        ("[net]\nheight=8\nwidth=8\nchannels=3\n[avgpool\n", r"line 5: `\[avgpool` is no section"),
        ("[net]\nheight=8\n[avgpool]\n", "does not say the size of the image"),
        ("[net]\nheight=8\nwidth=8\nchannels=3\n", "has no network"),
        (
            NET.format(8, 3) + "[route]\nlayers=-3\n",
            r"the route `layer0` \(line 5\) reads layer -3, which is not above it",
        ),
        (NET.format(8, 3) + "[gru]\noutput=3\n", r"the gru `layer0` \(line 5\) has a state"),
        (NET.format(8, 3) + "[convolutional]\nfilters=1000000000000\nactivation=linear", "layer0"),
        (NET.format(8, 3) + "[convolutional]\nfilters=2\nsize=nan\nactivation=linear", "layer0"),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_message(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "net.cfg"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableModel, match=message):
        import_model(path)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    result = read(tmp_path, PLAIN.format(4, 1) + "[local]\nfilters=3\n[connected]\noutput=2\nactivation=linear\n")
    assert [entry.source.kind for entry in result.imported.lost] == ["local", "connected"]
    result = read(tmp_path, PLAIN.format(4, 1).replace("linear", "stair"))
    entry = result.imported.lost[0]
    assert entry.reasons == (
        "`activation='stair'` has no counterpart; "
        "the rest of the section is written, and what reads it lacks the activation",
    )
    assert describe(result) == ["conv 8x8x4"] and entry.nodes == ("layer0",)
    assert describe_report(result, "net.cfg", None)["layers"][0]["nodes"] == ["conv1"]


def test_all_faults_of_a_file_are_in_one_report(tmp_path: Path) -> None:
    sections = ["[rnn]", "[foo]", PLAIN.format(2, 1), "[convolutionl]", "[gru]"]
    lost = read(tmp_path, "\n".join([PLAIN.format(4, 1), *sections])).imported.lost
    assert [entry.reasons for entry in lost] == [
        (STATE,),
        ("it reads `layer1`, which was left out", "a section [foo] has no counterpart here"),
        ("it reads `layer2`, which was left out",),
        ("it reads `layer3`, which was left out", "a section [convolutionl] has no counterpart here"),
        ("it reads `layer4`, which was left out", STATE),
    ]


def test_a_network_that_begins_with_a_recurrent_section_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableModel, match=r"^the rnn `layer0` \(line 5\) has a state from one step to the next: a"):
        read(tmp_path, "[rnn]\nhidden=4\n" + PLAIN.format(4, 1))
