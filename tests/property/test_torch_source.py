"""Generated source of random specs: blocks in blocks, given layers, carried values, arms, taps, heads, shared lines."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from same_modules import assert_same

from specnet.compiler import check_source
from specnet.elaborate.formulas import find_formulas
from specnet.source import Source


class Writer:
    """Writes random specs."""

    BLOCKS = (
        """block NAME(K, flag) {
  add { | conv K=K F=3 P=1 -> bn -> relu -> conv K=K F=1
        | identity or { conv K=K F=1 } } }""",
        """block NAME(K, flag) { conv K=2*C F=1 -> relu -> conv K=K F=3 P=1 -> @a
  if flag == 1 { mul { | identity | pool avg global -> conv K=max(1, C//2) F=1 -> relu -> conv K=K F=1 -> sigmoid } }
  conv K=K F=1
  if flag == 0 { add @a } }""",
        """block NAME(K, flag) { conv K=4 F=1 -> @t
  repeat (1+flag*2) { conv K=K F=3 P=1 -> concat @t -> conv K=K F=1 } }""",
        """block NAME(K, flag, act={ relu }) { conv K=K F=3 P=1 -> bn -> act -> @t
  add { | identity | conv K=K F=1 -> act | if flag == 1 { | for F in 1 3 { | conv K=K F=F P=same -> act } } }
  concat @in }""",
    )

    def __init__(self, random: Random) -> None:
        self.random, self.count = random, 0
        self.blocks = [f"{random.choice(self.BLOCKS)}".replace("NAME", f"b{n}_") for n in range(random.randint(0, 2))]
        if random.random() < 0.5:
            self.blocks.append(f"block b{len(self.blocks)}_(K, flag) {{\n{self.lines(2, ('2*K', 'K'))}\n}}")

    def spec(self) -> str:
        inputs = self.random.choice(["input 6x6x3", "input left 6x6x3\ninput right 6x6x3\n@left"])
        return "\n".join(["net Random", *self.blocks, inputs, self.lines(3), "conv K=2 F=1", "fc 3"])

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}_"

    def conv(self, widths: tuple[str, ...] = ("2", "4")) -> str:
        before = self.random.choice(["", "", "bn -> relu -> "])
        size = self.random.choice(["F=1", "F=3 P=1", "F=3 P=1 bias=no", "F=2 P=same"])
        after = self.random.choice(["", " -> relu", " -> bn -> relu", " -> dropout 0.3", " -> leaky_relu slope=0.2"])
        return f"{before}conv K=({self.random.choice(widths)}) {size}{after}"

    def lines(self, depth: int, widths: tuple[str, ...] = ("2", "4"), taps: tuple[str, ...] = ()) -> str:
        lines = []
        for _ in range(self.random.randint(1, 4)):
            kinds = [self.plain, self.plain, self.call, self.shared, self.skip, self.head]
            kinds += [self.repetition, self.join, self.join, self.carrying, self.arms] if depth else []
            lines.append(self.random.choice(kinds)(depth, widths, taps))
            if lines[-1].endswith("_") and "-> @" in lines[-1]:
                taps = (*taps, lines[-1].rpartition("@")[2])
        return "\n".join(lines)

    def plain(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        return self.conv(widths) + self.random.choice(["", f" -> @{self.name('t')}"])

    def call(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        made = [block.partition("(")[0].removeprefix("block ") for block in getattr(self, "blocks", [])]
        label = self.random.choice(["", f"{self.name('s')}: "])
        choice = self.random.choice(made) if made else ""
        if not made:
            return self.conv(widths)
        takes_layers = any(block.startswith(f"block {choice}(K, flag, act=") for block in self.blocks)
        layers = ["", " act={ silu }", " act={ }", " act={ prelu -> dropout 0.2 }"] if takes_layers else [""]
        return f"{label}{choice} {self.random.randint(2, 4)} {self.random.randint(0, 1)}{self.random.choice(layers)}"

    def carrying(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        one, other = self.name("t"), self.name("t")
        head = self.random.choice([f"repeat {self.random.randint(0, 3)}", "for n in 2 3", "repeat n in 0..2"])
        width = "n" if "for" in head else self.random.choice(widths)
        before = "2" if "for" in head else width
        size = self.random.choice(["pool max F=3 S=1 P=1", "conv K=C F=1"])
        end = self.random.choice(["relu", f"concat @{other} -> {self.conv((width,))}"])
        last = self.random.choice([f"@{one} -> concat @{other}", f"@{one} -> relu", f"@{other} -> concat @{one}"])
        return f"""conv K=({before}) F=1 -> @{one}
{self.conv((before,))} -> @{other}
{head} carry @{one} @{other} {{
  @{one} -> {size} -> upsample like=@{other} -> concat @{other} -> conv K=({width}) F=1 -> @new_
  @{other} -> {self.conv((width,))} -> @{other}
  @new_ -> {end} -> @{one}
}}
{last}"""

    def arms(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        arm = f"{self.lines(depth - 1, widths, taps)}\n{self.conv(('4',))}"
        return self.random.choice(
            [
                f"concat {{ | for F in 1 3 5 {{ | conv K=2 F=F P=same -> relu }} | {arm} }}",
                f"add {{ | repeat {self.random.randint(0, 3)} {{ | {arm} }} | {self.conv(('4',))} }}",
                f"add {{ | {self.conv(('4',))} | if C == 4 {{ | bn }} else {{ | {arm} }} }}",
            ]
        )

    def shared(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        label = self.name("l")
        return f"{label}: conv K=C F=3 P=1 -> relu\nsame {label}"

    def skip(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        return f"concat @{self.random.choice(taps)} -> conv K=4 F=1" if taps else "identity"

    def head(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        return f"head {self.name('h')} {{ {self.conv(widths)} -> fc 2 }}"

    def repetition(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        word = self.random.choice([f"repeat {self.random.randint(1, 4)}", "for n in 2 3 4", "repeat n in 0..3"])
        label = self.random.choice(["", f"{self.name('r')}: "])
        return f"{label}{word} {{\n{self.lines(depth - 1, (*widths, '2*n') if 'n in 2' in word else widths, taps)}\n}}"

    def join(self, depth: int, widths: tuple[str, ...], taps: tuple[str, ...]) -> str:
        arm = f"{self.lines(depth - 1, widths, taps)}\n{self.conv(('4',))}"
        return self.random.choice(
            [
                f"add {{ | {arm}\n | identity or {{ conv K=4 F=1 -> bn }} }} -> relu",
                f"add {{ | {arm}\n | {self.conv(('4',))} }}",
                f"concat {{ | {self.conv()}\n | {arm}\n | identity }} -> conv K=4 F=1",
                "mul { | identity | pool avg global -> conv K=C F=1 -> sigmoid }",
                "mul { | identity | pool avg F=1x(W) -> conv K=C F=1 -> sigmoid | pool avg F=(H)x1 -> sigmoid }",
                f"sub {{ | identity | {arm} }}",
                f"maximum {{ | {arm}\n | identity | {self.conv(('4',))} }}",
                "concat { | relu | identity } -> softmax groups=2 -> add { | slice 0..4 | slice 4..8 }",
            ]
        )


def assert_random_structure(random: Random) -> None:
    checked = check_source(Source("<text>", Writer(random).spec()))
    assume(checked.ok and len(checked.network.nodes) < 150)
    assert_same(checked.network, find_formulas(checked.elaborated))


EXAMPLES = settings(max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(st.randoms(use_true_random=False))
def test_random_structures(random: Random) -> None:
    assert_random_structure(random)


@pytest.mark.slow
@settings(EXAMPLES, max_examples=300)
@given(st.randoms(use_true_random=False))
def test_many_random_structures(random: Random) -> None:
    assert_random_structure(random)
