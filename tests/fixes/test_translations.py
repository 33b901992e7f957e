"""Translated layers compared with what arrives, once all translations of a file are made."""

from __future__ import annotations

import re

import pytest

from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes, apply_edits, collect_edits, select_safe_fixes
from specnet.source import Source


def check(text: str) -> Checked:
    return add_fixes(check_source(Source("test.net", text)), {}, read_beside)


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        ("nn.Conv2d(1, 16, 3)", "`in_channels=1`, and 3 channels arrive: 32×32×3"),
        ("nn.Conv2d(in_channels=1, out_channels=16, kernel_size=3)", "`in_channels=1`, and 3 channels arrive: 32×32×3"),
        ("nn.Linear(100, 10)", "`in_features=100`, and 3,072 elements arrive: 32×32×3"),
        ("nn.Conv2d(3, 8, 3)\nnn.BatchNorm2d(16)", "`num_features=16`, and 8 channels arrive: 30×30×8"),
        ("BatchNorm2d(64)", "`num_features=64`, and 3 channels arrive: 32×32×3"),
        ("nn.LayerNorm(3)", "`normalized_shape=3`, and this arrives: 32×32×3"),
        ("Conv2D(8, 3, input_shape=(28, 28, 1))", "`input_shape=(28, 28, 1)`, and this arrives: 32×32×3"),
        ("nn.Sequential(nn.ReLU(), nn.Conv2d(4, 8, 1))", "`in_channels=4`, and 3 channels arrive: 32×32×3"),
    ],
)
def test_what_a_layer_says_of_its_input_is_compared_with_what_arrives(lines: str, note: str) -> None:
    checked = check(f"input 32x32x3\n{lines}\nfc 10\n")
    assert note in [note for error in checked.errors for note in error.notes]
    (wrong,) = (error for error in checked.errors if note in error.notes)
    assert wrong.fixes
    assert not any(fix.safe for fix in wrong.fixes)


@pytest.mark.parametrize(
    "lines",
    [
        "nn.Conv2d(3, 16, 3)",
        "nn.Conv2d(3, 16, 3)\nnn.ReLU()\nnn.MaxPool2d(2)\nnn.Flatten()\nnn.Linear(16*15*15, 10)",
        "nn.Conv2d(channels, 16, 3)",
        "conv K=8 F=?\nnn.Conv2d(1, 16, 3)",
    ],
)
def test_nothing_is_said_of_what_agrees_or_is_unknown(lines: str) -> None:
    assert not any(
        "arrive" in note for error in check(f"input 32x32x3\n{lines}\nfc 10\n").errors for note in error.notes
    )


@pytest.mark.parametrize(
    ("lines", "titles"),
    [
        ("nn.MaxPool2d(3, 2)", ["pool max F=3 S=2 floor"]),
        ("nn.MaxPool2d(3, 2, ceil_mode=True)", ["pool max F=3 S=2 ceil"]),
        ("nn.Conv2d(3, 8, 3, 2)\nnn.Conv2d(8, 8, 2, 2)", ["conv K=8 F=3 S=2 floor", "conv K=8 F=2 S=2 floor"]),
        ("nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, 2), nn.ReLU())", ["relu -> pool max F=3 S=2 floor -> relu"]),
        ("nn.MaxPool2d(3, 2, 1)", ["pool max F=3 S=2 P=1"]),
    ],
)
def test_a_translated_window_is_rounded_down_as_in_the_original(lines: str, titles: list[str]) -> None:
    checked = check(f"input 32x32x3\n{lines}\nfc 10\n")
    assert [fix.title for error in checked.errors for fix in error.fixes] == titles
    mended = apply_edits(checked.source, collect_edits(select_safe_fixes(checked)))
    assert check_source(mended).ok


ALIKE = "nn.MaxPool2d(2)", "nn.ReLU()", "nn.MaxPool2d(2)", "nn.MaxPool2d(2)", "nn.MaxPool2d(2, stride=1)"


@pytest.mark.parametrize("side", [*range(17, 33)])
@pytest.mark.parametrize(
    "paste",
    [
        "\n".join(ALIKE),
        f"nn.Sequential({', '.join(ALIKE)})",
        "nn.Sequential(\n" + "".join(f"    {layer},\n" for layer in ALIKE) + ")",
        "relu = nn.Sequential(OrderedDict([\n"
        + "".join(f'    ("{name}", {layer}),\n' for name, layer in zip("abcde", ALIKE, strict=True))
        + "]))",
    ],
)
def test_what_is_printed_of_a_translation_is_what_is_applied(paste: str, side: int) -> None:
    checked = check(f"input {side}x{side}x3\n{paste}\n")
    titles = [fix.title for error in checked.errors for fix in error.fixes]
    mended = apply_edits(checked.source, collect_edits(select_safe_fixes(checked)))
    assert check_source(mended).ok
    written = mended.text.split("\n", 1)[1]
    assert re.split(r"\s*(?:->|\n)\s*", "\n".join(titles)) == re.split(r"(?:\s|->)*(?:->|\n)\s*", written.strip())
    assert written.count("floor") == sum(side // step % 2 for step in (1, 2, 4))


IMPORTS = [
    ("", "keras.layers."),
    ("", "tf.keras.layers."),
    ("", "tensorflow.keras.layers."),
    ("import keras", "keras.layers."),
    ("import tensorflow as tf", "tf.keras.layers."),
    ("import tensorflow.compat.v2 as tf2", "tf2.keras.layers."),
    ("from tensorflow import keras", "keras.layers."),
    ("from tensorflow import keras as k", "k.layers."),
    ("import tensorflow.keras as tfk", "tfk.layers."),
    ("import tensorflow.keras.layers as tfl", "tfl."),
    ("from tensorflow.keras import layers", "layers."),
    ("from tensorflow.keras import layers as L2, models", "L2."),
    ("from keras.layers import (Conv2D, MaxPooling2D,\n    Flatten, Dense)", ""),
    ("from keras.layers import *", ""),
    ("from keras.layers.core import Dense\nfrom keras.layers.convolutional import Conv2D", ""),
    ("import keras\nimport torch.nn as nn", "keras.layers."),
]


FORMS = [(*imported, form) for imported in IMPORTS for form in ("add", "call", "model")]


@pytest.mark.parametrize(
    ("imports", "prefix", "form"),  # every import in one form, and some in each
    [
        case if place % 3 == 2 or place < 12 else pytest.param(*case, marks=pytest.mark.slow)
        for place, case in enumerate(FORMS)
    ],
)
def test_a_layer_is_known_under_every_name_that_an_import_gives_it(imports: str, prefix: str, form: str) -> None:
    layers = "Conv2D(8, 3)", "MaxPooling2D(3)", "BatchNormalization()", "MaxPooling2D(2)", "Flatten()", "Dense(10)"
    if form == "add":
        lines = [f"model.add({prefix}{layer})" for layer in layers]
    else:
        lines = [f"x = {prefix}{layer}({'x' if i else 'inputs'})" for i, layer in enumerate(layers)]
    end = ["model = keras.Model(inputs=inputs, outputs=x)"] if form == "model" else []
    text = "\n".join([*filter(None, [imports]), "input 28x28x1", *lines, *end, ""])
    for _ in range(3):
        checked = check(text)
        text = apply_edits(checked.source, collect_edits(select_safe_fixes(checked))).text
    assert [line for line in text.splitlines() if line] == [
        "input 28x28x1", "conv K=8 F=3", "pool max F=3 floor", "bn momentum=0.01 eps=1e-3", "pool max F=2", "flatten",
        "fc 10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        (
            ["inputs = keras.Input((8, 8, 3))", "x = Conv2D(3, 1)(inputs)", "x = Add()([x, inputs])"],
            ["input 8x8x3 -> @inputs_", "conv K=3 F=1", "add @inputs_"],
        ),
        (
            ["shape = (8, 8, 3)", "i = keras.Input(shape)", "x = Conv2D(3, 1)(i)", "m = keras.Model(i, x)"],
            ["input 8x8x3 -> @i", "conv K=3 F=1"],
        ),
        (
            ["model = keras.Sequential([keras.Input((8, 8, 3)), ReLU()])", "model.summary()"],
            ["input 8x8x3", "relu"],
        ),
    ],
)
def test_an_input_is_named_by_a_tap(lines: list[str], written: list[str]) -> None:
    text = "\n".join([*lines, "fc 10"])
    for _ in range(3):
        checked = check(text)
        text = apply_edits(checked.source, collect_edits(select_safe_fixes(checked))).text
    assert [line for line in text.splitlines() if line] == [*written, "fc 10"]


@pytest.mark.parametrize(
    "end", ["Model(inputs, [x, y])", "Model(inputs=inputs, outputs=x)", "tf.keras.Model(inputs, x)"]
)
def test_a_model_that_ends_elsewhere_is_not_passed_over(end: str) -> None:
    lines = "x = Conv2D(3, 1)(i)", "y = Conv2D(3, 1)(x)", f"model = {end}"
    error = check("\n".join(["input 8x8x3", *lines])).errors[-1]
    assert not error.fixes
    assert error.notes[0].startswith("this model ends with")


@pytest.mark.parametrize(
    ("side", "lines", "written"),
    [
        (8, "Dense(10)", "conv K=10 F=1"),
        (8, "Dense(10, activation='relu', use_bias=False)", "conv K=10 F=1 bias=no -> relu"),
        (8, "Flatten()\nDense(10)", "flatten\nfc 10"),
        (8, "Dense(4)\nDense(10)\nFlatten()\nDense(10)", "conv K=4 F=1\nconv K=10 F=1\nflatten\nfc 10"),
        (1, "Dense(10)", "conv K=10 F=1"),
        (8, "GlobalAveragePooling2D()\nDense(10)", "pool avg global -> flatten\nfc 10"),
        (8, "GlobalAveragePooling2D(keepdims=True)\nDense(10)", "pool avg global\nconv K=10 F=1"),
        (8, "model = keras.Sequential([MaxPool2D(3), Dense(10)])", "pool max F=3 floor -> conv K=10 F=1"),
        (8, "x = tf.layers.dense(x, 10, activation=tf.nn.relu)", "conv K=10 F=1 -> relu"),
        (8, "x = slim.fully_connected(x, 10)", "conv K=10 F=1 -> relu"),
        (8, "x = slim.flatten(x)\nx = slim.fully_connected(x, 10)", "flatten\nfc 10 -> relu"),
        (8, "nn.Linear(192, 10)", "fc 10"),
        (8, "[connected]\noutput=10\nactivation=linear", "fc 10"),
        (8, "[softmax]\ngroups=1", "flatten -> softmax"),
        (8, "[softmax]\nspatial=1", "softmax"),
        (8, "[avgpool]\n\n[softmax]\ngroups=1", "pool avg global\nsoftmax"),
        (8, "[connected]\noutput=10\nactivation=linear\n\n[softmax]", "fc 10\nsoftmax"),
        (8, "nn.Softmax(dim=1)", "softmax"),
        (8, "Softmax()\nConv2D(8, 3)", "softmax\nconv K=8 F=3"),
    ],
)
def test_a_layer_that_means_another_one_on_a_map_becomes_that_one(side: int, lines: str, written: str) -> None:
    checked = check(f"input {side}x{side}x3\n{lines}\n")
    mended = apply_edits(checked.source, collect_edits(select_safe_fixes(checked))).text
    assert [line for line in mended.splitlines()[1:] if line] == written.split("\n")
    assert [fix.title for error in checked.errors for fix in error.fixes if "\n" not in fix.title] == (
        written.split("\n") if len(checked.errors) > 1 else [" -> ".join(written.split("\n"))]
    )


CONV = "nn.Conv2d(3, 6, 5)", "nn.MaxPool2d(2)", "nn.Conv2d(6, 16, 5)", "nn.MaxPool2d(2)", "nn.Flatten()"
AVERAGE = "nn.Conv2d(1, 6, 5)", "nn.AdaptiveAvgPool2d(1)", "nn.Flatten()", "nn.Linear(6, 10)"


@pytest.mark.parametrize("is_whole", [False, True], ids=["lines", "sequential"])
@pytest.mark.parametrize(
    ("lines", "inputs"),
    [
        ((*CONV, "nn.Linear(16*5*5, 10)"), ["input 32x32x3"]),
        ((*CONV, "nn.Linear(16*4*4, 10)"), ["input 28x28x3"]),
        ((*CONV, "nn.Linear(16*53*53, 10)"), ["input 224x224x3", "input 227x227x3"]),
        ((*CONV, "nn.Linear(7, 10)"), []),
        (AVERAGE, ["input 224x224x1", "input 32x32x1"]),
        (("nn.Conv2d(3, 8, 3)", "nn.ReLU()"), ["input 224x224x3"]),
        (("nn.Linear(784, 10)", "nn.ReLU()"), ["input 784"]),
        (("nn.ReLU()", "nn.MaxPool2d(2)"), []),
    ],
)
def test_an_input_that_agrees_with_the_layers_is_offered(
    lines: tuple[str, ...], inputs: list[str], is_whole: bool
) -> None:
    error = check(f"nn.Sequential({', '.join(lines)})\n" if is_whole else "\n".join(lines)).errors[0]
    offered = [fix for fix in error.fixes if fix.title.startswith("input")]
    assert [fix.title.partition("\n")[0] for fix in offered] == inputs
    assert not any(fix.safe for fix in error.fixes if inputs)


@pytest.mark.parametrize("above", ["input 8x8x3", "input 8x8x3 # as here", "input 8x8 3"])
def test_no_input_is_offered_below_one(above: str) -> None:
    errors = check(f"{above}\nnn.Conv2d(3, 8, 3)\n").errors
    assert not any(fix.title.startswith("input") for error in errors[-1:] for fix in error.fixes)


def test_the_input_of_a_layer_becomes_the_first_line() -> None:
    checked = check("model.add(Conv2D(8, 3, input_shape=(28, 28, 1)))\nmodel.add(Flatten())\nfc 10 10\n")
    assert [fix.title for fix in checked.errors[0].fixes] == ["input 28x28x1\nconv K=8 F=3"]
    mended = apply_edits(checked.source, collect_edits(select_safe_fixes(checked)))
    assert mended.text == "input 28x28x1\nconv K=8 F=3\nflatten\nfc 10 10\n"
