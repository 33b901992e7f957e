"""Foreign syntax: it is recognised, reported once, and corrected by its fix."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import ERRORS, ROOT

from specnet.cli import main
from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes, apply_edits
from specnet.foreign.bad_line import find_changes
from specnet.source import Source
from specnet.syntax.parser_input import ParserInput

ZOO = sorted((ROOT / "specs").glob("*.net"))


def check(text: str, name: str = "test.net") -> Checked:
    return add_fixes(check_source(Source(name, text)), {}, read_beside)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        # punctuation
        ("conv K=8, F=3", "conv K=8 F=3"),
        ("conv K:8 F:3", "conv K=8 F=3"),
        ("conv K := 8 F=3", "conv K=8 F=3"),
        ("conv K==8 F=3", "conv K=8 F=3"),
        ("conv K 8 F 3", "K=8 F=3"),
        ("conv K=8 F=3 bias no", "bias=no"),
        ("fc 8 bias no", "bias=no"),
        ("conv 8 F=3 stride 1", "S=1"),
        ("conv 8 F=3 padding 1 -> relu", "P=1"),
        ("conv filters 8 F=3", "K=8"),
        ("conv 8 3 stride 1 padding same", "F=3 S=1 P=same"),
        ("maxpool 2 padding 1", "pool max F=2 P=1"),
        ("conv 8 k=3", "F"),
        ("conv K=8 F=3 s=1", "S"),
        ("conv K=8 F=3 p=1", "P"),
        ("conv K=8 F=(3, 3)", "conv K=8 F=3x3"),
        ("conv K=8 F=3 × 3", "conv K=8 F=3x3"),
        ("conv K=C×4 F=3", "conv K=C*4 F=3"),
        ("conv K=8 F=3; relu;", "conv K=8 F=3 -> relu"),
        ("conv K=8 F=3 → relu", "conv K=8 F=3 -> relu"),
        ("conv K=8 F=3 --> relu", "conv K=8 F=3 -> relu"),
        ("conv K=8 F=3 ->", "conv K=8 F=3"),
        ("conv K=8 F=3 -> # goes on", "conv K=8 F=3 # goes on"),
        ("conv K=C − 1 F=3", "conv K=C - 1 F=3"),
        ("conv K=8 F=3 P='same'", "conv K=8 F=3 P=same"),
        ("conv Ｋ＝８ F=3", "conv K=8 F=3"),
        ("conv\u00a0K=8 F=3", "conv K=8 F=3"),
        ("conv-1: conv K=8 F=3", "conv_1: conv K=8 F=3"),
        ("conv1 = conv K=8 F=3", "conv1: conv K=8 F=3"),
        ("relu // as ever", "relu # as ever"),
        ("conv K=8 F=3 % as ever", "# as ever"),
        ("relu /* as ever */", "relu # as ever"),
        ("conv K=max (2, 8) F=3", "conv K=max(2, 8) F=3"),
        ("conv num_output: 8 kernel_size: 3", "conv K=8 F=3"),
        # signs for arrows
        ("bn => relu", "->"),
        ("bn => relu => tanh", "bn -> relu -> tanh"),
        ("bn => relu -> pool max F=2", "bn -> relu -> pool max F=2"),
        ("bn => relu => 32x32x3", "bn -> relu => 32x32x3"),
        ("bn | relu | tanh", "bn -> relu -> tanh"),
        ("bn –> relu", "bn -> relu"),
        ("bn — relu", "bn -> relu"),
        ("bn ⇒ relu", "bn -> relu"),
        ("bn > relu", "bn -> relu"),
        ("bn - relu", "bn -> relu"),
        ("conv K=8 F=3 - relu", "->"),
        ("conv K=8 F=3 > relu", "->"),
        # signs of claims, labels, taps and braces
        ("relu = 32x32x3", "relu => 32x32x3"),
        ("relu > 32x32x3", "relu => 32x32x3"),
        ("relu ==> 32x32x3", "relu => 32x32x3"),
        ("relu =>> 32x32x3", "relu => 32x32x3"),
        ("relu => => 32x32x3", "relu => 32x32x3"),
        ("relu -> 32x32x3", "relu => 32x32x3"),
        ("pool max F=2 > 16x16x3", "=>"),
        ("relu => 32m32x3", "relu => 32x32x3"),
        ("relu => 3x2nx3", "relu"),
        ("a:: relu", "a: relu"),
        ("a relu", "a: relu"),
        ("a repeat 2 { relu }", "a: repeat"),
        ("relu -> @@a", "relu -> @a"),
        ("repeat 2 {{ relu }", "repeat 2 { relu }"),
        ("repeat 2 relu }", "repeat 2 { relu }"),
        ("repeat 2 { relu => 32x32x3", "repeat 2 { relu } => 32x32x3"),
        ("add | relu | tanh }", "add { | relu | tanh }"),
        ("block a((K) { relu }", "block a(K) { relu }"),
        ("block a(K { relu }", "block a(K) { relu }"),
        ("let x = (3 + 4", "let x = (3 + 4)"),
        ("conv K=(3+4))*2 F=3", "conv K=(3+4)*2 F=3"),
        ("filter kernel=[[1,2],[2,1] S=2", "filter kernel=[[1,2],[2,1]] S=2"),
        ("conv K8 F=3", "K=8"),
        ("conv 8 F3", "F=3"),
        ("conv K=4C F=3", "*C"),
        ("conv K=8 x=3", "F=3"),
        ("conv K=8 K=3", "F=3"),
        # words of the grammar
        ("repeat i on 1..3 { relu }", "repeat i in 1..3 { relu }"),
        ("if W > 3 { relu } elze { tanh }", "if W > 3 { relu } else { tanh }"),
        ("repaet 2 { relu }", "repeat"),
        ("bwock a(K, S=1) { relu }", "block a(K, S=1) { relu }"),
        ("bt", "bn"),
        ("bnorm", "bn"),
        ("repeat 2 relu", "repeat 2 { relu }"),
        ("repeat i in 1..3 conv K=i F=3 -> relu # wider", "repeat i in 1..3 { conv K=i F=3 -> relu }"),
        ("repeat 2 add { | relu | tanh }", "repeat 2 { add { | relu | tanh } }"),
        ("a: if W > 3 relu", "a: if W > 3 { relu }"),
        ("repeat 2\n  relu\n  tanh\nrelu", "repeat 2 { … }"),
        ("if W > 3\n  relu\nelse\n  tanh\nrelu", "if W > 3 { … }"),
        ("add # both\n  | relu\n  | tanh\nrelu", "add { … }"),
        ("relu -> add\n\t| relu\n\t  tanh\n\t| tanh\nrelu", "relu -> add { … }"),
        ("block a(K) # of one line\n\n\tconv K=K F=1\n\na 3", "block a(K) { … }"),
        # values
        ("conv channels*2 F=3", "C"),
        ("fc in_channels//2", "C"),
        ("fc K//2", "C"),
        ("conv C/2 F=3", "C//2"),
        ("conv K=8 F=W/3", "F=W//3"),
        ("conv K=8 F=3 P=valid", "0"),
        ("conv K=8 F=3 P=F//2", "P=1"),
        ("conv K=8 F=3 P=F//2", "P=same"),
        ("conv 3 F=3 G=K", "G=3"),
        ("pool 2 2", "max F=2 S=2"),
        ("pool 2 2", "avg F=2 S=2"),
        ("dropout 0,5", "dropout 0.5"),
        ("CONV K=8 F=3", "conv"),
        ("conv F=3 => 30x30x8", "conv K=8"),
        ("conv F=3 -> bn\nrelu => 30x30x8", "conv K=8"),
        ("add { || relu | tanh }", "without the bar"),
        ("add {\n  | relu\n  identity\n}", "| identity"),
        # operators by position
        ("fc 10 // the classes", "# the classes"),
        ("fc 10 // 10 classes", "# 10 classes"),
        ("relu => 32x32x3 // as before", "relu => 32x32x3 # as before"),
        ("relu => 32x32x3 // before", "# before"),
        ("relu => 32*32*3", "32x32x3"),
        ("conv K=8 F=3*3", "3x3"),
        ("fc 10 if W > 3 else 5", "fc (10 if W > 3 else 5)"),
        ("dropout 1/4 if C < 8 else 1/2", "dropout (1/4 if C < 8 else 1/2)"),
        ("filter sobel-x", "sobel_x"),
        # PyTorch
        ("Conv2d(8, 3)", "conv K=8 F=3"),
        ("nn.Conv2d(3, 8, 3, stride=1, padding=1, bias=False),", "conv K=8 F=3 S=1 P=1 bias=no"),
        ("self.conv1 = nn.Conv2d(in_channels=3, out_channels=8, kernel_size=(3, 5))", "conv1: conv K=8 F=3x5"),
        ("c: nn.Conv2d(3, 8, 3) -> nn.ReLU(inplace=True)", "c: conv K=8 F=3 -> relu"),
        ("MaxPool2d(2)", "pool max F=2"),
        ("nn.AdaptiveAvgPool2d((1, 1))", "pool avg global"),
        ("nn.Linear(4096, 10)", "fc 10"),
        ("Linear(10)", "fc 10"),
        ("BatchNorm2d(64)", "bn"),
        ("Dropout(0.5)", "dropout 0.5"),
        ("x = F.max_pool2d(F.relu(x), 2)", "relu -> pool max F=2"),
        # Keras
        ("Conv2D(8, (3, 3), padding='same', activation='relu')", "conv K=8 F=3 P=same -> relu"),
        ("model.add(MaxPooling2D(pool_size=2))", "pool max F=2"),
        ("x = Dense(10, activation='softmax', name='out')(x)", "out: conv K=10 F=1 -> softmax"),
        ("conv filters=8 F=3", "K"),
        ("conv K=8 F=3 strides=1", "S"),
        ("conv K=8 F=3 padding=valid", "P=0"),
        ("conv K=8 F=3 activation=relu", "-> relu"),
        # values with names
        ("x = Add()([x, skip])", "add @skip"),
        ("x = torch.cat([skip, x], dim=1)", "concat { | @skip | identity }"),
        ("x = torch.cat([skip, x], dim=-2)", "concat axis=H { | @skip | identity }"),
        ("x = torch.cat([x, skip], 3)", "concat @skip axis=W"),
        ("x = torch.cat([x, skip], -1)", "concat @skip axis=W"),
        ("x = Concatenate()([x, skip])", "concat @skip"),
        ("x = Concatenate(axis=1)([x, skip])", "concat @skip axis=H"),
        ("x = Concatenate(axis=2)([x, skip])", "concat @skip axis=W"),
        ("x = Conv2D(8, 1)(skip)", "@skip -> conv K=8 F=1"),
        # blocks of layers
        (
            "block = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()))",
            "block_: conv K=8 F=3 -> bn -> relu",
        ),
        # TensorFlow
        ("x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')", "pool max F=2 S=2 P=same"),
        ("x = tf.layers.conv2d(x, 8, 3, activation=tf.nn.relu)", "conv K=8 F=3 -> relu"),
        ("x = tf.nn.dropout(x, keep_prob=0.9)", "dropout 0.1"),
        ("x = slim.conv2d(x, 8, [3, 3], scope='conv1')", "conv1: conv K=8 F=3 P=same -> relu"),
        ("x = slim.max_pool2d(x, 2, scope='pool1')", "pool1: pool max F=2 S=2"),
        # calls
        ("relu()", "relu"),
        ("conv(K=8, F=3)", "conv K=8 F=3"),
        # values without their keys, and the other way round
        ("conv 8 3", "F=3"),
        ("conv 8 3 1 P=1", "F=3 S=1"),
        ("conv K=8 3", "F=3"),
        ("conv 8 C", "F=C"),
        ("pool max 2", "F=2"),
        ("pool 2", "max F=2"),
        ("pool F=2", "pool avg"),
        # names of kinds
        ("max-pool F=2", "pool max F=2"),
        ("relu -> Max-Pool2d F=2 S=2", "relu -> pool max F=2 S=2"),
        ("global-avg-pool", "pool avg global"),
        ("maxpool 2", "pool max F=2"),
        ("maxpool 3 stride=1 padding=1", "pool max F=3 S=1 P=1"),
        ("Conv2d out_channels=32 kernel_size=3 padding=1", "conv K=32 F=3 P=1"),
        ("Conv2d 32 3 bias=no", "conv K=32 F=3 bias=no"),
        ("model = Sequential()", "without this line"),
        # colons and indentation
        ("repeat 2: relu", "repeat 2 { relu }"),
        ("repeat 2:\n  relu\n  tanh", "repeat 2 { … }"),
        ("for K in 8 16:\n  conv K=K F=3 # as before\n\n  relu", "for K in 8 16 { … }"),
        ("for i in range(1, 3): relu", "repeat i in 1..3 { relu }"),
        ("if W > 3:\n  relu\nelif W > 2:\n  tanh\nelse:\n  relu", "if W > 3 { … }"),
        ("a: repeat 2:\n  relu", "a: repeat 2 { … }"),
        ("block a(K):\n  fc K", "block a(K) { … }"),
        ("Convolution 16 3 bias=no", "conv 16 F=3 bias=no"),
        ("hard-swish", "hard_swish"),
        ("max-pool: pool max F=2", "max_pool: pool max F=2"),
        ("Conv K=8 F=3", "conv"),
        ("maxpool F=2", "pool max"),
        ("GlobalAveragePooling2D", "pool avg global"),
        ("batch_norm", "bn"),
        ("dense 10", "fc"),
    ],
)
def test_a_line_is_corrected(written: str, meant: str) -> None:
    checked = check(f"input 32x32x3 -> @skip\nrelu\n{written}\nfc 10\n")
    (error,) = checked.errors
    assert error.span
    assert error.span.line == 3
    assert meant in [fix.title for fix in error.fixes]
    corrected = apply_edits(checked.source, next(fix.edits for fix in error.fixes if fix.title == meant))
    assert not check(corrected.text).errors


@pytest.mark.parametrize(
    "written",
    [
        "conv F=3",
        "fc -1",
        "fc W<3",
        "fc 10 -W",
        "x = conv(x)",
        "x = F.relu(self.conv1(x))",
        "conv K=?",
        "filters=32",
        "[route]",
        "fc 10 20",
        "relu 1",
        "norm",
    ],
)
def test_nothing_is_offered_where_nothing_is_certain(written: str) -> None:
    (error,) = check(f"input 32x32x3\n{written}\nfc 10\n").errors
    assert not error.fixes


def test_several_layers_are_translated_as_a_whole_and_later_lines_keep_their_numbers() -> None:
    block = """model = nn.Sequential(OrderedDict([
        ("conv1", nn.Conv2d(3, 8, 3)),
        ("features", nn.Sequential(
            nn.ReLU(),
            nn.MaxPool2d(2),
        )),
    ]))"""
    checked = check(f"input 32x32x3\n{block}\nfc 10\nfc 5 5\n")
    error, other = checked.errors
    assert [fix.title for fix in error.fixes] == ["conv1: conv K=8 F=3\nfeatures: relu -> pool max F=2"]
    assert other.span and other.span.line == 10
    corrected = apply_edits(checked.source, error.fixes[0].edits).text
    assert [line for line in corrected.splitlines() if line] == [
        "input 32x32x3",
        "conv1: conv K=8 F=3",
        "features: relu -> pool max F=2",
        "fc 10",
        "fc 5 5",
    ]


def test_a_name_for_the_value_above_is_a_tap() -> None:
    lines = "shortcut = x", "x = Conv2D(3, 3, padding='same')(x)", "x = Add()([x, shortcut])"
    checked = check("\n".join(("input 8x8x3", *lines)))
    titles = [fix.title for error in checked.errors for fix in error.fixes]
    assert titles == ["-> @shortcut", "conv K=3 F=3 P=same", "add @shortcut"]


@pytest.mark.parametrize(
    ("other", "meant", "is_safe"),
    [
        ("nn.Conv2d(3, 8, 3)", "leaky_relu", True),
        ("Conv2D(8, 3)", "leaky_relu slope=0.3", True),
        ("conv K=8 F=3", "leaky_relu", False),
    ],
)
def test_the_other_lines_tell_whose_layer_it_is(other: str, meant: str, is_safe: bool) -> None:
    error = check(f"input 32x32x3\n{other}\nLeakyReLU()\nfc 10\n").errors[-1]
    assert [(fix.title, fix.safe) for fix in error.fixes] == [(meant, is_safe)]
    assert bool(error.notes) != is_safe


def test_only_a_translation_without_a_loss_is_applied() -> None:
    (error,) = check("input 32x32x3\nnn.Conv2d(3, 8, 3, padding=1, padding_mode='circular')\nfc 10\n").errors
    assert [(fix.title, fix.safe) for fix in error.fixes] == [("conv K=8 F=3 P=1", False)]
    assert "`padding_mode='circular'` has no counterpart" in error.notes[0]


@pytest.mark.parametrize(
    ("lines", "fixes"),
    [
        (
            ["net = slim.conv2d(images, 64, [3, 3])", "a = slim.max_pool2d(net, 2)", "b = slim.conv2d(net, 8, 1)"],
            ["net_: conv K=64 F=3 P=same -> relu", "a: pool max F=2 S=2", "b: @net_ -> conv K=8 F=1 P=same -> relu"],
        ),
        (
            ["net = slim.conv2d(images, 64, 3, scope='conv1')", "a = slim.max_pool2d(net, 2)", "b = tf.nn.relu(net)"],
            ["conv1: conv K=64 F=3 P=same -> relu", "a: pool max F=2 S=2", "b: @conv1 -> relu"],
        ),
        (
            ["x = F.relu(x)", "a = F.max_pool2d(x, 2)", "b = x.sigmoid()", "x = torch.cat([a, b], 1)"],
            ["x_: relu", "a: pool max F=2", "b: @x_ -> sigmoid", "concat { | @a | identity }"],
        ),
        (
            ["c = Conv2D(3, 3)(x)", "c = Conv2D(3, 3)(c)", "d = ReLU()(c)", "e = ReLU()(c)"],
            ["c: conv K=3 F=3", "c_: conv K=3 F=3", "d: relu", "e: @c_ -> relu"],
        ),
        (["x = F.relu(x).flatten(1)"], ["relu -> flatten"]),
    ],
)
def test_a_line_that_reads_another_value_than_the_last_begins_with_its_tap(lines: list[str], fixes: list[str]) -> None:
    errors = check("\n".join(["input 32x32x3", *lines])).errors
    assert [(fix.title, fix.safe) for error in errors for fix in error.fixes] == [(title, True) for title in fixes]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("x = a + b", "add { | @a | identity }"),
        ("y = x + a", "add @a"),
        ("x += a", "add @a"),
        ("x = a * img", "@a -> mul @img"),
        ("s = a + b + img", "s: add { | @a | identity | @img }"),
        ("x = add(@a, b)", "add { | @a | identity }"),
        ("x = concat(img, @a)", "@img -> concat @a"),
        ("x = torch.cat([b, a], 1)", "concat @a"),
        ("x = a - b", "sub { | @a | identity }"),
        ("y = x - a", "sub @a"),
        ("x -= a", "sub @a"),
        ("x = torch.sub(img, a)", "@img -> sub @a"),
        ("x = torch.max(x, a)", "maximum @a"),
        ("x = torch.maximum(x, other=a)", "maximum @a"),
        ("x = torch.add(x, a)", "add @a"),
        ("x = keras.layers.Subtract()([a, x])", "sub { | @a | identity }"),
        ("x = keras.layers.maximum([a, x])", "maximum { | @a | identity }"),
        ("x = maximum([a, x])", "maximum { | @a | identity }"),
        ("subtract a", "sub @a"),
        ("y = F.relu(a)", "@a -> relu"),
        ("y = F.relu(img)", "@img -> relu"),
        ("y = twice(3)", "twice 3"),
        ("y = twice(x, 3)", "twice 3"),
        ("skip = net", "-> @skip"),
        ("skip = x", "-> @skip"),
        ("skip = b", "-> @skip"),
        ("cat a", "concat @a"),
        ("cat a img", "concat @a @img"),
        ("sum a", "add @a"),
        ("conv1x1 3", "conv 3 F=1"),
        ("conv3x3 3", "conv 3 F=3 P=1"),
        ("conv3x3 3", "conv 3 F=3"),
        ("conv3x5 3 P=1x2", "conv 3 P=1x2 F=3x5"),
        ("maxpool2x2", "pool max F=2"),
    ],
)
def test_values_with_names_are_joined_and_read(line: str, meant: str) -> None:
    above = "block twice(K) { repeat 2 { conv K=K F=3 P=1 } }\ninput 8x8x3 -> @img\na: conv K=3 F=3 P=1\nb: relu\n"
    checked = check(f"{above}{line}\nfc 10\n")
    (error,) = checked.errors
    assert meant in [fix.title for fix in error.fixes]
    for fix in error.fixes:
        assert not check(apply_edits(checked.source, fix.edits).text).errors


@pytest.mark.parametrize("line", ["k = n * m", "k = n + 2", "x = n"])
def test_numbers_are_not_joined(line: str) -> None:
    checked = check(f"let n = 4\nlet m = 2\ninput 8x8x3\n{line}\nfc 10\n")
    assert not any(re.search("add|mul|@", fix.title) for error in checked.errors for fix in error.fixes)


def test_what_reads_a_line_that_is_not_translated_is_not_either() -> None:
    lines = "x = Conv2D(3, 3)(img)", "x = Add()([x, inputs])", "y = ReLU()(x)", "conv 3 F=1", "z = ReLU()(x)"
    errors = check("\n".join(["input 8x8x3 -> @img", *lines])).errors
    assert [bool([fix for fix in error.fixes if fix.safe]) for error in errors] == [True, False, False, False]


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["y = F.relu(x)", "z = F.max_pool2d(x, 2)"], "x"),
        (["a = F.relu(x)", "b = F.max_pool2d(y, 2)"], "y"),
        (["x1 = F.relu(x)", "x2 = F.avg_pool2d(x, 3, 1, 1)"], "x"),
        (["y = F.relu(x)", "relu -> F.max_pool2d(y1, 2)"], "y1"),
    ],
)
def test_a_line_that_reads_a_value_without_a_label_is_not_translated_without_asking(
    lines: list[str], name: str
) -> None:
    first, last = check("\n".join(["input 32x32x3", *lines])).errors
    assert [fix.safe for fix in first.fixes] == [True]
    assert [fix.safe for fix in last.fixes] == [False]
    assert last.notes == (f"`{name}` is not what the line above gives, and has no label",)


@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("nn.Conv2d(3, 8, 3, padding='same', padding_mode='reflect')", "`padding='same'` has no counterpart"),
        ("nn.AdaptiveAvgPool2d((None, 3))", "`output_size=(None, 3)` has no counterpart"),
        ("Conv2D(8, (3, 3), padding='causal')", "`padding='causal'` has no counterpart"),
        ("nn.Unflatten(1, (2, 4, 1, 3))", "`unflattened_size=(4, 1, 3, 2)` has no counterpart"),
        ("Activation('softplus')", "`activation='softplus'` has no counterpart"),
        ("Lambda(lambda x: x/255)", "`Lambda` has no counterpart here"),
        ("Permute((2, 1, 3))", "`Permute` has no counterpart here"),
        ("nn.Dropout(2)", "`p=2` has no counterpart"),
    ],
)
def test_a_layer_with_a_value_that_none_here_has_is_one_error_without_a_fix(call: str, lost: str) -> None:
    (error,) = check(f"input 32x32x3\n{call}\nfc 10\n").errors
    assert not error.fixes
    assert error.notes == (lost,)


def test_what_is_lost_of_one_layer_of_many_is_said_with_its_line() -> None:
    model = "model = nn.Sequential(\n    nn.Flatten(),\n    nn.Linear(192, 10),\n    nn.LogSoftmax(dim=1),\n)"
    (error,) = check(f"input 8x8x3\n{model}\n").errors
    why = "`loss cross_entropy` applies LogSoftmax itself: leave it out"
    assert error.notes == (f"line 5, `nn.LogSoftmax(dim=1)`: {why}",)


@pytest.mark.parametrize(
    "word",
    ["upconv", "up_conv", "upconv2d", "UpConv", "conv_transpose", "tconv", "transposed_conv", "conv2dtranspose",
     "conv2d_transpose", "convt", "deconvolution2d", "transpose_convolution"],
)  # fmt: skip
def test_words_for_a_transposed_convolution_mean_deconv(word: str) -> None:
    (error,) = check(f"input 32x32x3\n{word} K=8 F=2 S=2\n").errors
    assert [fix.title for fix in error.fixes] == ["deconv"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("input 32*32*3\nfc 10", "32x32x3"),
        ("input 8x8x3\nrelu -> @a\ntanh -> @b\nrelu\nconcat a b", "@a @b"),
        ("input 8x8x3\nrelu -> @a\ntanh -> @b\nconcat a b", "@a"),
        ("input 8x8x3\nrelu -> @a\ntanh\nadd a", "@a"),
        ("input 8x8x3\nrelu -> @a\ntanh -> @b\nrelu\nadd @a + @b", "@a @b"),
        ("input 8x8x3\nb 8\nblock b(K) { conv K=K F=3 }\n", "move the block `b` above line 2"),
        ("input 8x8x3\nrepeat 2 {\n  b -> relu }\nblock b() {\n  relu\n}", "move the block `b` above line 2"),
        ("input 8x8x3\nrelu -> @a\nadd {\n  | conv K=3 F=3 P=1\n  | a\n}", "@a"),
        ("block res(a) { add { | relu | a } }\ninput 8x8x3\nrelu -> @s\nres @s", "@a"),
        ("block u(a, b=2) { fc a }\ninput 8x8x3\nu 10 // ten of", "# ten of"),
        ("block u(a, b) { if b { fc a } }\ninput 8x8x3\nu 10 yes and W == 8", "u 10 (yes and W == 8)"),
        ("input 8x8x3\nhead aux-1 { fc 10 }\nfc 10", "aux_1"),
        ("input 8x8x3\nfc 10\ntrain { data cifar-10 }", "cifar10"),
        ("input 8x8x3\nfc 10\ntrain { data photos }", 'folder "photos"'),
        ("input 8x8x3\nfc 10\ntrain { data my-photos/cats }", 'folder "my-photos/cats"'),
        ('input 8x8x3\nfc 10\ntrain { data "my photos" }', 'folder "my photos"'),
        ("block a(K, F) {\n  conv K 1 -> relu\n}\ninput 8x8x3\na 8 3", "F=1"),
        ("block up(K, skip) { fc K }\ninput 8x8x3 -> @e\nrelu\nup 8 e", "@e"),
        ("block res(K) { conv K F=3 }\ninput 8x8x3\nres channels", "C"),
        ("input 8x8x3\nfc 10\ntrain { augment random_crop padding=2 }", "crop pad=2"),
        ("input 8x8x3\nfc 10\ntrain {\n  optimizer SGD(lr=0.1)\n}", "optimizer sgd lr=0.1"),
        (
            "input 8x8x3\nfc 10\ntrain {\n  optimizer = optim.SGD(model.parameters(), lr=0.1, nesterov=False)\n}",
            "optimizer sgd lr=0.1 nesterov=no",
        ),
        ("input 8x8x3\nfc 10\ntrain {\n  loss nn.CrossEntropyLoss()\n}", "loss cross_entropy"),
        ("input 8x8x3\nfc 10\ntrain {\n  lr 0.1\n}", "optimizer adam lr=0.1"),
        ("input 8x8x3\nfc 10\ntrain {\n  momentum 0.9\n}", "optimizer sgd momentum=0.9"),
        ("input 8x8x3\nfc 10\ntrain {\n  learning_rate = 0.1\n  optimizer sgd\n}", "optimizer sgd lr=0.1"),
        ("input 8x8x3\nfc 10\ntrain {\n  epochs = 3\n}", "epochs 3"),
        ("input 8x8x3\nblock u(k, F:3) { conv K=k F=F }\nu 8", "block u(k, F=3) { conv K=k F=F }"),
        ("input 8x8x3\nfc 10\ntrain { data folder images/cats }", '"images/cats"'),
        ("use blocks/fire.net\ninput 8x8x3\nfire 4 4 4", '"blocks/fire.net"'),
    ],
)
def test_a_value_with_an_operator_is_corrected(text: str, meant: str) -> None:
    checked = check(text, str(ROOT / "specs" / "test.net"))
    (error,) = checked.errors
    assert [fix.title for fix in error.fixes] == [meant]
    assert not check(apply_edits(checked.source, error.fixes[0].edits).text, str(ROOT / "specs" / "test.net")).errors


MISTAKES = {
    "comma": (r"(?<=\w) (?=[A-Z]=)", ", "),
    "colon": (r"(?<= [KFSP])=", ":"),
    "semicolon": (r"(?<=[\w}])$", ";"),
    "arrow": (r"->", "→"),
    "no opening brace": (r" ?\{$", ""),
    "no closing brace": (r"^\s*\}$", ""),
    "comment": (r"(?<=\w)$", " // as in the paper"),
    "no closing quote": (r'"$', ""),
    "unknown character": (r"(?<=\w) ", " ? "),
}
"""What may go wrong anywhere: where, and what then stands there."""


def with_mistake(chance: random.Random, text: str, kind: str) -> tuple[str, int] | None:
    """The text with one mistake of a kind, and its line."""
    pattern, wrong = MISTAKES[kind]
    lines = text.split("\n")
    places = [
        (i, m)
        for i, line in enumerate(lines)
        for m in re.finditer(pattern, line)
        if "#" not in line[: m.end()] and (not line.startswith("net") or kind == "no closing quote")
    ]
    if not places:
        return None
    i, found = chance.choice(places)
    lines[i] = lines[i][: found.start()] + wrong + lines[i][found.end() :]
    return "\n".join(lines), i + 1


@pytest.mark.parametrize("kind", MISTAKES)
def test_one_mistake_in_the_zoo_is_one_error_with_a_fix(kind: str) -> None:
    chance = random.Random(kind)
    for file in chance.sample(ZOO, 12):
        found = with_mistake(chance, file.read_text(encoding="utf-8"), kind)
        if found:
            checked = check(found[0], str(file))
            (error,) = checked.errors
            assert error.fixes or kind == "unknown character", (file.name, found[1])
            if kind != "no closing brace":
                assert error.span and error.span.line == found[1], (file.name, found[1])


def test_fix_corrects_ten_mistakes_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ten.net"
    file.write_text((ERRORS / "syntax_ten_at_once.net").read_text(encoding="utf-8"), encoding="utf-8")
    before = check(file.read_text(encoding="utf-8"))
    assert len(before.diagnostics) == 10
    assert [d.span.line for d in before.diagnostics if d.span] == sorted(
        {d.span.line for d in before.diagnostics if d.span}
    )
    assert main(["check", "--fix", str(file)]) == 0
    assert "10 fixes applied" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("conv 64 k=3 s=2 p=1", "conv 64 F=3 S=2 P=1"),
        ("conv 64 3 stride 2 padding 1", "conv 64 F=3 S=2 P=1"),
        ("up(64, skip)", "up 64 @skip"),
        ("repeat 2 bnorm", "repeat 2 { bn }"),
    ],
)
def test_fix_corrects_all_that_is_wrong_on_a_line(written: str, meant: str, tmp_path: Path) -> None:
    file, above = tmp_path / "line.net", "block up(K, by) { fc K -> @e }\ninput 32x32x3 -> @skip\nrelu\n"
    file.write_text(f"{above}{written}\nfc 10\n", encoding="utf-8")
    assert main(["check", "--fix", str(file)]) == 0
    assert file.read_text(encoding="utf-8") == f"{above}{meant}\nfc 10\n"


def test_many_bad_lines_come_to_an_end() -> None:
    *unreadable, end = check("?\n" * 100).diagnostics
    assert [each.code.name for each in unreadable] == ["E003"] * 20
    assert end.message == "the file is read no further than this, after 20 lines that cannot be read"
    assert end.span
    assert end.span.line == 21


@pytest.mark.parametrize(
    "text", ["relu,\n" + "\n" * 30_000 + "relu,\n", "conv " + "(" * 50 + ",\n", "x = " + "a" * 9_000]
)
def test_long_texts_are_answered_in_time(text: str) -> None:
    assert check(text).diagnostics


def test_a_sound_spec_imports_no_foreign_syntax() -> None:
    program = "import sys; from specnet.cli import main; main(['check', 'alexnet']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "specnet.syntax.parser" in done.stdout
    assert "specnet.foreign." not in done.stdout


TEXTS = st.text("ab1_ ,()='\n", max_size=20)


@given(TEXTS, TEXTS)
def test_changes_make_the_new_text_of_the_old(old: str, new: str) -> None:
    source = Source("x.net", f"0123{old}9")
    parser_input = ParserInput.of(source).apply(find_changes(old, new, 4))
    assert parser_input.text == f"0123{new}9"
    assert list(parser_input.origins) == sorted(parser_input.origins)
    assert parser_input.span(len(parser_input.text) - 1, len(parser_input.text)).text == "9"


def test_what_stays_keeps_its_place() -> None:
    old, new = "conv F=(5,5) strides='2'", "conv F=5x5 strides=2"
    parser_input = ParserInput.of(Source("x.net", old)).apply(find_changes(old, new, 0))
    start = parser_input.text.index("strides")
    assert parser_input.span(start, start + len("strides")).text == "strides"
