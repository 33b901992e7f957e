"""Generated source of networks of tokens: methods of tensors, widths that follow from the channels, shapes."""

from __future__ import annotations

import pytest
from same_modules import assert_same

from specnet.backends.torch_source import generate_source
from specnet.compiler import check_source
from specnet.elaborate.formulas import find_formulas
from specnet.source import Source

TRANSFORMER = """
input 8x8x3
block encoder(heads, i) {
  add { | ln -> attention heads=heads | identity }
  add { | ln -> fc 4*C -> gelu -> fc @in.C -> drop_path i/8 | identity }
}
conv K=8 F=2 S=2 -> tokens -> class_token -> positions learned
repeat i in 0..2 { encoder heads=2 i=i }
fc 16
repeat i in 2..4 { encoder heads=4 i=i }
ln eps=1e-6 -> token 0 -> fc 3
"""

SWIN = """
input 8x8x4
block swin(heads) {
  add { | ln -> attention heads=heads window=4 shift=2 bias=relative | identity }
  add { | ln -> conv K=4*C F=1 -> gelu -> conv K=@in.C F=1 | identity }
}
swin heads=2
space_to_depth 2 -> conv K=8 F=1
swin heads=4
fc 2
"""


DEEPER = """
input 8x8x4
block path(i) { conv K=4 F=1 -> relu -> drop_path i/8 }
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRANSFORMER, "x = x.flatten(2).transpose(1, 2)  # 16×8"),
        (TRANSFORMER, "x = x[:, 0]\n"),
        (TRANSFORMER, "nn.LayerNorm(16, eps=1e-6)"),
        (TRANSFORMER, "self.class_token1 = ClassToken(8)  # 17×8"),
        (TRANSFORMER, "def __init__(self, in_channels, heads, index):"),
        (TRANSFORMER, "nn.Linear(in_channels, 4 * in_channels)"),
        (TRANSFORMER, "nn.Linear(4 * in_channels, in_channels)"),
        (SWIN, "nn.Conv2d(in_channels, 4 * in_channels, 1)"),
        (f"{DEEPER}repeat i in 3 {{ path i }}", "*[Path(i) for i in range(3)]"),
        (f"{DEEPER}repeat i in 3 {{ path 2*i }}", "*[Path(2 * i) for i in range(3)]"),
        (f"{DEEPER}repeat i in 1..4 {{ path i }}", "*[Path(1 + i) for i in range(3)]"),
        (SWIN, "self.fc1(x.flatten(1))"),
        ("input 8x8x4\nadd { | conv K=4 F=1 | identity } -> times 0.5 -> relu -> fc 2", "F.relu(0.5 * (y + x))"),
        ("input 8x8x4\nblock b(K, by) { conv K=K F=1 -> times by*2 }\nb 4 0.1\nb 5 0.3", "self.factor * self.conv1(x)"),
        ("input 16x6\npool avg global -> fc 2", "x.mean(1)"),
        ("input 16x6\npool max global -> fc 2", "x.amax(1)"),
        ("input 4x6x8\ntokens -> slice 2..6 axis=L -> fc 2", "x.narrow(1, 2, 4)"),
        ("input 4x6x8\ntokens -> map 4x6 -> relu -> fc 2", "x.transpose(1, 2).unflatten(2, (4, 6))"),
        ("input 4x6x8\nreshape 8x6x4 -> relu -> fc 2", "x.reshape(-1, 4, 8, 6)"),
        ("input 4x6x8\npermute WHC -> relu -> fc 2", "x.permute(0, 1, 3, 2)"),
        ("input 4x6x8\nadd { | conv K=8 F=1 | identity } -> softmax groups=2 -> fc 2", "(y + x).unflatten(1, (2, -1))"),
        ("input 16x6\nblock b(n) { fc 8 -> token n -> reshape 4x2 }\nb 3\nb 1\nfc 2", "x[:, self.n]"),
    ],
)
def test_source_reads_as_a_person_writes_it(text: str, expected: str) -> None:
    checked = check_source(Source("<text>", text))
    assert checked.ok
    formulas = find_formulas(checked.elaborated)
    assert expected in generate_source(checked.network, "", formulas)
    assert_same(checked.network, formulas)
