"""A printed layer reads back as the same layer, for every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specnet.attributes import Attributes, BeforeAfter, Interval, Multiple
from specnet.elaborate.binding import bind_attributes
from specnet.layers import get_layer_class, list_kinds
from specnet.layers.base import Layer
from specnet.printer.values import format_arguments, format_layer, format_value, quote_value
from specnet.settings.augment import Brightness
from specnet.settings.optimizer import Sgd
from specnet.source import Source
from specnet.syntax import tree
from specnet.syntax.expressions import UndefinedName, evaluate
from specnet.syntax.parser import parse

LINES = """
conv K=96 F=11 S=4
conv K=8 F=3x5 S=2x1 P=1x2 D=1x2 G=2 bias=no floor
conv K=8 F=3 P=0:1
conv K=8 F=3 P=[0:1,2]
conv K=8 F=3 P=same
deconv K=6 F=3x4 S=2x3 P=1 OP=1x2 bias=no
filter gaussian_blur S=2 P=1
filter [[1,0],[0,-1]]
filter [[-1.5,0,1.5]]
pool max F=3 S=2 P=1 ceil
pool max F=3 D=2
pool avg F=2 exclude_padding
pool avg to=6x5
pool avg global
fc 4096
fc 10 bias=no
upsample 2
upsample 1.5 nearest_exact
upsample 2x(1.5) bilinear align_corners
upsample to=20x31 bicubic
reshape 4x9x13
reshape 7x7x7
reshape 468
permute WHC
permute CL
map 14
map 14x7
token 0
positions learned
positions sine
attention heads=12
attention heads=4 qkv_bias=no window=7 shift=3 bias=relative
pad 1
pad [0:1,2] reflect
crop to=7x8
crop P=0:1
slice 0..32
slice 0..32 axis=H
shuffle 3
space_to_depth 3
depth_to_space 2
space_to_depth 2 order=WHC
depth_to_space 3 order=HWC
concat crop=center
concat axis=H
add
dropout 0.5
dropout 0.25
drop_path 0.1
bn
bn eps=2e-5 momentum=0.01 affine=no
gn G=16
lrn n=3 alpha=2e-5 k=1
scale init=1e-6
leaky_relu slope=-0.2
times 0.5
gelu approximate=tanh
prelu channelwise init=0.1
""".strip().splitlines()


def read(line: str) -> Layer:
    """The layer that a line says, whatever may arrive there."""
    (chain,), diagnostics = parse(Source("<line>", line))
    assert not diagnostics and isinstance(chain, tree.Chain)
    (call,) = chain.elements
    assert isinstance(call, tree.Call)
    kind = get_layer_class(call.word.text)
    assert kind is not None
    bound = bind_attributes(kind, call.word, call.arguments, nothing)
    assert bound.attributes is not None, [diagnostic.message for diagnostic in bound.diagnostics]
    return bound.attributes


def nothing(name: tree.Name) -> object:
    raise UndefinedName(f"`{name.text}` is no word of the layer", name.span)


@pytest.mark.parametrize("line", LINES)
def test_a_canonical_line_stays_as_it_is(line: str) -> None:
    assert format_layer(read(line)) == line


@pytest.mark.parametrize(
    "line, canonical",
    [
        ("conv 96 F=11x11 S=4 P=0 D=1 bias=yes", "conv K=96 F=11 S=4"),
        ("pool F=3 max", "pool max F=3"),
        ("pool avg to=1", "pool avg global"),
        ("fc K=10", "fc 10"),
        ("pad P=1:1 zeros", "pad 1"),
        ("dropout", "dropout 0.5"),
    ],
)
def test_other_spellings_become_canonical(line: str, canonical: str) -> None:
    assert format_layer(read(line)) == canonical
    assert read(line) == read(canonical)


@pytest.mark.parametrize("kind", [kind for kind in list_kinds() if f"\n{kind} " not in "\n".join(["", *LINES, ""])])
def test_the_other_kinds_are_one_word(kind: str) -> None:
    """A kind that needs values has its line above."""
    assert format_layer(read(kind)) == kind


@pytest.mark.parametrize(
    "setting, text",
    [
        (Sgd(lr=0.1, momentum=0.9, nesterov=True), "lr=0.1 momentum=0.9 nesterov"),
        (Brightness(factor=Interval(0.5, 1.5)), "0.5..1.5"),
        (Sgd(), ""),
    ],
)
def test_settings_are_written_too(setting: Attributes, text: str) -> None:
    assert format_arguments(setting) == text


COUNTS = st.integers(0, 10**12)
NUMBERS = COUNTS | st.floats(0, 1e9).map(lambda number: float(f"{number:.9g}"))
VALUES = st.one_of(
    st.booleans(),
    NUMBERS,
    NUMBERS.map(lambda number: -number),
    st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
    st.sampled_from(["yes", "false", "not", "or", "if", "in", "let", "for", "C"]),
    st.text(st.characters(exclude_characters='"\ufffd', exclude_categories=["C"]), max_size=5),
    st.builds(Interval, NUMBERS, NUMBERS),
    st.tuples(COUNTS, COUNTS).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: BeforeAfter(*pair)),
    st.builds(Multiple, st.integers(1, 1000)),
    st.lists(NUMBERS, min_size=3, max_size=4).map(tuple),
    st.lists(st.lists(NUMBERS, min_size=1, max_size=3), min_size=1, max_size=3),
)


@given(VALUES)
def test_a_printed_value_reads_back(value: object) -> None:
    try:
        (line,), diagnostics = parse(Source("<value>", f"let value = {format_value(value)}"))
    except ValueError:
        raise AssertionError(format_value(value)) from None
    assert not diagnostics and isinstance(line, tree.Let)
    assert evaluate(line.value, lambda name: name.text if isinstance(name, tree.Name) else name) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (10**30, "1e+30"),
        (0.25, "0.25"),
        (True, "yes"),
        ("same", "`same`"),
        ((3, 3), "3x3"),
        (BeforeAfter(0, 1), "0:1"),
        (Interval(0.5, 1.5), "0.5..1.5"),
        (Multiple(64), "64x"),
        ([1], "that"),
    ],
)
def test_messages_quote_values(value: object, text: str) -> None:
    assert quote_value(value) == text
