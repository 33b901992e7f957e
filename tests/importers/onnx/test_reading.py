"""Whole files: their inputs, names, functions and branches, and files that cannot be read."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.importers import Fate, UnreadableModel, import_model
from specnet.importers.carrying import carry_weights
from tests.importers.onnx.made_models import build, floats, integers, make_weights, node, write

onnx = pytest.importorskip("onnx", reason="the package onnx writes the models")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper

CONV = make_weights(w=(4, 4, 3, 3))


def list_kinds(result: Any) -> list[str]:
    return [node.layer.kind for node in result.checked.network.nodes if node.layer]


def test_an_open_batch_is_one_image_and_other_open_sizes_are_asked_for(tmp_path: Path) -> None:
    conv = [node("Conv", "x w", "y")]
    assert import_model(write(tmp_path, build(conv, ("N", 4, 8, 8), CONV))).checked.network.inputs[0].shape == (8, 8, 4)
    path = write(tmp_path, build(conv, ("N", 4, "H", "W"), CONV))
    assert import_model(path, (6, 10, 4)).checked.network.inputs[0].shape == (6, 10, 4)
    with pytest.raises(UnreadableModel, match=r"leaves sizes of its input `x` open .N×4×H×W.; give its input shape"):
        import_model(path)
    with pytest.raises(UnreadableModel, match="fixes its input `x` at N×4×H×W, which 6×10×3 does not fit"):
        import_model(path, (6, 10, 3))


def test_an_input_with_its_channels_last_is_turned(tmp_path: Path) -> None:
    nodes = [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t w", "c"),
             node("Transpose", "c", "y", perm=[0, 2, 3, 1])]  # fmt: skip
    result = import_model(write(tmp_path, build(nodes, (1, 6, 8, 4), CONV)))
    assert list_kinds(result) == ["conv"] and result.checked.network.inputs[0].shape == (6, 8, 4)


def test_functions_and_branches_are_what_they_consist_of(tmp_path: Path) -> None:
    body = [helper.make_node("LeakyRelu", ["a"], ["b"]), helper.make_node("Relu", ["b"], ["c"])]
    body[0].attribute.append(helper.make_attribute("alpha", 0.0))
    body[0].attribute[0].ref_attr_name = "slope"
    body[0].attribute[0].ClearField("f")
    function = helper.make_function("own", "Twice", ["a"], ["c"], body, [helper.make_opsetid("", 17)], ["slope"])
    branches = {
        name: helper.make_graph([node(kind, "f", f"{name}_out")], name, [],
                                [helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None)])
        for name, kind in (("then_branch", "Tanh"), ("else_branch", "Sigmoid"))
    }  # fmt: skip
    nodes = [node("Conv", "x w", "c"), node("Twice", "c", "f", domain="own", slope=0.25),
             helper.make_node("If", ["no"], ["y"], **branches)]  # fmt: skip
    weights = {**CONV, "no": np.array(False)}
    model = build(nodes, weights=weights, functions=[function], imports=[helper.make_opsetid("own", 1)])
    result = import_model(write(tmp_path, model))
    assert list_kinds(result) == ["conv", "leaky_relu", "relu", "sigmoid"]
    assert "slope=0.25" in result.text or "0.25" in result.text
    assert "outputs differ by at most" in carry_weights(result).summary


def test_layers_are_named_after_their_weights_and_modules(tmp_path: Path) -> None:
    nodes = [node("Conv", "x stem.conv.weight", "c"), node("Relu", "c", "r"), node("Conv", "r w", "d"),
             node("Relu", "d", "y")]  # fmt: skip
    nodes[1].name, nodes[2].name, nodes[3].name = (
        "/stem/act/Relu",
        "/layer1/layer1.0/conv/Conv",
        "/layer1/layer1.0/Relu",
    )
    weights = make_weights(**{"stem.conv.weight": (4, 4, 3, 3), "w": (4, 4, 3, 3)})
    network = import_model(write(tmp_path, build(nodes, weights=weights))).imported.network
    assert [each.name for each in network.nodes] == ["stem.conv", "stem.act", "layer1.0.conv", "layer1.0.relu"]


def test_several_outputs_are_the_main_one_and_heads(tmp_path: Path) -> None:
    model = build([node("Conv", "x w", "y"), node("Relu", "y", "z")], weights=CONV, output="z y")
    network = import_model(write(tmp_path, model)).checked.network
    assert len(network.outputs) == 1 and len(network.heads) == 1
    assert network.heads[0].value == network.nodes[0].name


def test_weights_beside_the_file_are_read_from_its_folder_alone(tmp_path: Path) -> None:
    model = build([node("Conv", "x w", "y")], weights=CONV)
    onnx.save_model(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    assert "outputs differ by at most" in carry_weights(import_model(str(tmp_path / "m.onnx"))).summary
    stored = onnx.load(tmp_path / "m.onnx", load_external_data=False)
    stored.graph.initializer[0].external_data[0].value = "../m.data"
    result = import_model(write(tmp_path, stored))
    with pytest.raises(UnreadableModel, match="outside of the model's folder"):
        carry_weights(result)


def test_quantised_values_are_read_through_and_said(tmp_path: Path) -> None:
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"), node("Conv", "d w", "y")]
    weights = {**CONV, "s": floats(0.1)[0], "z": np.array(3, "u1")}
    result = import_model(write(tmp_path, build(nodes, weights=weights)))
    fates = {entry.source.kind: entry.fate for entry in result.imported.entries}
    assert list_kinds(result) == ["conv"] and fates["QuantizeLinear"] is Fate.APPROXIMATED


NORMALISED = [node("Sub", "x shift", "c"), node("Mul", "c factor", "n"), node("Conv", "n w", "y")]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_normalisation_of_each_position_by_the_same_numbers_is_a_frozen_scale(channels: int, tmp_path: Path) -> None:
    spread = np.ones((channels, 8, 8), "f4")
    numbers = make_weights(shift=(channels, 1, 1), factor=(channels, 1, 1), w=(4, channels, 3, 3))
    weights = {**numbers, "shift": numbers["shift"] * spread, "factor": numbers["factor"] * spread}
    result = import_model(write(tmp_path, build(NORMALISED, (1, channels, 8, 8), weights)))
    assert list_kinds(result) == ["scale", "conv"] and not result.imported.lost
    assert "bias=yes freeze=all" in result.text
    fates = {entry.source.kind: entry.fate for entry in result.imported.entries}
    assert fates == {"Sub": Fate.EQUAL, "Mul": Fate.EQUAL, "Conv": Fate.EXACT}
    assert "outputs differ by at most" in carry_weights(result).summary


CONSTANTS = {
    "for each position": (make_weights(shift=(3, 8, 8), factor=(3, 1, 1)), ["positions", "scale"], "freeze=all",
                          Fate.EQUAL),
    "for each channel": (make_weights(shift=(3, 1, 1), factor=(3, 1, 1)), ["scale"], "freeze=all", Fate.EQUAL),
    "for rows alone": (make_weights(shift=(1, 8, 1), factor=(3, 1, 1)), [], "", Fate.LEFT_OUT),
}  # fmt: skip


@pytest.mark.parametrize(("weights", "kinds", "word", "fate"), CONSTANTS.values(), ids=[*CONSTANTS])
def test_what_is_subtracted_is_never_learned(
    weights: dict[str, Any], kinds: list[str], word: str, fate: Fate, tmp_path: Path
) -> None:
    nodes = [node("Relu", "x", "r"), node("Sub", "r shift", "c"), node("Mul", "c factor", "y")]
    result = import_model(write(tmp_path, build(nodes, (1, 3, 8, 8), weights)))
    assert list_kinds(result) == ["relu", *kinds]
    assert next(each.fate for each in result.imported.entries if each.source.kind == "Sub") is fate
    assert word in result.text
    if kinds:
        assert "outputs differ by at most" in carry_weights(result).summary


def test_two_normalisations_by_the_same_factors_have_their_own_numbers(tmp_path: Path) -> None:
    parts = [node("Sub", "x one", "a"), node("Mul", "a factor", "b"), node("Sub", "x two", "c"),
             node("Mul", "c factor", "d"), node("Relu", "d", "e"), node("Add", "b e", "y")]  # fmt: skip
    weights = make_weights(one=(3, 1, 1), two=(3, 1, 1), factor=(3, 1, 1))
    result = import_model(write(tmp_path, build(parts, (1, 3, 8, 8), weights)))
    assert "outputs differ by at most" in carry_weights(result).summary


@pytest.mark.parametrize(("zero", "kinds"), [(-128, ["conv", "relu", "pool"]), (3, ["conv", "pool"])])
def test_a_quantiser_that_cuts_off_what_is_below_zero_is_a_relu(zero: int, kinds: list[str], tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "c"), node("QuantizeLinear", "c s z", "q"), node("DequantizeLinear", "q s z", "d"),
             node("MaxPool", "d", "p", kernel_shape=[2, 2], strides=[2, 2]), node("QuantizeLinear", "p s z", "r"),
             node("DequantizeLinear", "r s z", "y")]  # fmt: skip
    weights = {**CONV, "s": floats(0.1)[0], "z": np.array(zero, "i1")}
    result = import_model(write(tmp_path, build(nodes, weights=weights)))
    assert list_kinds(result) == kinds
    assert "outputs differ by at most" in carry_weights(result).summary


REFUSED = {
    "loop": (build([helper.make_node("Loop", ["", ""], ["y"], name="l",
                                     body=helper.make_graph([], "b", [], []))]), "the Loop `l` cannot be imported"),
    "lstm": (build([node("LSTM", "x w w", "y", hidden_size=3)], weights=CONV), "it is recurrent"),
    "unknown value": (build([node("Relu", "nothing", "y")]), "reads `nothing`, which nothing before it gives"),
    "given twice": (build([node("Relu", "x", "y"), node("Tanh", "x", "y")]), "gives `y`, which is there already"),
    "wrong channels": (build([node("Conv", "x w", "y")], (1, 3, 8, 8), CONV), "weights for 4 channels.* has 3"),
    "too small": (build([node("Conv", "x w", "y")], (1, 4, 2, 8), CONV), "comes to 1×4×0×6"),
    "computed shape": (build([node("Reshape", "x t", "y")], weights=None), "reads `t`"),
    "no output": (build([node("Relu", "x", "z")]), "has the output `y`, which no operator gives"),
    "constant output": (build([node("Identity", "w", "y")], weights=CONV), "no output that depends on its input"),
    "old": (build([node("Relu", "x", "y")], opset=4), "operators of opset 4; opsets from 6 on"),
    "no input": (onnx.ModelProto(graph=helper.make_graph([], "g", [], []), opset_import=[helper.make_opsetid("", 17)],
                                 ir_version=8), "has no inputs"),
    "huge constant": (build([node("Expand", "k s", "e"), node("Add", "x e", "y")],
                            weights={"k": floats(1), "s": integers(1 << 20, 1 << 20, 8, 8)}), "too many to compute"),
    "negative tensor": (build([node("Conv", "x w", "y")], weights=CONV), "a shape that none can have"),
}  # fmt: skip
REFUSED["negative tensor"][0].graph.initializer[0].dims[0] = -4


@pytest.mark.parametrize(("model", "reason"), REFUSED.values(), ids=[*REFUSED])
def test_a_file_that_cannot_be_read_is_refused_with_its_reason(
    model: onnx.ModelProto, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableModel, match=reason):
        import_model(write(tmp_path, model))


def test_a_function_that_calls_itself_ends(tmp_path: Path) -> None:
    body = [helper.make_node("Own", ["a"], ["b"], domain="own") for _ in range(3)]
    function = helper.make_function("own", "Own", ["a"], ["b"], body, [helper.make_opsetid("own", 1)])
    model = build([node("Own", "x", "y", domain="own")], functions=[function])
    with pytest.raises(UnreadableModel, match="more than 20,000 operators"):
        import_model(write(tmp_path, model))


def test_an_operator_without_a_counterpart_is_left_out_with_all_that_reads_it(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "c"), node("TopK", "c k", "v i", axis=1), node("Relu", "v", "y")]
    result = import_model(write(tmp_path, build(nodes, weights={**CONV, "k": integers(2)})))
    assert [(entry.source.kind, entry.reasons) for entry in result.imported.lost] == [
        ("TopK", ("`TopK` has no counterpart here",)),
        ("Relu", ("it depends on `topk_v`, which was left out",)),
    ]


def test_damaged_files_end_in_one_message(tmp_path: Path) -> None:
    """Bytes are changed, taken out and put in; nothing else than an import or UnreadableModel comes of it."""
    nodes = [node("Conv", "x w", "c", pads=[1] * 4), node("MaxPool", "c", "p", kernel_shape=[2, 2], strides=[2, 2]),
             node("Shape", "p", "s"), node("Reshape", "p s", "r"), node("Flatten", "r", "f"),
             node("Gemm", "f m", "y")]  # fmt: skip
    content = build(nodes, weights={**make_weights(w=(1, 4, 1, 1), m=(16, 2))}).SerializeToString()
    generator, path, refused = random.Random(0), tmp_path / "m.onnx", 0
    for _ in range(400):
        data = bytearray(content)
        for _ in range(generator.randint(1, 3)):
            place = generator.randrange(len(data))
            data[place : place + generator.randint(0, 3)] = generator.randbytes(generator.randint(0, 3))
        path.write_bytes(data)
        try:
            import_model(str(path))
        except UnreadableModel as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 100


def test_tensors_are_read_in_every_way_they_are_stored(tmp_path: Path) -> None:
    from specnet.importers.onnx.tensors import read_tensor
    from specnet.importers.protobuf import Message

    numbers = floats(1, -2.5, 0.25, 4).reshape(2, 2)
    for kind in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16):
        dtype = helper.tensor_dtype_to_np_dtype(kind)
        raw = numpy_helper.from_array(numbers.astype(dtype), "t")
        fields = helper.make_tensor("t", kind, (2, 2), numbers.reshape(-1).tolist())
        for tensor in (raw, fields):
            stored = read_tensor(Message(memoryview(tensor.SerializeToString())), tmp_path)
            assert np.array_equal(stored.read().astype("f4"), numbers), kind
    for kind in (TensorProto.INT64, TensorProto.INT8, TensorProto.UINT16, TensorProto.INT4, TensorProto.UINT4):
        tensor = helper.make_tensor("t", kind, (3,), [1, 2, 7])
        assert read_tensor(Message(memoryview(tensor.SerializeToString())), tmp_path).read().tolist() == [1, 2, 7]


def test_an_input_is_turned_after_it_is_padded_and_cast(tmp_path: Path) -> None:
    nodes = [node("Cast", "x", "f", to=1), node("Pad", "f p", "q"), node("Transpose", "q", "t", perm=[0, 3, 1, 2]),
             node("Conv", "t w", "y")]  # fmt: skip
    model = build(nodes, (1, 6, 8, 4), {**CONV, "p": integers(0, 0, 1, 0, 0, 1, 0, 0)})
    result = import_model(write(tmp_path, model))
    assert result.checked.network.inputs[0].shape == (6, 8, 4) and result.checked.network.shapes[
        result.checked.network.outputs[0]
    ] == (5, 7, 4)
    assert "outputs differ by at most" in carry_weights(result).summary
