"""Layers of Caffe become lines, with what is said of those that are not the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.importers import Fate, ImportResult, UnreadableModel, import_model
from specnet.layers.base import order_as_torch

INPUT = 'input: "data"\ninput_shape {{ dim: 1 dim: {} dim: {} dim: {} }}\n'


def read(folder: Path, layers: str, shape: tuple[int, int, int] = (8, 12, 12)) -> ImportResult:
    """Import layers behind an input of C×H×W."""
    path = folder / "net.prototxt"
    path.write_text(f'name: "net"\n{INPUT.format(*shape)}{layers}', encoding="utf-8")
    return import_model(path)


def layer(kind: str, param: str = "", bottoms: str = "data", tops: str = "a") -> str:
    ends = [f'bottom: "{each}"' for each in bottoms.split()] + [f'top: "{each}"' for each in tops.split()]
    return f'layer {{ name: "{tops.split()[0]}" type: "{kind}" {" ".join(ends)} {param} }}\n'


def describe(result: ImportResult) -> list[str]:
    """Return the nodes as kinds with their outputs."""
    nodes = result.checked.network.nodes
    return [f"{node.kind} {'x'.join(map(str, node.output or ()))}" for node in nodes]


POOL = layer("Pooling", "pooling_param { pool: AVE global_pooling: true }", "data", "pool")
HALVES = layer("Slice", "slice_param { axis: 1 slice_point: 3 }", "data", "x y")


@pytest.mark.parametrize(
    ("layers", "nodes", "fate"),
    [
        (layer("Pooling", "pooling_param { kernel_size: 3 stride: 2 }"), ["pool 6x6x8"], Fate.EXACT),
        (layer("Pooling", "pooling_param { kernel_size: 2 stride: 2 pad: 1 }"), ["pool 7x7x8"], Fate.EXACT),
        (layer("Pooling", "pooling_param { kernel_size: 3 stride: 4 pad: 1 }"), ["pool 4x4x8"], Fate.EXACT),
        (HALVES, ["slice 12x12x3", "slice 12x12x5"], Fate.EXACT),
        (layer("Slice", "slice_param { axis: 2 }", "data", "x y"), ["slice 6x12x8", "slice 6x12x8"], Fate.EXACT),
        (POOL + layer("Scale", "scale_param { axis: 0 }", "data pool"), ["pool 1x1x8", "mul 12x12x8"], Fate.EXACT),
        (POOL + layer("Axpy", "", "pool data data"), ["pool 1x1x8", "mul 12x12x8", "add 12x12x8"], Fate.EQUAL),
        (layer("Eltwise", "eltwise_param { coeff: 1 coeff: -1 }", "data data"), ["sub 12x12x8"], Fate.EXACT),
        (layer("Eltwise", "eltwise_param { coeff: 0.5 coeff: 1 }", "data data"), ["times 12x12x8", "add 12x12x8"],
         Fate.EQUAL),
        (layer("Flatten"), ["flatten 1152"], Fate.EXACT),
        (layer("Flatten", "flatten_param { axis: 2 }"), ["reshape 8x144"], Fate.EXACT),
        (layer("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }"), ["permute 12x8x12"], Fate.EXACT),
        (layer("Reshape", "reshape_param { shape { dim: 0 dim: -1 dim: 4 } }"), ["reshape 288x4"], Fate.EXACT),
        (layer("Softmax", "softmax_param { axis: 2 }"), ["permute 8x12x12", "softmax 8x12x12", "permute 12x12x8"],
         Fate.EQUAL),
        (layer("InnerProduct", "inner_product_param { num_output: 5 axis: 2 }"), ["reshape 8x144", "fc 8x5"],
         Fate.EXACT),
        (layer("Interp", "interp_param { zoom_factor: 2 }"), ["upsample 23x23x8"], Fate.EXACT),
        (layer("Interp", "interp_param { height: 24 width: 30 }"), ["upsample 24x30x8"], Fate.EXACT),
        (layer("Pooling", "pooling_param { kernel_size: 2 stride: 2 }", "data", "p mask")
         + layer("Upsample", "upsample_param { scale: 2 }", "p mask"), ["pool 6x6x8", "upsample 12x12x8"],
         Fate.APPROXIMATED),
        (layer("Power", "power_param { scale: 2 }"), ["times 12x12x8"], Fate.EXACT),
        (layer("Power", "power_param { power: 2 }"), ["mul 12x12x8"], Fate.EQUAL),
        (layer("AbsVal"), ["times 12x12x8", "maximum 12x12x8"], Fate.EQUAL),
        (layer("Bias"), ["scale 12x12x8"], Fate.APPROXIMATED),
        (layer("Normalize", "norm_param { across_spatial: false channel_shared: false }"), ["rms_norm 12x12x8"],
         Fate.EXACT),
        (layer("LRN", "lrn_param { norm_region: WITHIN_CHANNEL }"), ["lrn 12x12x8"], Fate.APPROXIMATED),
        (layer("Reduction", "reduction_param { axis: 2 operation: MEAN }"), ["pool 1x1x8", "flatten 8"], Fate.EQUAL),
        (layer("ConvolutionDepthwise", "convolution_param { num_output: 8 kernel_size: 3 }"), ["conv 10x10x8"],
         Fate.EXACT),
        (POOL.replace("global_pooling: true", "kernel_size: 2 stride: 2")
         + layer("Crop", "crop_param { axis: 2 offset: 3 }", "data pool"), ["pool 6x6x8", "crop 6x6x8"], Fate.EQUAL),
    ],
)  # fmt: skip
def test_a_layer_becomes_lines(layers: str, nodes: list[str], fate: Fate, tmp_path: Path) -> None:
    result = read(tmp_path, layers)
    assert sorted(describe(result)) == sorted(nodes)
    assert result.imported.entries[-1].fate is fate
    assert not result.imported.lost


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (layer("Python", 'python_param { module: "x" }'), "code in Python"),
        (layer("ROIPooling", "", "data"), "regions of an image"),
        (layer("Exp"), "a layer of type Exp has no counterpart here"),
        (layer("Pooling", "pooling_param { kernel_size: 2 pad: 2 }"), "padding is wider"),
        (layer("Power", "power_param { shift: 3 }"), "(x·1 + 3)^1 has no counterpart"),
        (layer("Concat", "concat_param { axis: 0 }", "data data"), "images of a batch"),
        (layer("Flatten", "flatten_param { axis: 0 }"), "images of a batch"),
    ],
)
def test_what_computes_and_is_left_out_is_named(layers: str, reason: str, tmp_path: Path) -> None:
    kept = layer("ReLU", "", "data", "kept")
    (entry,) = read(tmp_path, kept + layers).imported.lost
    assert reason in entry.reasons[0]


@pytest.mark.parametrize(
    ("layers", "lines"),
    [
        (layer("Pooling", "pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }"), "pool max F=2 S=2 floor"),
        (layer("Pooling", "pooling_param { pool: AVE kernel_size: 2 stride: 2 round_mode: FLOOR }"),
         "pool avg F=2 S=2 floor"),
        (layer("Pooling", "pooling_param { kernel_size: 3 stride: 2 round_mode: FLOOR }"), "pool max F=3 S=2 "),
        (layer("Convolution", "convolution_param { num_output: 4 kernel_size: 2 stride: 2 }"),
         "conv K=4 F=2 S=2 floor"),
    ],
)  # fmt: skip
def test_a_window_that_leaves_pixels_unread_says_that_it_rounds_down(layers: str, lines: str, tmp_path: Path) -> None:
    result = read(tmp_path, layers, (8, 7, 7))
    assert lines in result.text and "3x3" in result.text
    assert result.imported.entries[-1].fate is Fate.EXACT


def test_a_word_in_place_of_a_number_is_named_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableModel, match=r"the Power `a` \(line 4\) has a parameter of the wrong type, such as a w"
    ):
        read(tmp_path, layer("Power", 'power_param { power: "x" }'))


def test_losses_boxes_and_labels_are_no_loss(tmp_path: Path) -> None:
    boxes = layer("PriorBox", "prior_box_param { min_size: 3 }", "kept data", "prior")
    joined = layer("Concat", "", "prior prior", "priors")
    out = layer("DetectionOutput", "", "kept priors", "out")
    result = read(
        tmp_path, layer("ReLU", "", "data", "kept") + boxes + joined + out + layer("Accuracy", "", "kept", "b")
    )
    assert not result.imported.lost
    assert [entry.fate for entry in result.imported.entries] == [Fate.EXACT, *[Fate.LEFT_OUT] * 4]


def test_layers_share_weights_by_the_names_of_their_parameters(tmp_path: Path) -> None:
    text = [
        layer("Convolution", 'param { name: "w" } convolution_param { num_output: 8 kernel_size: 1 }', *ends)
        for ends in (("data", "p"), ("p", "q"))
    ]
    result = read(tmp_path, "".join(text))
    assert result.checked.totals.parameters == 8 * 8 + 8
    assert "same p" in result.text


def test_a_layer_that_reads_nothing_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableModel, match=r"the ReLU `a` \(line 4\) reads `nowhere`, which no layer above gives"):
        read(tmp_path, layer("ReLU", "", "nowhere"))
    with pytest.raises(UnreadableModel, match=r"the LSTM `a` \(line 4\) has a state"):
        read(tmp_path, layer("LSTM"))


def test_all_faults_of_a_file_are_in_one_report(tmp_path: Path) -> None:
    chain = ("ReLU", "LSTM", "MyFancyLayer", "ReLU", "GRU")
    layers = [layer(kind, "", f"v{place}" if place else "data", f"v{place + 1}") for place, kind in enumerate(chain)]
    state = "it has a state from one step to the next: a spec has no such layer"
    assert [entry.reasons for entry in read(tmp_path, "".join(layers)).imported.lost] == [
        (state,),
        ("it reads `v2`, which was left out", "a layer of type MyFancyLayer has no counterpart here"),
        ("it reads `v3`, which was left out",),
        ("it reads `v4`, which was left out", state),
    ]


def test_single_layers_come_to_the_shapes_of_caffe(shared: Callable[[str], Path], tmp_path: Path) -> None:
    """Caffe's own verdict on random layers: an import has its shape and its parameters, or says what differs."""
    lines = (shared("truth") / "caffe_random_layers.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    agreed = 0
    for case in map(json.loads, lines[::3]):
        if not case["verdict"]["ok"] or min(case["verdict"]["output"]) < 1:
            continue
        try:
            result = import_model(write_case(tmp_path, case))
        except UnreadableModel:
            continue
        node, entry = result.checked.network.nodes[-1], result.imported.entries[-1]
        if not result.imported.lost and entry.fate is not Fate.APPROXIMATED:
            assert [*order_as_torch(node.output or ())] == case["verdict"]["output"][1:], case
            agreed += 1
    assert agreed > 60


def write_case(folder: Path, case: dict[str, Any]) -> Path:
    names = [f"i{place}" for place in range(len(case["inputs"]))]
    shapes = [" ".join(f"dim: {dim}" for dim in dims) for dims in case["inputs"]]
    inputs = "".join(f'input: "{name}" input_shape {{ {dims} }}\n' for name, dims in zip(names, shapes, strict=True))
    pairs = [
        (key, each) for key, value in case["param"].items() for each in (value if isinstance(value, list) else [value])
    ]
    fields = " ".join(f"{key}: {str(value).lower() if isinstance(value, bool) else value}" for key, value in pairs)
    path = folder / "case.prototxt"
    path.write_text(inputs + layer(case["type"], f"x_param {{ {fields} }}", " ".join(names)), encoding="utf-8")
    return path
