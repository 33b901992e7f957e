"""Generated source: it reads as a person would have written it, and is the in-memory module to the last bit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from runpy import run_path

import pytest
import torch
from paths import ROOT, SPECS
from same_modules import assert_same, network, written
from source_specs import INCEPTION, RESIDUAL, STREAMS
from zoo_sample import EVERY, sample

from specnet.backends.torch_module import build_module
from specnet.backends.torch_source import generate_source
from specnet.backends.torch_source.calls import MODULE_FILES
from specnet.compiler import Checked, check_source
from specnet.elaborate.formulas import Formulas, find_formulas
from specnet.graph import Network
from specnet.layers.base import order_as_torch
from specnet.package import read_package_text
from specnet.source import Source

ZOO = sorted(file.stem for file in SPECS.glob("*.net"))

SMALL = {
    "residual": RESIDUAL,
    "inception": INCEPTION,
    "streams": STREAMS,
    "a carried value that nothing reads behind the loop": """
input 6x6x3
conv K=4 F=1 -> @a
conv K=4 F=3 P=1 -> @b
repeat 3 carry @a @b { @b -> conv K=4 F=1 -> add @a -> @c
@a -> conv K=4 F=1 -> add @b -> @b
@c -> relu -> @a }
@b -> fc 2
""",
    "a carried value that is read on, beside one from outside": """
input 6x6x3
conv K=4 F=1 -> @out
conv K=4 F=3 P=1 -> @a
conv K=4 F=3 P=1 -> @b
repeat 3 carry @a @b { @out -> conv K=4 F=1 -> mul @b -> @c
@a -> conv K=4 F=1 -> add @c -> @a
@c -> bn -> @b }
@a -> concat @b @out
""",
    "a carried value that starts where another does": """
input 6x6x3
conv K=4 F=1 -> @a
identity -> @b
for K in 2 3 carry @a @b { @b -> conv K=K F=1 -> concat @a -> @c
@a -> conv K=K F=1 -> @a
@c -> relu -> @b }
@a -> concat @b
""",
    "arms of loops": """
input 6x6x3
block arms(n) { add { | repeat n { | conv K=4 F=1 -> bn } | conv K=4 F=3 P=1 } }
arms 3 -> arms 2 -> arms 1 -> arms 0
concat { | for F in 1 3 { | conv K=2 F=F P=same | relu } }
concat { | for K in 2 3 4 { | repeat 2 { conv K=K F=1 -> relu } } }
""",
    "given layers with weights": """
input 6x6x3
block unit(K, act={ relu }, norm={ bn }) { conv K=K F=3 P=1 -> norm -> act -> conv K=K F=1 -> act }
unit 4 -> unit 4 act={ prelu } -> unit 4 act={ silu -> dropout 0.2 } norm={ } -> unit 4 norm={ conv K=C F=1 G=C -> bn }
repeat 2 { unit 4 act={ prelu } }
""",
    "pre-activation": """
input 16x16x4
block unit(K) {
  if C == K { add { | bn -> relu -> conv K=K F=3 P=1 -> bn -> relu -> conv K=K F=3 P=1 | identity } }
  else { bn -> relu -> add { | conv K=K F=3 S=2 P=1 -> bn -> relu -> conv K=K F=3 P=1 | conv K=K F=1 S=2 } }
}
unit 4
unit 8
unit 8
unit 16
fc 3
""".replace("}\n  else", "} else"),
    "growing": """
input 8x8x4
block dense_layer(k=2) { concat { | identity | bn -> relu -> conv K=4*k F=1 -> bn -> relu -> conv K=k F=3 P=1 } }
block transition() { bn -> relu -> conv K=C//2 F=1 -> pool avg F=2 }
repeat 6 { dense_layer }
transition
repeat 4 { dense_layer }
fc 3
""",
    "stages of different lengths": """
input 16x16x3
block basic(K, S=1) { add { | conv K=K F=3 S=S P=1 -> bn -> relu -> conv K=K F=3 P=1 -> bn
                            | identity or { conv K=K F=1 S=S -> bn } } -> relu }
block stage(K, n, S=2) { basic K S=S
  repeat (n - 1) { basic K } }
stage 4 2 S=1
stage 8 4
stage 16 3
fc 3
""",
    "optional parts": """
input 16x16x4
block squeeze(r=4) { let width = C
  mul { | identity | pool avg global -> conv K=width//r F=1 -> relu -> conv K=width F=1 -> sigmoid } }
block inverted(K, t, S=1, se=yes, hs=no) {
  let width = C * t
  let shortcut = S == 1 and C == K
  conv K=C F=1 -> @start
  conv K=width F=1 -> bn
  if hs { hard_swish } else { relu }
  conv K=width F=3 S=S P=1 G=width -> bn
  if se { squeeze }
  conv K=K F=1 -> bn
  if shortcut { add @start }
}
inverted 4 2
inverted 8 3 S=2
inverted 8 3 se=no hs=yes
inverted 8 2 hs=yes
inverted 12 2 se=no
fc 3
""",
    "numbers in functions": """
input 32x32x3
block down(K, F, p) { conv K=K F=3 P=1 -> leaky_relu slope=0.1*F -> dropout p
  pool max F=F S=2 P=F//2 }
down 4 3 0.1
down 8 5 0.2
down 8 3 0.2
fc 3
""",
    "skips": """
input 32x32x1
block double(K) { conv K=K F=3 -> relu -> conv K=K F=3 -> relu }
block up(K, skip) { deconv K=K F=2 S=2 -> concat skip crop=center -> double K }
double 4 -> @e1
pool max F=2
double 8 -> @e2
pool max F=2
conv K=16 F=1
up 8 @e2
deconv K=4 F=2 S=2 -> concat @e1 crop=center -> conv K=4 F=3
fc 2
""",
    "skips into repetitions": """
input 10x10x4
stem: conv K=4 F=3 P=1
conv K=4 F=1
repeat 3 { conv K=4 F=3 P=1 -> add @stem -> relu }
@stem -> repeat 2 { conv K=4 F=3 P=1 -> add @stem }
fc 3
""",
    "heads in repetitions": """
input 10x10x4
repeat 3 { conv K=4 F=3 P=1
  head h { fc 2 }
  relu }
fc 3
""",
    "repetitions that begin late": """
input 10x10x4
repeat i in 0..4 { if i > 1 { conv K=4 F=3 P=1 -> relu } }
fc 3
""",
    "loops": """
input 16x16x3
for K in 4 8 16 { repeat 2 { conv K=K F=3 P=1 -> relu }
  pool max F=2 }
fc 3
""",
    "shared": """
input left 12x12x1
input right 12x12x1
block tower(K) { conv K=K F=3 -> bn -> relu -> conv K=2*K F=3 -> relu -> fc 8 }
@left
both: tower 4
@right -> same both -> add @both
line: fc 8 -> bn -> relu
same line
fc 1
""",
    "shared in pieces": """
input left 8x8x2
input right 8x8x2
@left
piece: conv K=4 F=3 P=1 -> repeat 2 { conv K=4 F=1 -> relu } -> conv K=2 F=1
@right -> same piece -> mul @piece
fc 1
""",
    "dead branch": """
input 10x10x4
conv K=4 F=3 -> @a
conv K=9 F=3 -> relu
@a -> conv K=2 F=3
fc 3
""",
    "nothing": "input 8\nidentity\n",
    "all kinds": """
net "3 kinds of \\ all" "a description that says more than fits on one line of source, so that it must be wrapped: \\"
input 16x16x8
conv K=8 F=3 P=same S=2 -> prelu -> gn G=4 -> ln -> instance_norm -> scale -> drop_path 0.3
upsample 2 -> pad 1 -> conv K=16 F=3 -> elu -> selu -> gelu -> silu -> mish -> tanh -> hard_sigmoid
leaky_relu slope=0.2 -> shuffle G=4 -> space_to_depth 2 -> depth_to_space 2 -> filter sobel_x -> slice 0..8
lrn -> pool avg F=3 S=2 P=same -> deconv K=4 F=3 S=2 P=same -> permute WHC -> flatten -> bn -> softmax
""",
    "loops that are left out": """
input 8x8x4
block b(more) { conv K=4 F=1 -> @t
  conv K=4 F=3 P=1 -> relu -> bn
  if more { repeat 2 { conv K=4 F=3 P=1 -> add @t } } }
b yes
b no
fc 2
""",
    "awkward names": """
net DropPath
input 8x8x4
block __b(__k, i, super) { conv K=__k F=1 -> relu -> conv K=i F=1 -> conv K=super F=1 -> drop_path 0.1 }
block pooled(training) { conv K=4 F=1 -> pool max F=training S=1 P=training//2 -> leaky_relu slope=training }
pooled 3
pooled 5
__x: conv K=4 F=1
F: conv K=4 F=1
nn: conv K=4 F=1 -> @skip
torch: __b 2 3 4
x: __b 3 4 4
__b 4 5 4
projection: conv K=4 F=1
add @skip
fc 2
""",
}


@pytest.mark.parametrize("name", SMALL)
def test_same_module(name: str) -> None:
    assert_same(network(SMALL[name]))


@pytest.mark.parametrize(
    "name",
    ["repeats", "increment", "activation", "in_channels", "in_features", "filters", "stride", "value", "self", "i"],
)
def test_a_parameter_with_a_name_of_the_source_is_itself(name: str) -> None:
    text = f"""
input 8x8x2
block down(k, {name}=1) {{ conv K=k F=3 P=1 S={name} -> relu }}
block several(n, {name}) {{ repeat n {{ conv K={name} F=1 -> relu }} }}
down 3 -> down 3 2 -> down 4
several 2 4 -> several 3 5
repeat 3 {{ down 5 1 }}
fc 2
"""
    assert_same(network(text))


@cache
def rows() -> dict[str, list[str]]:
    """The specs of the conformance table, by kind of layer."""
    table: dict[str, list[str]] = run_path(str(ROOT / "tests" / "layers" / "test_conformance.py"))["ROWS"]
    return table


@pytest.mark.parametrize("kind", rows())
def test_every_kind(kind: str) -> None:
    for text in rows()[kind]:
        assert_same(network(text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alexnet.py.txt", (SPECS / "alexnet.net").read_text(encoding="utf-8")),
        ("small-resnet.py.txt", RESIDUAL),
        ("small-inception.py.txt", INCEPTION),
        ("small-streams.py.txt", STREAMS),
    ],
)
def test_golden(name: str, text: str, golden: Callable[[str, str], None]) -> None:
    golden(name, generate_source(network(text), name.replace(".py.txt", ".net")))


# The zoo


@cache
def check_zoo(name: str) -> Checked:
    file = SPECS / f"{name}.net"
    checked = check_source(Source(str(file), file.read_text(encoding="utf-8")))
    assert checked.ok
    return checked


def of_zoo(name: str) -> tuple[Network, Formulas]:
    checked = check_zoo(name)
    return checked.network, find_formulas(checked.elaborated)


def write_zoo(name: str) -> str:
    built, formulas = of_zoo(name)
    return generate_source(built, "", formulas)


@pytest.mark.parametrize("name", sample(ZOO))
def test_names_and_shapes_of_the_zoo(name: str) -> None:
    built, formulas = of_zoo(name)
    with torch.device("meta"):
        in_memory, generated = build_module(built), written(built, formulas)().eval()
        result = generated(*(torch.zeros(1, *order_as_torch(i.shape)) for i in built.inputs))
    shapes = [{key: value.shape for key, value in module.state_dict().items()} for module in (in_memory, generated)]
    assert shapes[0] == shapes[1]
    first = result[0] if isinstance(result, tuple) else result
    ours = built.shapes[built.outputs[0]] or ()
    assert tuple(first.shape[1:]) == order_as_torch(ours)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "resnet18" else pytest.mark.slow) for name in ZOO]
)
def test_same_module_of_the_zoo(name: str) -> None:
    assert_same(*of_zoo(name))


@pytest.mark.parametrize(
    ("name", "lines"),
    [("resnet50", 110), ("resnet152", 110), ("googlenet", 110), ("densenet121", 90), ("unet", 110), ("vgg19", 70)],
)
def test_length(name: str, lines: int) -> None:
    assert len(write_zoo(name).splitlines()) <= lines


def test_tidiness(tmp_path: Path) -> None:
    of_specs = {name: generate_source(network(text)) for name, text in SMALL.items()}
    for name, text in {**{name: write_zoo(name) for name in ZOO[::EVERY]}, **of_specs}.items():
        (tmp_path / f"{name.replace(' ', '_').replace('-', '_')}.py").write_text(text, encoding="utf-8")
    for file in MODULE_FILES:
        (tmp_path / Path(file).name).write_text(read_package_text(file), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    formatted = subprocess.run([*ruff, "format", "--isolated", "--check", "--line-length=100", tmp_path], check=False)
    checked = subprocess.run([*ruff, "check", "--isolated", "--select=F,E4,E7,E9,I,W", tmp_path], check=False)
    assert (formatted.returncode, checked.returncode) == (0, 0)


def test_a_file_of_blocks_has_no_module() -> None:
    blocks = check_source(Source("<text>", "block b { relu }")).network
    for build in (generate_source, build_module):
        with pytest.raises(ValueError, match="there are no layers"):
            build(blocks)
