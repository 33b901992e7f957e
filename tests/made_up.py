"""Networks that the zoo lacks: gates and squeeze-excitation in a U, heads, dense skips, cross-attention of streams."""

from __future__ import annotations

BLOCKS = """block double(K) { conv K=K F=3 P=1 -> bn -> relu -> conv K=K F=3 P=1 -> bn -> relu }
block squeeze(r=8) {
  let width = C
  mul { | identity | pool avg global -> conv K=width//r F=1 -> relu -> conv K=width F=1 -> sigmoid }
}
block gate(x, g, K) {
  mul {
    | @x
    | add { | @x -> conv K=K F=1 -> bn | @g -> conv K=K F=1 -> bn } -> relu -> conv K=1 F=1 -> bn -> sigmoid
  }
}
"""

PLAIN_U = f"""net U
input 128x128x3
{BLOCKS}
down1: double 32 -> @d1
pool max F=2
down2: double 64 -> @d2
pool max F=2
middle: double 128
deconv K=64 F=2 S=2
up2: concat @d2 -> double 64
deconv K=32 F=2 S=2
up1: concat @d1 -> double 32
conv K=4 F=1
"""

HEADED_U = PLAIN_U.replace("up1: concat @d1 -> double 32", "up1: concat @d1 -> double 32 -> @last") + (
    "head edges { @last -> conv K=1 F=1 -> sigmoid }\n"
)

GATED_U = f"""net Gated
input 128x128x3
{BLOCKS}
down1: double 32 -> squeeze -> @d1
pool max F=2
down2: double 64 -> squeeze -> @d2
pool max F=2
down3: double 128 -> squeeze -> @d3
pool max F=2
middle: double 256
up3: deconv K=128 F=2 S=2 -> @u3
gate3: gate @d3 @u3 64
join3: concat @u3 -> double 128 -> @j3
up2: deconv K=64 F=2 S=2 -> @u2
gate2: gate @d2 @u2 32
join2: concat @u2 -> double 64 -> @j2
up1: deconv K=32 F=2 S=2 -> @u1
gate1: gate @d1 @u1 16
join1: concat @u1 -> double 32 -> @j1
head coarse {{ @j3 -> conv K=4 F=1 }}
head middling {{ @j2 -> conv K=4 F=1 -> conv K=2 F=1 }}
head edges {{ @j1 -> conv K=1 F=1 -> sigmoid }}
mask: conv K=4 F=1
"""

DENSE = "net Dense\ninput 32x32x8\n" + "".join(
    f"x{at}: conv K=8 F=3 P=1 -> @x{at}\nconcat {' '.join(f'@x{before}' for before in range(at))}\n"
    if at
    else "x0: conv K=8 F=3 P=1 -> @x0\n"
    for at in range(8)
)

SQUEEZED = f"""net Squeezed
input 64x64x3
{BLOCKS}
block step(K, S=1) {{
  add {{
    | conv K=K F=3 S=S P=1 floor -> bn -> relu -> conv K=K F=3 P=1 -> bn -> squeeze
    | conv K=K F=1 S=S floor -> bn
  }}
  relu
}}
stage1: step 32 -> step 32 -> @s1
head early {{ @s1 -> pool avg global -> fc 10 }}
stage2: step 64 2 -> step 64
stage3: step 128 2 -> step 128
pool avg global
fc 10
"""

RESIDUAL_HEADS = """input 16x16x3
conv K=32 F=3 P=1 -> @t
@t -> attention heads=4 window=4 -> add @t -> conv K=32 F=3 P=1 -> pool avg global -> fc 10
@t -> ln -> attention heads=4 -> add @t -> conv K=8 F=3 P=1 -> conv K=8 F=3 P=1 -> pool avg global -> fc 4
"""

STREAMS = """input left 64x64x3
input right 64x64x3
@left -> conv K=64 F=8 S=8 -> tokens -> @l
@right -> conv K=64 F=8 S=8 -> tokens -> @r
repeat 2 carry @l @r {
  @l -> ln -> @ln_l
  @r -> ln -> @ln_r
  @ln_l -> attention @ln_r heads=4 -> add @l -> @l2
  @ln_r -> attention @ln_l heads=4 -> add @r -> @r2
  @l2 -> ln -> fc 256 -> gelu -> fc 64 -> add @l2 -> @l
  @r2 -> ln -> fc 256 -> gelu -> fc 64 -> add @r2 -> @r
}
concat @l @r axis=L -> pool avg global -> fc 10
"""

LONG_RESIDUAL = "input 16x16x3\nconv K=32 F=3 P=1\n" + (
    "add { | ln -> attention heads=4 window=4 | identity }\nadd { | conv K=32 F=3 P=1 | identity }\n" * 9
)

MADE_UP = {
    "plain-u": PLAIN_U,
    "headed-u": HEADED_U,
    "gated-u": GATED_U,
    "dense": DENSE,
    "squeezed": SQUEEZED,
    "residual-heads": RESIDUAL_HEADS,
    "streams": STREAMS,
    "long-residual": LONG_RESIDUAL,
}
