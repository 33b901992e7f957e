"""Layers over several lines, of Darknet and Caffe: what they become, and what is said of what is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from pathlib import Path

import pytest

from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes, apply_edits
from specnet.foreign import chains, classes
from specnet.foreign.caffe import read_messages, translate_messages
from specnet.foreign.chains import Draft
from specnet.foreign.darknet import read_sections, translate_sections
from specnet.source import Source
from specnet.syntax.parser_input import mask_text


def translate_darknet(text: str) -> Draft:
    sections, end = read_sections(text, mask_text(text), text.index("\n[") + 1)
    assert end == len(text.rstrip())
    return translate_sections(sections)


def translate_caffe(text: str) -> Draft:
    messages, end = read_messages(text, 0)
    assert end == len(text.rstrip())
    return translate_messages(messages)


def check(text: str) -> Checked:
    return add_fixes(check_source(Source("test.net", text)), {}, read_beside)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("[convolutional] filters=8 size=3 stride=2 pad=1 activation=leaky",
         "conv K=8 F=3 S=2 P=1 -> leaky_relu slope=0.1"),
        ("[convolutional] filters=8 size=3 padding=2 activation=linear", "conv K=8 F=3 P=2"),
        ("[convolutional] filters=8 size=5 pad=1 activation=mish batch_normalize=1",
         "conv K=8 F=5 P=2 bias=no -> bn momentum=0.01 eps=1e-6 -> mish"),
        ("[convolutional] filters=8 size=1", "conv K=8 F=1 -> sigmoid"),
        ("[convolutional] filters=8 size=3 pad=1 stride_x=2 stride_y=1 groups=4 dilation=2 activation=swish",
         "conv K=8 F=3 S=1x2 P=2 D=2 G=4 -> silu"),
        ("[connected] output=10 activation=linear", "fc 10"),
        ("[maxpool] size=2 stride=2", "pool max F=2 S=2 P=same"),
        ("[maxpool] size=2 stride=1", "pool max F=2 S=1 P=same"),
        ("[maxpool] size=3 stride=2", "pool max F=3 S=2 P=1"),
        ("[maxpool] size=3 stride=2 padding=1", "pool max F=3 S=2 P=0:1"),
        ("[maxpool] stride=4", "pool max F=4 S=4 P=1:2"),
        ("[maxpool] size=13 stride=1", "pool max F=13 S=1 P=same"),
        ("[avgpool]", "pool avg global"),
        ("[convolutional] filters=8 size=3 pad=1 dilation=2 activation=linear", "conv K=8 F=3 P=2 D=2"),
        ("[convolutional] filters=8 size=3 padding=1 dilation=4 activation=linear", "conv K=8 F=3 P=4 D=4"),
        ("[local_avgpool] size=3 stride=2", "pool avg F=3 S=2 P=1 exclude_padding"),
        ("[local_avgpool] size=2 stride=2", "pool avg F=2 S=2 P=same exclude_padding"),
        ("[upsample] stride=2", "upsample 2"),
        ("[reorg3d] stride=2", "space_to_depth 2 order=HWC"),
        ("[dropout] probability=.3", "dropout 0.3"),
        ("[softmax] groups=1", "softmax"),
        ("[normalization] size=5 alpha=0.0001", "lrn n=5 alpha=1e-4*5 k=1"),
    ],
)  # fmt: skip
def test_a_section_of_darknet_becomes_a_line(options: str, line: str) -> None:
    head, *pairs = options.split()
    draft = translate_darknet("\n".join(["", head, *pairs]))
    assert [step.text for step in draft.steps] == [line]
    assert draft.is_exact, draft.differences


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("side", [12, 13, 14])
def test_a_maxpool_of_darknet_leaves_a_position_for_each_stride(size: int, stride: int, side: int) -> None:
    maxpool = f"[maxpool]\nsize={size}\nstride={stride}"
    draft = translate_darknet(f"\n[net]\nheight={side}\nwidth={side}\nchannels=3\n{maxpool}")
    checked = check_source(Source("test.net", "\n".join(["round floor", *(step.text for step in draft.steps)])))
    assert not checked.errors
    assert checked.network.nodes[-1].output == (-(-side // stride), -(-side // stride), 3)


RESIDUAL = """
[net]
height=32
width=32
channels=3
[convolutional]
filters=8
size=1
activation=linear
[convolutional]
filters=8
size=3
pad=1
activation=linear
"""


@pytest.mark.parametrize(
    ("sections", "lines"),
    [
        ("[shortcut]\nfrom=-2\nactivation=linear", ["layer0: conv K=8 F=1", "conv K=8 F=3 P=1", "add @layer0"]),
        ("[shortcut]\nfrom=0\nactivation=relu", ["layer0: conv K=8 F=1", "conv K=8 F=3 P=1", "add @layer0 -> relu"]),
        ("[route]\nlayers=-1,-2", ["layer0: conv K=8 F=1", "conv K=8 F=3 P=1", "concat @layer0"]),
        ("[route]\nlayers=-2, -1", ["layer0: conv K=8 F=1", "conv K=8 F=3 P=1", "concat { | @layer0 | identity }"]),
        ("[route]\nlayers=-2\n[avgpool]", ["layer0: conv K=8 F=1", "conv K=8 F=3 P=1", "@layer0 -> pool avg global"]),
        ("[route]\nlayers=-1\ngroups=2\ngroup_id=1", ["conv K=8 F=1", "conv K=8 F=3 P=1", "slice C//2..C"]),
        ("[route]\nlayers=-1\ngroups=4\ngroup_id=2", ["conv K=8 F=1", "conv K=8 F=3 P=1", "slice 2*C//4..3*C//4"]),
        ("[scale_channels]\nfrom=-2", ["layer0: conv K=8 F=1", "conv K=8 F=3 P=1", "mul @layer0"]),
    ],
)
def test_sections_that_name_others_read_them_by_labels(sections: str, lines: list[str]) -> None:
    draft = translate_darknet(RESIDUAL + sections)
    assert [step.text for step in draft.steps] == ["input 32x32x3", *lines]
    assert draft.is_exact
    assert check_source(Source("test.net", "\n".join(step.text for step in draft.steps))).ok


@pytest.mark.parametrize(
    ("sections", "difference"),
    [
        ("[yolo]\nmask=1", "[yolo] is left out"),
        ("[convolutional]\nfilters=8\nsize=3\ndilation=2\nactivation=linear", "leaves out `dilation`"),
        ("[route]\nlayers=-1,-2\ngroups=2\ngroup_id=1", "`groups` takes a part of each layer"),
        ("[convolutional]\nfilters=8\nxnor=1\nactivation=linear", "`xnor=1` has no counterpart"),
        ("[convolutional]\nfilters=8\nactivation=plse", "`activation='plse'` has no counterpart"),
        ("[lstm]\noutput=8", "[lstm] has no counterpart here"),
        ("[shortcut]\nfrom=-7\nactivation=linear", "layer -5 is not among the sections here"),
        ("[convolutional]\nfilters=8\nunheard=1\nactivation=linear", "`unheard=1` is no argument"),
    ],
)
def test_what_is_lost_of_a_section_is_named(sections: str, difference: str) -> None:
    draft = translate_darknet(RESIDUAL + sections)
    assert not draft.is_exact
    assert any(difference in each for each in draft.differences), draft.differences


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        ('type: "Pooling" pooling_param { pool: MAX kernel_size: 3 stride: 2 }', "pool max F=3 S=2 ceil"),
        ('type: "Pooling" pooling_param { pool: AVE kernel_size: 3 }', "pool avg F=3 S=1 ceil"),
        ('type: "Pooling" pooling_param { kernel_size: 3 stride: 2 round_mode: FLOOR }', "pool max F=3 S=2"),
        ('type: "Pooling" pooling_param { pool: AVE global_pooling: true }', "pool avg global"),
        ('type: "Convolution" convolution_param { num_output: 8 kernel_h: 3 kernel_w: 5 pad_w: 2 bias_term: false }',
         "conv K=8 F=3x5 P=0x2 bias=no"),
        ('type: "Deconvolution" convolution_param { num_output: 8 kernel_size: 4 stride: 2 pad: 1 }',
         "deconv K=8 F=4 S=2 P=1"),
        ('type: "InnerProduct" inner_product_param { num_output: 10 }', "fc 10"),
        ('type: "BatchNorm" batch_norm_param { eps: 0.001 }', "bn affine=no momentum=1e-3 eps=1e-3"),
        ('type: "Scale" scale_param { bias_term: true }', "scale bias=yes"),
        ('type: "LRN" lrn_param { alpha: 0.0001 }', "lrn alpha=1e-4 k=1"),
        ('type: "LRN"', "lrn alpha=1 k=1"),
        ('type: "ReLU" relu_param { negative_slope: 0.1 }', "leaky_relu slope=0.1"),
        ('type: "PReLU"', "prelu channelwise"),
        ('type: "ELU" elu_param { alpha: 0.5 }', "elu alpha=0.5"),
        ('type: "Dropout" dropout_param { dropout_ratio: 0.4 }', "dropout 0.4"),
        ("type: CONVOLUTION convolution_param { num_output: 8 kernel_size: 3 }", "conv K=8 F=3"),
    ],
)  # fmt: skip
def test_a_layer_of_caffe_becomes_a_line(layer: str, line: str) -> None:
    draft = translate_caffe(f'layer {{ name: "a/1" bottom: "data" top: "a" {layer} }}')
    assert [step.text for step in draft.steps] == [f"a_1: {line}"]
    assert draft.is_exact, draft.differences


@pytest.mark.parametrize(
    ("param", "join"),
    [
        ("", "add @a"),
        ("operation: SUM coeff: 1 coeff: -1", "sub @a"),
        ("operation: PROD", "mul @a"),
        ("operation: MAX", "maximum @a"),
    ],
)
def test_a_layer_of_caffe_joins_by_its_operation(param: str, join: str) -> None:
    layers = [f'name: "{name}" bottom: "{read}" top: "{name}" type: "ReLU"' for name, read in ("a0", "ba")]
    eltwise = f'name: "c" bottom: "b" bottom: "a" top: "c" type: "Eltwise" eltwise_param {{ {param} }}'
    draft = translate_caffe("\n".join(f"layer {{ {layer} }}" for layer in (*layers, eltwise)))
    assert draft.steps[-1].text == f"c: {join}"


@pytest.mark.parametrize(
    ("layer", "difference"),
    [
        ('type: "Eltwise" bottom: "b" eltwise_param { coeff: 2 coeff: 1 }', "`coeff=(2, 1)` has no counterpart"),
        ('type: "Tile"', "a layer of type Tile has no counterpart here"),
        (
            'type: "Convolution" param { lr_mult: 1 } convolution_param { num_output: 8 kernel_size: 3 }',
            "left out: param",
        ),
        ('type: "Softmax" softmax_param { axis: 2 }', "`axis=2` has no counterpart"),
    ],
)
def test_what_is_lost_of_a_layer_is_named(layer: str, difference: str) -> None:
    draft = translate_caffe(f'layer {{ name: "a" bottom: "data" top: "a" {layer} }}')
    assert any(difference in each for each in draft.differences), draft.differences


def test_the_title_of_a_long_chain_is_cut() -> None:
    (error,) = check("input 8x8x3\n" + "[avgpool]\n" * 40).errors
    assert error.fixes[0].title == " -> ".join(["pool avg global"] * 24) + " -> … and 16 more layers"


def test_an_input_above_stays_the_only_one() -> None:
    checked = check("input 13x13x16\n[net]\nheight=13\nwidth=13\nchannels=16\n[avgpool]\n\nfc 10")
    (fix,) = checked.errors[0].fixes
    assert fix.safe
    lines = apply_edits(checked.source, fix.edits).text.splitlines()
    assert [line for line in lines if line] == ["input 13x13x16", "pool avg global", "fc 10"]
    (fix,) = check("input 8x8x3\n[net]\nheight=13\nwidth=13\nchannels=16\n[avgpool]\n\nfc 10").errors[0].fixes
    assert not fix.safe


# Networks in the wild, with their known sizes

SHORTCUTS_DIFFER = "MISMATCHED"
"""In the last column: Darknet adds maps of different numbers of channels, where they overlap."""


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_networks_in_the_wild_come_to_their_known_sizes(step: int, shared: Callable[[str], Path]) -> None:
    folder = shared("corpus")
    rows = [line.split("\t") for line in (folder / "EXPECTED.tsv").read_text(encoding="utf-8").splitlines()[2:]]
    compared = 0
    for name, _, _, parameters, macs, _, last in rows[::step]:
        text = "\n" + (folder / name).read_text(encoding="utf-8", errors="replace").replace("\r", "")
        draft = translate_file(text, is_darknet=name.startswith("darknet"))
        if draft.is_known and SHORTCUTS_DIFFER not in last:
            checked = check_source(Source(name, "\n".join(["round floor", *(step.text for step in draft.steps)])))
            assert checked.ok, (name, [error.message for error in checked.errors])
            stored = checked.totals.parameters + (count_statistics(checked) if name.startswith("darknet") else 0)
            assert (stored, checked.totals.macs) == (int(parameters), int(macs)), name
            compared += 1
    assert compared >= 60 // step


def translate_file(text: str, is_darknet: bool) -> Draft:
    code = mask_text(text)
    if is_darknet:
        return translate_sections(read_sections(text, code, code.index("\n[") + 1)[0])
    beginning = re.search(r"^(name|input|layers?)\b", code, re.MULTILINE)
    assert beginning
    return translate_messages(read_messages(text, beginning.start())[0])


def count_statistics(checked: Checked) -> int:
    """Return the number of running statistics, which Darknet stores."""
    layers = [
        (node.layer, tuple(checked.network.shapes[value] or () for value in node.inputs))
        for node in checked.network.nodes
        if node.layer
    ]
    return sum(prod(shape) for layer, inputs in layers for shape in layer.buffers(inputs).values() if shape)


def test_a_very_long_network_is_recognised_and_not_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "MOST_TRANSLATED", 3)
    layer = "[convolutional]\nfilters=8\nsize=3\n"
    (error,) = check("input 32x32x3\n" + 4 * layer).errors
    assert error.notes == ("networks of up to 3 layers are translated; this one has 4",)
    assert not error.fixes
    assert check("input 32x32x3\n" + 3 * layer).errors[0].fixes


@pytest.mark.parametrize("lines", [450, 1900])
def test_a_long_sequence_is_translated_whole(lines: int) -> None:
    rows = ["nn.Conv2d(8, 8, 3, padding=1),", "nn.ReLU(),"] * (lines // 2)
    (error,) = check("\n".join(["input 32x32x8", "model = nn.Sequential(", *rows, ")"])).errors
    assert error.fixes[0].safe and not error.notes


def test_a_very_long_sequence_or_class_is_recognised_and_not_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "MOST_TRANSLATED", 3)
    monkeypatch.setattr(classes, "MOST_TRANSLATED", 3)
    sequence = f"nn.Sequential({4 * 'nn.ReLU(), '})"
    (error,) = check(f"input 32x32x3\nmodel = {sequence}\n").errors
    assert error.notes == ("networks of up to 3 layers are translated; this one has 4",) and not error.fixes
    calls = "".join("        x = F.relu(x)\n" for _ in range(4))
    (error,) = check(f"class Net(nn.Module):\n    def forward(self, x):\n{calls}        return x\n").errors
    assert "networks of up to 3 layers are translated" in error.notes and not error.fixes
