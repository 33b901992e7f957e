"""Models as Keras 1, 2 and 3 write them, layer by layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from specnet.importers import Fate, UnreadableModel, import_model
from specnet.importers.result import ImportResult
from specnet.printer.networks import format_network

Layers = list[tuple[str, dict[str, Any]]]


def read(path: Path, document: dict[str, Any], shape: tuple[int, ...] | None = None) -> ImportResult:
    file = path / "model.json"
    file.write_text(json.dumps(document))
    return import_model(str(file), shape)


def make_sequential(shape: list[int | None], *layers: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a chain as Keras 3 writes it."""
    first = {"class_name": "InputLayer", "module": "keras.layers", "config": {"batch_shape": [None, *shape]}}
    others = [
        {"class_name": cls, "module": "keras.layers", "config": {"name": f"l{place}", **config}}
        for place, (cls, config) in enumerate(layers)
    ]
    return {"class_name": "Sequential", "module": "keras", "config": {"name": "chain", "layers": [first, *others]}}


def list_lines(result: ImportResult) -> list[str]:
    """Return a line for each layer, as they are before repetitions are found, without labels and alignment."""
    lines = format_network(result.imported.network).splitlines()
    bodies = [line.split(": ", 1)[-1] for line in lines if line.strip()]
    return [" ".join(body.split()) for body in bodies if not body.startswith(("net ", "input "))]


CONV = {"filters": 4, "kernel_size": [3, 3]}


@pytest.mark.parametrize(
    ("shape", "cls", "config", "lines"),
    [
        ([8, 8, 3], "Conv2D", CONV, ["conv K=4 F=3"]),
        ([8, 8, 3], "Conv2D", {**CONV, "padding": "same", "strides": [2, 2]}, ["conv K=4 F=3 S=2 P=same"]),
        ([8, 8, 3], "Conv2D", {**CONV, "strides": [2, 2]}, ["conv K=4 F=3 S=2 floor"]),
        ([8, 8, 3], "Conv2D", {**CONV, "padding": "same", "dilation_rate": [2, 2]}, ["conv K=4 F=3 P=2 D=2"]),
        ([8, 8, 3], "Conv2D", {"filters": 4, "kernel_size": [2, 2], "padding": "same"}, ["conv K=4 F=2 P=same"]),
        ([8, 8, 3], "Conv2D", {**CONV, "activation": "relu", "use_bias": False}, ["conv K=4 F=3 bias=no", "relu"]),
        ([8, 8, 3], "DepthwiseConv2D", {"kernel_size": [3, 3], "depth_multiplier": 2}, ["conv K=6 F=3 G=3"]),
        ([8, 8, 3], "SeparableConv2D", CONV, ["conv K=3 F=3 G=3 bias=no", "conv K=4 F=1"]),
        ([8, 8, 3], "Conv2DTranspose", {**CONV, "strides": [2, 2], "padding": "same"}, ["deconv K=4 F=3 S=2 P=same"]),
        ([8, 8, 3], "Dense", {"units": 5}, ["conv K=5 F=1"]),
        ([8, 3], "Dense", {"units": 5}, ["fc 5"]),
        ([8], "Dense", {"units": 5, "activation": "softmax"}, ["fc 5", "softmax"]),
        ([8, 8, 4], "BatchNormalization", {"axis": [3]}, ["bn eps=0.001 momentum=0.01"]),
        ([8, 8, 4], "BatchNormalization", {"scale": False}, ["bn eps=0.001 momentum=0.01 freeze=weight"]),
        ([8, 8, 4], "LayerNormalization", {"center": False}, ["ln eps=0.001 freeze=bias"]),
        ([8, 8, 4], "GroupNormalization", {"groups": 2}, ["gn G=2 eps=0.001"]),
        ([8, 8, 3], "MaxPooling2D", {"pool_size": [2, 2]}, ["pool max F=2"]),
        ([9, 9, 3], "AveragePooling2D", {"pool_size": [2, 2], "padding": "same"}, ["pool avg F=2 P=same"]),
        ([8, 8, 3], "GlobalAveragePooling2D", {}, ["pool avg global", "flatten"]),
        ([8, 8, 3], "GlobalMaxPooling2D", {"keepdims": True}, ["pool max global"]),
        ([8, 3], "GlobalAveragePooling1D", {}, ["pool avg global"]),
        ([8, 8, 3], "ZeroPadding2D", {"padding": [[0, 1], [2, 2]]}, ["pad [0:1,2]"]),
        ([8, 8, 3], "Cropping2D", {"cropping": [[1, 0], [1, 0]]}, ["crop P=1:0"]),
        ([8, 8, 3], "UpSampling2D", {"size": [2, 2], "interpolation": "bilinear"}, ["upsample 2 bilinear"]),
        ([8, 8, 3], "Resizing", {"height": 4, "width": 6}, ["upsample to=4x6 bilinear"]),
        ([8, 8, 3], "ReLU", {"max_value": 6.0, "negative_slope": None}, ["relu6"]),
        ([8, 8, 3], "LeakyReLU", {"alpha": 0.1}, ["leaky_relu slope=0.1"]),
        ([8, 8, 3], "PReLU", {"shared_axes": [1, 2]}, ["prelu channelwise init=0"]),
        ([8, 8, 3], "Activation", {"activation": "swish"}, ["silu"]),
        ([8, 8, 3], "Dropout", {"rate": 0.2}, ["dropout 0.2"]),
        ([8, 8, 3], "Dropout", {"rate": 0.2, "noise_shape": [None, 1, 1, 1]}, ["drop_path 0.2"]),
        ([8, 8, 3], "Dropout", {"rate": 0.07500000000000001, "noise_shape": [None, 1, 1, 1]}, ["drop_path 0.075"]),
        ([8, 8, 3], "StochasticDepth", {"drop_path_rate": 0.1}, ["drop_path 0.1"]),
        ([8, 8, 3], "Rescaling", {"scale": 0.5, "offset": 0.0}, ["times 0.5"]),
        ([8, 8, 3], "Flatten", {}, ["tokens", "flatten"]),
        ([8, 8, 1], "Flatten", {}, ["flatten"]),
        ([8, 8, 3], "Reshape", {"target_shape": [64, 3]}, ["tokens"]),
        ([8, 8, 3], "Reshape", {"target_shape": [4, 16, -1]}, ["tokens", "map 4x16"]),
        ([12], "Reshape", {"target_shape": [2, 2, 3]}, ["reshape 4x3", "map 2"]),
        ([12], "Reshape", {"target_shape": [1, 1, 12]}, ["reshape 1x1x12"]),
        ([8, 8, 3], "Permute", {"dims": [2, 1, 3]}, ["permute WHC"]),
        ([8, 4], "Conv1D", {"filters": 2, "kernel_size": [3], "padding": "causal"},
         ["map 8x1", "conv K=2 F=3x1 P=[2:0,0]", "tokens"]),
        ([8, 4], "MaxPooling1D", {"pool_size": [2]}, ["map 8x1", "pool max F=2x1 S=2x1", "tokens"]),
    ],
)  # fmt: skip
def test_layers(tmp_path: Path, shape: list[int], cls: str, config: dict[str, Any], lines: list[str]) -> None:
    result = read(tmp_path, make_sequential([*shape], (cls, config)))
    assert list_lines(result) == lines
    assert not result.imported.lost


@pytest.mark.parametrize(
    ("cls", "config", "reason"),
    [
        ("Lambda", {"function": ["4wEAAAA=", None, None]}, "it is Python code, which is never run"),
        ("LSTM", {"units": 4}, "a spec has no recurrent layers"),
        ("ConvLSTM2D", {"filters": 4, "kernel_size": [3, 3]}, "a spec has no recurrent layers"),
        ("Mine", {}, "there is no such layer here"),
        ("Activation", {"activation": "softplus"}, "`activation='softplus'` has no counterpart"),
        ("UnitNormalization", {}, "there is no such layer here"),
        ("Reshape", {"target_shape": [2, 2, 16, 3]}, "values have one to three axes here"),
        ("ReLU", {"max_value": 3.0}, "`max_value=3.0` has no counterpart"),
    ],
)
def test_layers_without_a_counterpart(tmp_path: Path, cls: str, config: dict[str, Any], reason: str) -> None:
    result = read(tmp_path, make_sequential([8, 8, 3], ("ReLU", {}), (cls, config)))
    (lost,) = result.imported.lost
    assert lost.source.kind == cls
    assert reason in lost.reasons[0]


def make_functional(layers: list[dict[str, Any]], inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
    return {
        "class_name": "Model",
        "keras_version": "2.4.0",
        "config": {"name": "graph", "layers": layers, "input_layers": inputs, "output_layers": outputs},
    }


def make_layer(cls: str, name: str, *calls: list[Any], **config: Any) -> dict[str, Any]:
    """Return a layer as Keras 2 writes it, with calls that name what they read."""
    return {"class_name": cls, "name": name, "config": {"name": name, **config}, "inbound_nodes": [*calls]}


INPUT = make_layer("InputLayer", "image", batch_input_shape=[None, 8, 8, 3])


def test_a_layer_that_is_called_twice_shares_its_weights(tmp_path: Path) -> None:
    layers = [
        INPUT,
        make_layer("Conv2D", "conv", [["image", 0, 0, {}]], [["twice", 0, 0, {}]], **(CONV | {"padding": "same"})),
        make_layer("Conv2D", "twice", [["conv", 0, 0, {}]], **(CONV | {"filters": 3, "padding": "same"})),
        make_layer("Add", "sum", [["conv", 0, 0, {}], ["conv", 1, 0, {}]]),
    ]
    result = read(tmp_path, make_functional(layers, [["image", 0, 0]], [["sum", 0, 0]]))
    assert list_lines(result) == ["conv K=4 F=3 P=1", "conv K=3 F=3 P=1", "same conv", "@conv -> add @conv_2"]
    assert result.checked.network.nodes[2].shares == "conv"


def test_models_within_models(tmp_path: Path) -> None:
    inner = make_sequential([8, 8, 3], ("Conv2D", CONV | {"padding": "same"}), ("ReLU", {}))
    inner |= {"name": "inner", "inbound_nodes": [[["image", 0, 0, {}]], [["image", 0, 0, {}]]]}
    layers = [INPUT, inner, make_layer("Add", "sum", [["inner", 1, 0, {}], ["inner", 2, 0, {}]])]
    result = read(tmp_path, make_functional(layers, [["image", 0, 0]], [["sum", 0, 0]]))
    names = [node.name for node in result.imported.network.nodes]
    assert names[:2] == ["inner.l0", "inner.l1"]
    assert len(names) == 5
    assert result.imported.network.nodes[2].shares == "inner.l0"
    assert result.checked.totals.parameters == 3 * 4 * 9 + 4


def test_zeros_before_a_window_are_its_padding(tmp_path: Path) -> None:
    layers: Layers = [
        ("ZeroPadding2D", {"padding": [[0, 1], [0, 1]]}),
        ("Conv2D", CONV | {"strides": [2, 2]}),
        ("ReLU", {}),
        ("ZeroPadding2D", {"padding": 1}),
        ("MaxPooling2D", {"pool_size": [3, 3], "strides": [2, 2]}),
        ("ZeroPadding2D", {"padding": 1}),
    ]
    result = read(tmp_path, make_sequential([8, 8, 3], *layers))
    assert list_lines(result) == ["conv K=4 F=3 S=2 P=0:1", "relu", "pool max F=3 S=2 P=1", "pad 1"]


def test_zeros_before_a_maximum_of_negative_values_stay(tmp_path: Path) -> None:
    layers: Layers = [("ZeroPadding2D", {"padding": 1}), ("MaxPooling2D", {"pool_size": [3, 3], "strides": [1, 1]})]
    assert list_lines(read(tmp_path, make_sequential([8, 8, 3], *layers))) == ["pad 1", "pool max F=3 S=1"]


def test_a_vector_that_only_fully_connected_layers_read_is_a_map(tmp_path: Path) -> None:
    layers: Layers = [("Flatten", {}), ("Dropout", {"rate": 0.5}), ("Dense", {"units": 5}), ("Dense", {"units": 2})]
    result = read(tmp_path, make_sequential([2, 2, 3], *layers))
    assert list_lines(result) == ["dropout 0.5", "fc 5", "fc 2"]
    entry = result.imported.entries[1]
    assert entry.fate is Fate.EQUAL
    assert "fc reads the map as a vector" in entry.reasons[0]


@pytest.mark.parametrize("size", [[1, 1, 3], [1, 1, -1]])
def test_a_squeeze_excite_keeps_its_map_of_one_pixel(tmp_path: Path, size: list[int]) -> None:
    layers = [
        INPUT,
        make_layer("GlobalAveragePooling2D", "pool", [["image", 0, 0, {}]]),
        make_layer("Reshape", "pixel", [["pool", 0, 0, {}]], target_shape=size),
        make_layer("Dense", "excite", [["pixel", 0, 0, {}]], units=3, activation="sigmoid"),
        make_layer("Multiply", "scaled", [["image", 0, 0, {}], ["excite", 0, 0, {}]]),
    ]
    result = read(tmp_path, make_functional(layers, [["image", 0, 0]], [["scaled", 0, 0]]))
    assert list_lines(result) == ["pool avg global", "conv K=3 F=1", "sigmoid", "@input -> mul @excite_sigmoid"]
    assert not result.imported.lost


def test_a_pool_that_other_layers_read_too_is_a_vector(tmp_path: Path) -> None:
    layers = [
        INPUT,
        make_layer("GlobalAveragePooling2D", "pool", [["image", 0, 0, {}]]),
        make_layer("Reshape", "pixel", [["pool", 0, 0, {}]], target_shape=[1, 1, 3]),
        make_layer("Activation", "soft", [["pool", 0, 0, {}]], activation="softmax"),
    ]
    result = read(tmp_path, make_functional(layers, [["image", 0, 0]], [["pixel", 0, 0], ["soft", 0, 0]]))
    assert list_lines(result)[:3] == ["pool avg global", "flatten", "reshape 1x1x3"]


COMBINED: list[tuple[list[int | None], Layers, list[str]]] = [
    ([4, 4, 6], [("Reshape", {"target_shape": [4, 4, 2, 3]}), ("Permute", {"dims": [1, 2, 4, 3]}),
                 ("Reshape", {"target_shape": [4, 4, 6]})], ["shuffle 2"]),
    ([4, 4, 6], [("Reshape", {"target_shape": [4, 4, -1, 2]}), ("Permute", {"dims": [1, 2, 4, 3]}),
                 ("Reshape", {"target_shape": [4, 4, -1]})], ["shuffle 3"]),
    ([48], [("Reshape", {"target_shape": [3, 4, 4]}), ("Permute", {"dims": [2, 3, 1]})], ["reshape 4x4x3"]),
    ([48], [("Reshape", {"target_shape": [3, 4, 4]}), ("Permute", {"dims": [3, 2, 1]})],
     ["reshape 12x4", "map 3x4", "permute CWH"]),
    ([8, 8, 3], [("Conv2DTranspose", {**CONV, "strides": [2, 2]}), ("Cropping2D", {"cropping": [[1, 0], [1, 0]]})],
     ["deconv K=4 F=3 S=2 P=1 OP=1"]),
    ([8, 8, 3], [("Conv2DTranspose", {**CONV, "strides": [2, 2]}), ("Cropping2D", {"cropping": [[0, 1], [1, 1]]})],
     ["deconv K=4 F=3 S=2 P=[0:1,1]"]),
    ([8, 8, 3], [("Conv2DTranspose", CONV), ("Cropping2D", {"cropping": [[3, 0], [0, 0]]})],
     ["deconv K=4 F=3", "crop P=[3:0,0]"]),
    ([8, 8, 3], [("ZeroPadding2D", {"padding": 1}), ("AveragePooling2D", {"pool_size": [3, 3], "strides": [2, 2]})],
     ["pool avg F=3 S=2 P=1"]),
    ([8, 8, 3], [("ZeroPadding2D", {"padding": 2}), ("AveragePooling2D", {"pool_size": [3, 3], "strides": [2, 2]})],
     ["pad 2", "pool avg F=3 S=2 floor"]),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "chain", "lines"), COMBINED)
def test_layers_that_are_one_here(tmp_path: Path, shape: list[int | None], chain: Layers, lines: list[str]) -> None:
    result = read(tmp_path, make_sequential(shape, *chain))
    assert list_lines(result) == lines
    assert all(entry.fate in (Fate.EXACT, Fate.EQUAL) for entry in result.imported.entries)


@pytest.mark.parametrize("size", [[4, 4, 4, 2], [4, 4, -1, 4], [4, 4, -1, -1], [4, 4, 0, 6], [4, 4, "a", 6]])
def test_groups_that_do_not_divide_the_channels_are_refused(tmp_path: Path, size: list[Any]) -> None:
    chain = [("Reshape", {"target_shape": size}), ("Permute", {"dims": [1, 2, 4, 3]})]
    result = read(tmp_path, make_sequential([4, 4, 6], ("ReLU", {}), *chain, ("Reshape", {"target_shape": [4, 4, 6]})))
    assert [entry.source.kind for entry in result.imported.lost] == ["Reshape", "Permute", "Reshape"]


def test_parameters_as_keras_counts_them(tmp_path: Path) -> None:
    layers = (
        ("Rescaling", {"scale": 2.0, "offset": 1.0}),
        ("Normalization", {}),
        ("Conv2D", {**CONV, "use_bias": False}),
        ("BatchNormalization", {"scale": False}),
    )
    totals = read(tmp_path, make_sequential([8, 8, 3], *layers)).imported.totals
    assert totals.parameters == 7 + 3 * 3 * 3 * 4 + 3 * 4
    assert "moving statistics" in totals.rule


def test_parameters_are_unknown_where_a_layer_is_left_out(tmp_path: Path) -> None:
    result = read(tmp_path, make_sequential([8, 8, 3], ("Conv2D", CONV), ("Lambda", {})))
    assert result.imported.totals.parameters is None


def test_channels_first(tmp_path: Path) -> None:
    first = {"data_format": "channels_first"}
    layers: Layers = [
        ("Conv2D", CONV | first),
        ("BatchNormalization", {"axis": 1}),
        ("Concatenate", {"axis": 1}),
        ("Reshape", {"target_shape": [4, 36]}),
    ]
    result = read(tmp_path, make_sequential([3, 8, 8], *layers))
    assert result.imported.network.inputs[0].shape == (8, 8, 3)
    assert list_lines(result) == ["conv K=4 F=3", "bn eps=0.001 momentum=0.01", "reshape 4x36"]


def test_keras_1(tmp_path: Path) -> None:
    layers = [
        {"class_name": "Convolution2D", "config": {"name": "c", "nb_filter": 4, "nb_row": 3, "nb_col": 5,
         "border_mode": "same", "subsample": [2, 2], "bias": False, "activation": "relu", "dim_ordering": "tf",
         "init": "glorot_uniform", "W_regularizer": None, "batch_input_shape": [None, 8, 8, 3]}},
        {"class_name": "MaxPooling2D", "config": {"name": "p", "pool_size": [2, 2], "border_mode": "valid"}},
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dense", "config": {"name": "d", "output_dim": 10, "activation": "softmax"}},
    ]  # fmt: skip
    result = read(tmp_path, {"class_name": "Sequential", "config": layers})
    assert list_lines(result) == ["conv K=4 F=3x5 S=2 P=same bias=no", "relu", "pool max F=2", "fc 10", "softmax"]
    assert all(entry.fate in (Fate.EXACT, Fate.EQUAL) for entry in result.imported.entries)


@pytest.mark.parametrize(
    ("function", "second", "line"),
    [
        ("math.multiply", 0.5, "times 0.5"),
        ("math.truediv", 4, "times 0.25"),
        ("__operators__.add", ["other", 0, 0], "add @other"),
        ("nn.relu", None, "relu"),
        ("nn.silu", None, "silu"),
    ],
)
def test_functions_of_tensorflow(tmp_path: Path, function: str, second: Any, line: str) -> None:
    call = [["image", 0, 0, {"y": second, "name": None}]]
    layers = [
        INPUT,
        make_layer("ReLU", "other", [["image", 0, 0, {}]]),
        make_layer("TFOpLambda", "op", call, function=function),
    ]
    result = read(tmp_path, make_functional(layers, [["image", 0, 0]], [["op", 0, 0]]))
    assert list_lines(result)[-1].removeprefix("@input -> ") == line


def test_slices(tmp_path: Path) -> None:
    keys = [{"class_name": "__ellipsis__", "config": {}}, make_slice(1, 3)]
    reference = {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 8, 8, 3], "keras_history": ["image", 0, 0]},
    }
    part = {"class_name": "GetItem", "module": "keras.src.ops.numpy", "name": "part", "config": {"name": "part"},
            "inbound_nodes": [{"args": [reference, keys], "kwargs": {}}]}  # fmt: skip
    rows = part | {"name": "rows", "inbound_nodes": [{"args": [reference, [make_slice(), make_slice(0, 4)]]}]}
    document = make_functional([INPUT, part, rows], [["image", 0, 0]], [["part", 0, 0], ["rows", 0, 0]])
    nodes = read(tmp_path, document).imported.network.nodes
    assert [node.output for node in nodes] == [(8, 8, 2), (4, 8, 3)]


def make_slice(start: int | None = None, stop: int | None = None) -> dict[str, Any]:
    return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": None}}


def test_hard_sigmoid_in_pieces(tmp_path: Path) -> None:
    layers = [
        INPUT,
        make_layer("TFOpLambda", "plus", [["image", 0, 0, {"y": 3.0}]], function="math.add"),
        make_layer("ReLU", "cut", [["plus", 0, 0, {}]], max_value=6.0),
        make_layer("TFOpLambda", "sixth", [["cut", 0, 0, {"y": 1 / 6}]], function="math.multiply"),
    ]
    result = read(tmp_path, make_functional(layers, [["image", 0, 0]], [["sixth", 0, 0]]))
    assert list_lines(result) == ["hard_sigmoid"]


@pytest.mark.parametrize(
    ("compiled", "lines"),
    [
        ({"optimizer": "adam", "loss": "categorical_crossentropy"}, ["loss cross_entropy", "optimizer adam eps=1e-7"]),
        ({"optimizer": {"class_name": "SGD", "config": {"name": "SGD", "learning_rate": 0.05000000074505806,
          "momentum": 0.9, "nesterov": True, "weight_decay": None}}, "loss": "mse"},
         ["optimizer sgd lr=0.05 momentum=0.9 nesterov"]),
        ({"optimizer_config": {"class_name": "Adam", "config": {"lr": 0.01, "decay": 0.0}}, "loss": ["a", "b"]},
         ["optimizer adam lr=0.01 eps=1e-7"]),
        ({"optimizer": {"class_name": "Mine>Opt", "config": 3}}, []),
    ],
)  # fmt: skip
def test_how_it_was_compiled(tmp_path: Path, compiled: dict[str, Any], lines: list[str]) -> None:
    document = make_sequential([8], ("Dense", {"units": 5})) | {"compile_config": compiled}
    text = read(tmp_path, document).text.partition("train {")[2]
    assert [" ".join(line.split()) for line in text.splitlines() if line.strip(" }")] == lines


def test_several_outputs_become_heads(tmp_path: Path) -> None:
    layers = [
        INPUT,
        make_layer("Conv2D", "main", [["image", 0, 0, {}]], **CONV),
        make_layer("Conv2D", "side", [["image", 0, 0, {}]], **CONV),
    ]
    result = read(tmp_path, make_functional(layers, [["image", 0, 0]], [["main", 0, 0], ["side", 0, 0]]))
    assert result.imported.network.outputs == ("main",)
    assert [head.value for head in result.imported.network.heads] == ["side"]


def test_an_open_size_needs_one(tmp_path: Path) -> None:
    document = make_sequential([None, None, 3], ("Conv2D", CONV))
    with pytest.raises(UnreadableModel, match="leaves sizes open"):
        read(tmp_path, document)
    assert read(tmp_path, document, (16, 16, 3)).imported.network.inputs[0].shape == (16, 16, 3)
    with pytest.raises(UnreadableModel, match=r"is \?x\?x3 in the file, not 16x16x4"):
        read(tmp_path, document, (16, 16, 4))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"class_name": "Mine", "config": {"units": 3}}, "holds a `Mine`"),
        ({"class_name": "Sequential", "config": {"layers": 5}}, "no list of layers"),
        (make_functional([INPUT], [["image", 0, 0]], [["nothing", 0, 0]]), "output 0 of call 0 of `nothing`"),
        (make_functional([INPUT], [["image", 0, 0]], []), "names no outputs"),
        (make_functional([INPUT, INPUT], [], []), "two layers of the same name"),
        (make_functional([make_layer("ReLU", "a", [["b", 0, 0]]), make_layer("ReLU", "b", [["a", 0, 0]])],
                         [], [["a", 0, 0]]), "read one another in a circle: a, b"),
        (make_functional([make_layer("ReLU", "a", [["c", 0, 0]])], [], [["a", 0, 0]]), "reads `c`, which no layer"),
        (make_sequential([8, 8, 3], ("Conv2D", {"filters": 4, "kernel_size": [30, 30]})), "the Conv2D `l0`"),
    ],
)  # fmt: skip
def test_what_cannot_be(tmp_path: Path, document: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableModel) as raised:
        read(tmp_path, document)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"class_name": "Sequential", "config": ' + "[" * 5000, "nested too deeply"),
        ('{"class_name": "Sequential", "config": {', "is no JSON"),
        ('{"class_name": "x", "config": "' + "x" * (9 << 20) + '"}', "more than"),
    ],
)
def test_damaged_text(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises((UnreadableModel, OSError), match=message):
        import_model(str(tmp_path / "model.json"))


def test_models_within_models_that_multiply_end(tmp_path: Path) -> None:
    inner: dict[str, Any] = make_sequential([8, 8, 3], ("ReLU", {}))
    for _depth in range(20):
        first = [["image", 0, 0, {}]]
        layer = inner | {"name": "inner", "inbound_nodes": [first, [["inner", 1, 0, {}]]]}
        inner = make_functional([INPUT, layer], [["image", 0, 0]], [["inner", 2, 0]])
    with pytest.raises(UnreadableModel, match="more than 20,000 calls"):
        read(tmp_path, inner)


def test_an_attribute_of_another_type_is_no_configuration(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file.attrs["model_config"] = 7
    with pytest.raises(UnreadableModel, match="the attribute `model_config` is no text"):
        import_model(tmp_path / "odd.h5")
